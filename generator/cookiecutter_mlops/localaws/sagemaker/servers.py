"""The process that serves a model, for an endpoint's variant or a transform job: `serve` of the container contract."""

import http.client
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.iam import acting
from cookiecutter_mlops.localaws.sagemaker import roles, storage
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.container import Container
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure
from cookiecutter_mlops.localaws.sagemaker.kinds import MODEL

INVOCATION_SECONDS = 60
ASYNC_INVOCATION_SECONDS = 3600
_RESTART_SECONDS = 1


class Server:
    """One container that serves one model; `name` is the variant or the job that it works for, `log` gets its lines."""

    def __init__(
        self, backend: Operations, model: str, name: str, folder: str, log: Callable[[str], object], **settings: str
    ) -> None:
        self.backend, self.name, self.log, self.settings = backend, name, log, settings
        self._open: set[http.client.HTTPConnection] = set()
        self._stopped = threading.Event()
        self.source = backend.container_of(model)
        self.session = roles.of_model(backend, model)
        isolated = bool(backend.documents.get(MODEL, model).get("EnableNetworkIsolation"))
        self.container = self._container(f"{folder}-{uuid.uuid4().hex[:8]}", isolated)
        self._start()

    def is_healthy(self, seconds: float = 600) -> bool:
        """Wait until GET /ping answers 200; give up when the program ends or its time is over."""
        limit = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < limit:
            with suppress(OSError, http.client.HTTPException):
                if self.request("GET", "/ping", timeout=2)[0] == 200:
                    return True
            time.sleep(0.1)
        return False

    def keep_alive(self) -> None:
        """Start the program again whenever it ends by itself, as SageMaker does with a container that serves."""
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.process.wait()
            if self._stopped.wait(_RESTART_SECONDS):
                return
            self._start()

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
        self._stopped.set()
        runtime.stop(self.process, grace=2)
        self.process.reader.join(10)  # type: ignore[attr-defined]  # its last lines say why it ended
        self.session.end()
        self.container.remove()

    def _container(self, name: str, isolated: bool) -> Container:
        backend = self.backend
        try:
            with acting.acting(self.session):
                roles.check_image(self.source["Image"])
                box = Container(
                    name,
                    self.source["Image"],
                    account=backend.account_id,
                    region=backend.region_name,
                    credentials=self.session.environment(),
                    isolated=isolated,
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
            if not storage.download(account, address, folder):
                raise storage.missing(address)
        elif address:
            storage.download_archive(account, address, folder)

    def _start(self) -> None:
        self.port = runtime.free_port()  # as late as can be: nobody keeps it free
        environment = {"SAGEMAKER_BIND_TO_PORT": str(self.port)} | self.source.get("Environment", {}) | self.settings
        self.process = self.container.start(["serve"], environment, self.log, port=self.port)
