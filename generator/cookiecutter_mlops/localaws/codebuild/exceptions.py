"""CodeBuild's errors: of requests, and of builds."""

from cookiecutter_mlops.localaws.extension import AwsError


class InvalidInputException(AwsError):
    def __init__(self, message: str) -> None:
        super().__init__("InvalidInputException", message)


class ResourceNotFoundException(AwsError):
    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFoundException", message)


class BuildFailed(Exception):
    """A phase of a build ended badly: `code` is one of CodeBuild's, the text is what a person reads."""

    def __init__(self, message: str, code: str = "COMMAND_EXECUTION_ERROR") -> None:
        super().__init__(message)
        self.code = code
