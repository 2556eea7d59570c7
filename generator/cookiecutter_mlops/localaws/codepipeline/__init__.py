"""CodePipeline V2 that executes: sources, builds, approvals, artifacts, variables, queues."""


def install() -> None:
    """Put this service in the place of moto's, which records executions as succeeded at once."""
    from moto.codepipeline.models import codepipeline_backends

    from cookiecutter_mlops.localaws.codepipeline.models import CodePipelineBackend
    from cookiecutter_mlops.localaws.codepipeline.responses import CodePipelineResponse
    from cookiecutter_mlops.localaws.extension import swap_backend, swap_responses

    swap_backend(codepipeline_backends, CodePipelineBackend)
    swap_responses("codepipeline", CodePipelineResponse)
