"""Application Auto Scaling: the tags of scalable targets, which Terraform reads and moto lacks."""

import json

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse as MotoResponse


class ApplicationAutoScalingResponse(MotoResponse):
    def list_tags_for_resource(self) -> str:
        return json.dumps({"Tags": self._tags()})

    def tag_resource(self) -> str:
        self._tags().update(self._get_param("Tags"))
        return "{}"

    def untag_resource(self) -> str:
        for key in self._get_param("TagKeys"):
            self._tags().pop(key, None)
        return "{}"

    def register_scalable_target(self) -> str:
        answer = super().register_scalable_target()
        self._tags(json.loads(answer)["ScalableTargetARN"]).update(self._get_param("Tags") or {})
        return answer

    def _tags(self, arn: str | None = None) -> dict[str, str]:
        backend = self.applicationautoscaling_backend
        backend.tags = getattr(backend, "tags", {})  # type: ignore[attr-defined]
        return backend.tags.setdefault(arn or self._get_param("ResourceARN"), {})  # type: ignore[attr-defined]


def install() -> None:
    from cookiecutter_mlops.localaws.extension import swap_responses

    swap_responses("applicationautoscaling", ApplicationAutoScalingResponse)
