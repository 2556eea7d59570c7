"""The processes behind an endpoint: one server per production variant, started from model.tar.gz and the image."""

import http.client
import random
import time
import uuid
from contextlib import suppress
from typing import Any

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.sagemaker import storage
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.container import Container
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure
from cookiecutter_mlops.localaws.sagemaker.kinds import MODEL

INVOCATION_SECONDS = 60
ASYNC_INVOCATION_SECONDS = 3600


class Server:
    """One container that serves one variant of an endpoint."""

    def __init__(self, backend: Operations, endpoint: str, variant: dict[str, Any]) -> None:
        self.backend, self.endpoint, self.variant = backend, endpoint, variant
        self._open: set[http.client.HTTPConnection] = set()
        self.port, self.stream = runtime.free_port(), f"{variant['VariantName']}/i-{uuid.uuid4().hex[:17]}"
        model = backend.documents.get(MODEL, variant["ModelName"])
        self.source = backend.container_of(variant["ModelName"])
        name = f"{endpoint}-{variant['VariantName']}-{uuid.uuid4().hex[:8]}"
        self.container = self._container(name, bool(model.get("EnableNetworkIsolation")))
        self._start()

    def wait_until_healthy(self) -> None:
        """Return when GET /ping answers 200; give up when the program ends or its time is over."""
        limit = time.monotonic() + self.variant.get("ContainerStartupHealthCheckTimeoutInSeconds", 600)
        while self.process.poll() is None and time.monotonic() < limit:
            with suppress(OSError, http.client.HTTPException):
                if self.request("GET", "/ping", timeout=2)[0] == 200:
                    return
            time.sleep(0.1)
        raise ContainerFailure(
            f"The primary container for production variant {self.variant['VariantName']} did not pass the ping health "
            "check. Please check CloudWatch logs for this endpoint."
        )

    def request(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, timeout: float = 60
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request to the container and return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        self._open.add(connection)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()
            self._open.discard(connection)

    def drain(self) -> None:
        """Wait until every request that was sent is answered, as long as an invocation may take."""
        limit = time.monotonic() + INVOCATION_SECONDS
        while self._open and time.monotonic() < limit:
            time.sleep(0.05)

    def stop(self) -> None:
        runtime.stop(self.process, grace=2)
        self.container.remove()

    def _container(self, name: str, isolated: bool) -> Container:
        backend = self.backend
        try:
            box = Container(
                name, self.source["Image"], account=backend.account_id, region=backend.region_name, isolated=isolated
            )
            self._fetch_model(box)
        except AwsError as error:
            raise ContainerFailure(str(error)) from error
        return box

    def _fetch_model(self, box: Container) -> None:
        account, folder = self.backend.account_id, box.folder("/opt/ml/model")
        source = (self.source.get("ModelDataSource") or {}).get("S3DataSource", {})
        address = self.source.get("ModelDataUrl") or source.get("S3Uri")
        if source.get("CompressionType") == "None":
            storage.download(account, address, folder)
        elif address:
            storage.download_archive(account, address, folder)

    def _start(self) -> None:
        environment = {"SAGEMAKER_BIND_TO_PORT": str(self.port)} | self.source.get("Environment", {})
        self.process = self.container.start(["serve"], environment, self._line)

    def _line(self, text: str) -> None:
        backend, group = self.backend, f"/aws/sagemaker/Endpoints/{self.endpoint}"
        runtime.write_log(backend.account_id, backend.region_name, group, self.stream, [text])


class Fleet:
    """The servers of one endpoint configuration: all of its variants, or none of them."""

    def __init__(self, backend: Operations, endpoint: str, config: dict[str, Any]) -> None:
        self.backend, self.endpoint, self.variants = backend, endpoint, config["ProductionVariants"]
        self.capture = config.get("DataCaptureConfig") or {}
        self.servers: dict[str, Server] = {}

    def start(self) -> None:
        """Start a server per variant and wait until all are healthy; leave nothing behind otherwise."""
        try:
            for variant in self.variants:
                self.servers[variant["VariantName"]] = Server(self.backend, self.endpoint, variant)
            for server in self.servers.values():
                server.wait_until_healthy()
        except BaseException:
            self.stop()
            raise

    def retire(self) -> None:
        """Stop after the last answer; nothing new may be sent any more."""
        for server in self.servers.values():
            server.drain()
        self.stop()

    def stop(self) -> None:
        for server in self.servers.values():
            server.stop()

    def choose(self, weights: dict[str, float], target: str | None = None) -> Server | None:
        """Return the server of the wanted variant, or of one drawn by the variants' weights."""
        if target:
            return self.servers.get(target)
        names = list(self.servers)
        return self.servers[random.choices(names, [weights.get(name, 1.0) for name in names])[0]]  # noqa: S311
