"""Buildspecs run as CodeBuild runs them: phases, one shell, failures, reports."""

import json

import pytest

from tests.localaws.codebuild.conftest import printed, spec


def test_commands_share_one_shell(build):
    ended, lines = build(
        """
version: 0.2
env: {variables: {KIND: text, FLAG: true}, exported-variables: [COLOUR, MISSING]}
phases:
  install: {commands: ["printf 'COLOUR=blue\\n' > set.env", ". ./set.env", "mkdir deep && cd deep"]}
  build: {commands: ["echo $COLOUR $KIND $FLAG", "basename $PWD", "say() { echo said; }", say]}
"""
    )
    assert printed(lines) == ["blue text true", "deep", "said"]
    assert ended["buildStatus"] == "SUCCEEDED"
    assert ended["exportedEnvironmentVariables"] == [{"name": "COLOUR", "value": "blue"}]


def test_failed_build_runs_post_build_and_says_which_command_failed(aws, build):
    post = {"commands": ["echo succeeding=$CODEBUILD_BUILD_SUCCEEDING"]}
    ended, lines = build(spec(build={"commands": ["false", "echo never"], "finally": ["echo last"]}, post_build=post))
    assert printed(lines) == ["last", "succeeding=0"]
    assert ended["buildStatus"] == "FAILED"
    failed = next(phase for phase in ended["phases"] if phase["phaseType"] == "BUILD")
    assert failed["phaseStatus"] == "FAILED"
    assert failed["contexts"] == [
        {
            "statusCode": "COMMAND_EXECUTION_ERROR",
            "message": "Error while executing command: false. Reason: exit status 1",
        }
    ]


@pytest.mark.parametrize(
    ("phase", "on_failure", "goes_on"),
    [("install", "", False), ("install", "CONTINUE", True), ("build", "", True), ("build", "ABORT", False)],
)
def test_failed_phase_decides_whether_the_next_runs(build, phase, on_failure, goes_on):
    failing = {"commands": ["false"]} | ({"on-failure": on_failure} if on_failure else {})
    ended, lines = build(spec(**{phase: failing}, post_build={"commands": ["echo after"]}))
    assert (printed(lines) == ["after"]) is goes_on
    assert ended["buildStatus"] == "FAILED"


def test_exit_in_a_command_fails_the_build_but_not_what_follows(build):
    first = {
        "commands": ["export KEPT=yes", "mkdir here && cd here", "exit 3"],
        "finally": ["echo $KEPT $(basename $PWD)"],
    }
    ended, lines = build(spec(build=first))
    assert printed(lines) == ["yes here"]
    assert any("Reason: exit status 3" in line for line in lines)
    assert ended["buildStatus"] == "FAILED"


def test_output_without_a_newline_and_redirected_output_keep_the_build_in_step(build):
    ended, lines = build(spec(build={"commands": ["printf half", "exec > /dev/null", "echo lost", "echo seen >&2"]}))
    assert printed(lines) == ["half", "seen"]
    assert ended["buildStatus"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("buildspec", "sentence"),
    [
        ("version: 0.1\nphases: {build: {commands: [env]}}", "version must be 0.2, got 0.1"),
        ("version: 0.2\nphases: {build: {commands: [{echo a: b}]}}", "put a command with a colon in quotes"),
        ("version: 0.2\nphases: {bulid: {commands: [env]}}", "does not execute bulid in phases"),
        ("version: 0.2\nphases: [\n", "is not YAML"),
        ("version: 0.2\nenv: {exported-variables: [A-B]}\nphases: {build: {}}", "must be names such as IMAGE_URI"),
    ],
)
def test_wrong_buildspec_ends_the_build_with_a_sentence(build, buildspec, sentence):
    ended, _ = build(buildspec)
    context = next(phase for phase in ended["phases"] if phase["phaseType"] == "DOWNLOAD_SOURCE")["contexts"][0]
    assert context["statusCode"] == "YAML_FILE_ERROR"
    assert sentence in context["message"]


def test_junit_reports_are_counted(aws, build):
    cases = '<testcase name="a" time="0.5"/><testcase name="b"><failure/></testcase>'
    write = f"mkdir reports && echo '<testsuites><testsuite>{cases}</testsuite></testsuites>' > reports/tests.xml"
    buildspec = json.dumps(
        {
            "version": 0.2,
            "phases": {"build": {"commands": [write, "false"]}},
            "reports": {"tests": {"files": ["reports/*.xml"]}},
        },
        indent=1,
    )
    ended, lines = build(buildspec)
    report = aws.client("codebuild").batch_get_reports(reportArns=ended["reportArns"])["reports"][0]
    assert report["testSummary"]["statusCounts"] == {"SUCCEEDED": 1, "FAILED": 1}
    assert any(line.endswith("Report tests: 2 tests, 1 failed, 1 succeeded") for line in lines)


def test_program_left_in_the_background_does_not_hold_the_build(build):
    ended, _ = build(spec(build={"commands": ["sleep 100 &", "true"]}))
    assert ended["buildStatus"] == "SUCCEEDED"


def test_buildspec_may_use_any_variable_name(build):
    names = "state failed phase stopped worst step status"
    ended, lines = build(spec(build={"commands": [f"for n in {names}; do eval $n=1; done", "echo $state$phase"]}))
    assert (ended["buildStatus"], printed(lines)) == ("SUCCEEDED", ["11"])
