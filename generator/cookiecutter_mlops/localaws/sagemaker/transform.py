"""CreateTransformJob for real: the model's server answers every record of the input files, into `<file>.out`."""

import http.client
import math
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cookiecutter_mlops.localaws import clock, runtime
from cookiecutter_mlops.localaws.sagemaker import records, storage
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure
from cookiecutter_mlops.localaws.sagemaker.jobs import GRACE_SECONDS, Job
from cookiecutter_mlops.localaws.sagemaker.kinds import MODEL
from cookiecutter_mlops.localaws.sagemaker.servers import Server

_MEGABYTE = 1024 * 1024


class Refused(Exception):
    """The model did not answer a mini-batch with 200; the text goes to the job's data log."""


class TransformJob(Job):
    """A model's server that is asked about every record of a prefix or manifest."""

    noun = "TransformJob"

    def __init__(self, backend: Operations, document: dict[str, Any]) -> None:
        self.input, self.output = document["TransformInput"], document["TransformOutput"]
        self.limit = document.get("MaxPayloadInMB", 6) * _MEGABYTE or math.inf
        self.workers = document.get("MaxConcurrentTransforms") or 1
        output_type = self.output.get("Accept") or self.input.get("ContentType", "")
        self.processing = records.Processing(
            document.get("DataProcessing") or {}, self.input.get("ContentType", ""), output_type
        )
        super().__init__(backend, document, backend.container_of(document["ModelName"])["Image"])

    def role(self) -> str:
        return self.backend.documents.get(MODEL, self.document["ModelName"])["ExecutionRoleArn"]

    def renew(self) -> None:
        """Start the model's server; a transform job has no container of its own."""
        settings = {
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(self.document.get("MaxPayloadInMB", 6)),
            "SAGEMAKER_BATCH_STRATEGY": self._strategy(),
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(self.workers),
            **self.document.get("Environment", {}),
        }
        self.server = Server(self.backend, self.document["ModelName"], self.name, self.name, self.line, **settings)

    def end_process(self) -> None:
        threading.Thread(target=runtime.stop, args=(self.server.process, GRACE_SECONDS), daemon=True).start()

    def run(self) -> None:
        try:
            if not self.server.is_healthy() and not self.halted:
                raise ContainerFailure("AlgorithmError: See job logs for more information")
            self.status("InProgress", TransformStartTime=clock.time())
            failed = [name for uri, name in self._objects() if not self._transform(uri, name)]
        finally:
            self.server.stop()
        if failed and not self.halted:
            raise ContainerFailure("ClientError: See job logs for more information")
        self.status("Stopped" if self.halted else "Completed", TransformEndTime=clock.time())

    def fail(self, reason: str) -> None:
        self.status("Failed", TransformEndTime=clock.time(), FailureReason=reason)

    def _objects(self) -> list[tuple[str, str]]:
        """Return address and output name of each input object."""
        source, account = self.input["DataSource"]["S3DataSource"], self.backend.account_id
        if source["S3DataType"] == "ManifestFile":
            return [(prefix + name, name) for prefix, name in storage.manifest(account, source["S3Uri"])]
        bucket = storage.split(source["S3Uri"])[0]
        found = storage.named(account, source["S3Uri"])
        if not found:
            raise ContainerFailure(f'ClientError: No S3 objects found under S3 URL "{source["S3Uri"]}".')
        return [(f"s3://{bucket}/{key}", name) for key, name in found]

    def _transform(self, uri: str, name: str) -> bool:
        """Send one file and write its output; a file that fails has none, and its reason in the data log."""
        if self.halted:
            return False
        try:
            content = storage.read(self.backend.account_id, uri)
            if self.input.get("CompressionType") == "Gzip":
                content = zlib.decompress(content, wbits=47)
            answers = self._answers(records.split(content, self.input.get("SplitType", "None")))
        except (Refused, records.TooLarge, ValueError, zlib.error) as error:
            self._data_log(f"{uri.removeprefix('s3://')}: {error}")
            return False
        target = f"{self.output['S3OutputPath'].rstrip('/')}/{name}.out"
        storage.write(self.backend.account_id, target, self._assembled(answers))
        return True

    def _answers(self, found: list[bytes]) -> list[bytes]:
        with ThreadPoolExecutor(self.workers) as pool:
            groups = pool.map(self._answer, records.batches(found, self._strategy(), self.limit))
            return [answer for group in groups for answer in group]

    def _answer(self, batch: list[bytes]) -> list[bytes]:
        """Return what the output has of one mini-batch: the answer as it is, or by record where it is filtered."""
        body = self._invoke(b"\n".join(self.processing.sent(record) for record in batch))
        if not self.processing.is_active:
            return [body]
        lines = body.splitlines()
        if len(lines) != len(batch):
            raise Refused(f"Fail to join: {len(batch)} record(s) were sent, {len(lines)} line(s) came back")
        return [self.processing.kept(record, line) for record, line in zip(batch, lines, strict=True)]

    def _invoke(self, body: bytes) -> bytes:
        client = self.document.get("ModelClientConfig", {})
        names = {"Content-Type": self.input.get("ContentType"), "Accept": self.output.get("Accept")}
        headers = {name: value for name, value in names.items() if value}
        status = 0
        for _ in range(client.get("InvocationsMaxRetries", 3) + 1):
            try:
                status, _headers, answer = self.server.request(
                    "POST", "/invocations", body, headers, client.get("InvocationsTimeoutInSeconds", 600)
                )
            except (OSError, http.client.HTTPException) as error:
                status, answer = 500, str(error).encode()
            if status < 500 or self.halted:
                break
        if status != 200:
            raise Refused(f"Bad HTTP status received from algorithm: {status} {answer.decode(errors='replace')[:200]}")
        return answer

    def _assembled(self, answers: list[bytes]) -> bytes:
        if self.output.get("AssembleWith") != "Line":
            return b"".join(answers)
        return b"".join(answer if answer.endswith(b"\n") else answer + b"\n" for answer in answers)

    def _strategy(self) -> str:
        return self.document.get("BatchStrategy", "MultiRecord")

    def _data_log(self, text: str) -> None:
        backend, stream = self.backend, f"{self.name}/algo-1/data-log"
        runtime.write_log(backend.account_id, backend.region_name, "/aws/sagemaker/TransformJobs", stream, [text])
