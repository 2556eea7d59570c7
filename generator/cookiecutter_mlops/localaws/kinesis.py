"""Kinesis: a stream keeps the tags that it is created with; moto forgets them."""

from moto.core.responses import ActionResult
from moto.kinesis.responses import KinesisResponse as MotoKinesisResponse

from cookiecutter_mlops.localaws import extension


class KinesisResponse(MotoKinesisResponse):
    def create_stream(self) -> ActionResult:
        answer = super().create_stream()
        self.kinesis_backend.add_tags_to_stream(None, self._get_param("StreamName"), self._get_param("Tags") or {})
        return answer


def install() -> None:
    extension.swap_responses("kinesis", KinesisResponse)
