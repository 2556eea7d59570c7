"""The errors of SageMaker whose code and text others act on."""

from cookiecutter_mlops.localaws.extension import AwsError


class ValidationException(AwsError):
    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class ResourceNotFound(AwsError):
    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFound", message)


class ContainerFailure(Exception):
    """A job or endpoint failed; the text becomes its FailureReason."""


class RolledBack(Exception):
    """An endpoint's update was undone; the text becomes its FailureReason."""
