"""CodePipeline's errors, worded as AWS words them."""

from cookiecutter_mlops.localaws.extension import AwsError


class PipelineNotFoundException(AwsError):
    def __init__(self, name: str, account: str) -> None:
        super().__init__(
            "PipelineNotFoundException",
            f"Account '{account}' does not have a pipeline with name '{name}'",
        )


class PipelineExecutionNotFoundException(AwsError):
    def __init__(self, execution: str) -> None:
        super().__init__("PipelineExecutionNotFoundException", f"No pipeline execution has the id '{execution}'")


class ValidationException(AwsError):
    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class ActionFailed(Exception):
    """An action ended badly: `code` is one of CodePipeline's, the text is what a person reads."""

    def __init__(self, message: str, code: str = "JobFailed", external_id: str = "") -> None:
        super().__init__(message)
        self.code, self.external_id = code, external_id
