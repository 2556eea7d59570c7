"""CodeCommit with real git repositories, pushed to and cloned from over HTTP."""


def install() -> None:
    """Extend moto's CodeCommit, which knows repositories by name only, and serve git below /v1/repos/."""
    from cookiecutter_mlops.localaws import snapshot
    from cookiecutter_mlops.localaws.codecommit.git import serve
    from cookiecutter_mlops.localaws.codecommit.responses import TAGS, TEMPLATES, CodeCommitResponse
    from cookiecutter_mlops.localaws.extension import register_route, swap_responses

    swap_responses("codecommit", CodeCommitResponse)
    register_route("/v1/repos/", serve)
    # What moto's backend has no place for.
    snapshot.part("codecommit tags", lambda: TAGS, TAGS.update)
    snapshot.part("codecommit templates", lambda: TEMPLATES, TEMPLATES.update)
