"""CodeArtifact, which moto lacks: domains and repositories are kept; no package is stored or served."""


def install() -> None:
    from cookiecutter_mlops.localaws.codeartifact.responses import CodeArtifactResponse
    from cookiecutter_mlops.localaws.extension import register_service

    register_service("codeartifact", CodeArtifactResponse)
