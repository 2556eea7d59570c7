"""The servers behind an endpoint: one process per production variant, which stands for all of its instances."""

import random
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cookiecutter_mlops.localaws import faults, runtime
from cookiecutter_mlops.localaws.iam import acting
from cookiecutter_mlops.localaws.sagemaker import roles
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure
from cookiecutter_mlops.localaws.sagemaker.kinds import MODEL
from cookiecutter_mlops.localaws.sagemaker.servers import INVOCATION_SECONDS, Server


class Fleet:
    """The servers of one endpoint configuration: all of its variants, or none of them."""

    def __init__(self, backend: Operations, endpoint: str, config: dict[str, Any]) -> None:
        self.backend, self.endpoint = backend, endpoint
        self.variants = {variant["VariantName"]: variant for variant in config["ProductionVariants"]}
        self.capture = config.get("DataCaptureConfig") or {}
        self.servers: dict[str, Server] = {}
        self._returned = threading.Event()  # those of a snapshot take their time
        self._returned.set()
        self._names: list[str] = []  # of the variants that had one
        # The model may be deleted while it serves, as on AWS; its role is still acted with.
        self.model = backend.documents.find(MODEL, next(iter(self.variants.values())))

    def __getstate__(self) -> dict[str, Any]:
        """Keep which variants have servers; the servers themselves end with the embedded AWS."""
        names = self._names if not self._returned.is_set() else list(self.servers)
        return vars(self) | {"servers": {}, "_returned": threading.Event(), "_names": names}

    @property
    def instance_types(self) -> list[str]:
        return [variant["InstanceType"] for variant in self.variants.values() if "InstanceType" in variant]

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Act with the role of the endpoint's model: to read requests, and to write answers and captures."""
        session = roles.assume(self.backend, self.model.get("ExecutionRoleArn", ""), self.model["ModelArn"])
        try:
            with acting.acting(session):
                yield
        finally:
            session.end()

    def start(self) -> None:
        """Start a server per variant and wait until all are healthy; leave nothing behind otherwise."""
        self._start(list(self.variants))

    def start_again(self) -> None:
        """Start the servers that there were when a snapshot was taken; whoever asks for one waits until they answer."""
        try:
            self._start(self._names)
        finally:
            self._returned.set()

    def _start(self, names: list[str]) -> None:
        try:
            for name in names:
                self.servers[name] = self._server(name)
            for name, server in self.servers.items():
                self._wait(name, server)
        except BaseException:
            self.stop()
            raise

    def resize(self, name: str, instances: int) -> None:
        """Keep a server for a variant exactly while it has instances."""
        if not instances and name in self.servers:
            server = self.servers.pop(name)
            server.drain()
            server.stop()
        elif instances and name not in self.servers:
            server = self._server(name)
            self._wait(name, server)
            self.servers[name] = server

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
        self._returned.wait(INVOCATION_SECONDS)
        names = list(self.servers)
        if target or not names:
            return self.servers.get(target or "")
        return self.servers.get(random.choices(names, [weights.get(name, 1.0) for name in names])[0])  # noqa: S311

    def _server(self, variant: str) -> Server:
        group, stream = f"/aws/sagemaker/Endpoints/{self.endpoint}", f"{variant}/i-{uuid.uuid4().hex[:17]}"
        may_log = True

        def log(text: str) -> None:
            if may_log:
                runtime.write_log(self.backend.account_id, self.backend.region_name, group, stream, [text])

        model = self.variants[variant]["ModelName"]
        server = Server(self.backend, model, variant, f"{self.endpoint}-{variant}", log)
        with acting.acting(server.session):
            may_log = roles.may_log(self.backend, group, stream)
            roles.report("/aws/sagemaker/Endpoints")
        return server

    def _wait(self, name: str, server: Server) -> None:
        seconds = self.variants[name].get("ContainerStartupHealthCheckTimeoutInSeconds", 600)
        if not server.is_healthy(seconds):
            server.stop()
            raise ContainerFailure(
                f"The primary container for production variant {name} did not pass the ping health check. Please "
                "check CloudWatch logs for this endpoint."
            )
        server.keep_alive()
        if fault := faults.take("kill", self.endpoint):
            threading.Timer(fault.after, runtime.kill, [server.process]).start()
