"""CodeBuild that builds: the project's own buildspecs, in the project's own environment."""


def install() -> None:
    """Put this service in the place of moto's, which answers with canned builds."""
    from moto.codebuild.models import codebuild_backends

    from cookiecutter_mlops.localaws.codebuild.models import CodeBuildBackend
    from cookiecutter_mlops.localaws.codebuild.responses import CodeBuildResponse
    from cookiecutter_mlops.localaws.extension import swap_backend, swap_responses

    swap_backend(codebuild_backends, CodeBuildBackend)
    swap_responses("codebuild", CodeBuildResponse)
