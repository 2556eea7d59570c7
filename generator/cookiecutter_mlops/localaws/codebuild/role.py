"""The role that a build acts with."""

from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.localaws.codebuild.exceptions import BuildFailed
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.iam import acting

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codebuild.build import Build


def assume(project: dict[str, Any], region: str, name: str) -> acting.Session:
    """Open a session of a project's role, as CodeBuild does for each build."""
    return acting.assume(project["serviceRole"], "codebuild.amazonaws.com", name, project["arn"], region)


def provision(build: "Build") -> None:
    """Give a build its credentials; a role that is not trusted, or may not write the log, fails the build here."""
    try:
        build.session = assume(build.project, build.region, f"AWSCodeBuild-{build.uuid}")
        with acting.acting(build.session):
            _check_log(build)
    except AwsError as error:
        raise BuildFailed(error.message, "CLIENT_ERROR") from None


def check_report(build: "Build", group: str) -> None:
    """Raise BuildFailed where the build may not keep its test report."""
    arn = f"arn:aws:codebuild:{build.region}:{build.account}:report-group/{group}"
    try:
        for action in ("CreateReportGroup", "CreateReport", "BatchPutTestCases", "UpdateReport"):
            acting.check(f"codebuild:{action}", arn)
    except AwsError as error:
        raise BuildFailed(error.message, "CLIENT_ERROR") from None


def _check_log(build: "Build") -> None:
    if group := build.log_group:
        arn = f"arn:aws:logs:{build.region}:{build.account}:log-group:{group}:log-stream:{build.log_stream}"
        for action in ("CreateLogStream", "PutLogEvents"):
            acting.check(f"logs:{action}", arn)
