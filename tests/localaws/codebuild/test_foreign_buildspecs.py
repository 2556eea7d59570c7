"""Buildspecs as other people write them, which know nothing of the embedded AWS."""

import io
import json
import shutil
import zipfile

import pytest

from cookiecutter_mlops.localaws.codebuild import buildspec, outputs
from cookiecutter_mlops.localaws.codebuild.build import Build
from cookiecutter_mlops.localaws.codebuild.exceptions import BuildFailed
from tests.localaws.codebuild.conftest import ENVIRONMENT, phases, printed
from tests.localaws.conftest import ACCOUNT, REGION

CONTAINERS = """\
version: 0.2
env:
  git-credential-helper: yes
  exported-variables: [IMAGE_TAG]
phases:
  install:
    runtime-versions:
      python: 3.11
  pre_build:
    commands:
      - echo Logging in to Amazon ECR...
      - aws --version
      - REGISTRY=$AWS_ACCOUNT_ID.dkr.ecr.$AWS_DEFAULT_REGION.amazonaws.com
      - aws ecr get-login-password --region $AWS_DEFAULT_REGION | docker login --username AWS --password-stdin $REGISTRY
      - COMMIT_HASH=$(echo $CODEBUILD_RESOLVED_SOURCE_VERSION | cut -c 1-7)
      - IMAGE_TAG=${COMMIT_HASH:=latest}
  build:
    on-failure: ABORT
    commands:
      - echo Build started on `date`
      - docker build -t $REGISTRY/$IMAGE_REPO_NAME:latest .
      - docker tag $REGISTRY/$IMAGE_REPO_NAME:latest $REGISTRY/$IMAGE_REPO_NAME:$IMAGE_TAG-1
    finally:
      - echo "Tried to build"
  post_build:
    commands:
      - |
        if [ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ]; then
          docker push $REGISTRY/$IMAGE_REPO_NAME:latest
          docker push $REGISTRY/$IMAGE_REPO_NAME:$IMAGE_TAG-1
        fi
      - printf '[{"name":"web","imageUri":"%s"}]' $REGISTRY/$IMAGE_REPO_NAME:$IMAGE_TAG-1 > imagedefinitions.json
      - cat imagedefinitions.json
artifacts:
  files: imagedefinitions.json
cache:
  paths:
    - '/root/.cache/pip/**/*'
"""
SECRETS = """\
version: 0.2
env:
  shell: bash
  variables: {{STAGE: test}}
  parameter-store: {{URL: /{name}/url}}
  secrets-manager:
    WHOLE: {name}
    USER: "{name}:user"
    PASSWORD: "{arn}:password:AWSCURRENT"
phases:
  build:
    commands:
      - words=(one two)
      - '[[ $STAGE == te* ]] && echo "${{words[1]}} $URL $USER $PASSWORD $WHOLE"'
"""


@pytest.mark.skipif(not shutil.which("aws"), reason="the AWS CLI is not on PATH")
def test_image_is_built_and_pushed_as_in_the_tutorials(aws, build, name):
    aws.client("ecr").create_repository(repositoryName=name)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("buildspec.yml", CONTAINERS)
        opened.writestr(
            "Dockerfile", "FROM public.ecr.aws/docker/library/python:3.11\nCOPY app.py /app/\nWORKDIR /app\n"
        )
        opened.writestr("app.py", "print('hello')")
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.client("s3").put_object(Bucket=name, Key="source.zip", Body=archive.getvalue())
    variables = {"AWS_ACCOUNT_ID": ACCOUNT, "IMAGE_REPO_NAME": name}
    environment = ENVIRONMENT | {"environmentVariables": [{"name": k, "value": v} for k, v in variables.items()]}
    ended, lines = build("", source={"type": "S3", "location": f"{name}/source.zip"}, environment=environment)
    assert ended["buildStatus"] == "SUCCEEDED", lines
    uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}:latest-1"
    assert json.dumps([{"name": "web", "imageUri": uri}], separators=(",", ":")) in lines
    assert "Login Succeeded" in lines
    assert any("runtime-versions is passed over" in line for line in lines)
    assert any("cache is passed over" in line for line in lines)
    assert ended["exportedEnvironmentVariables"] == [{"name": "IMAGE_TAG", "value": "latest"}]
    tags = [
        tag
        for image in aws.client("ecr").describe_images(repositoryName=name)["imageDetails"]
        for tag in image["imageTags"]
    ]
    assert sorted(tags) == ["latest", "latest-1"]


def test_values_come_from_parameters_and_from_secrets_by_name_key_and_arn(aws, build, name):
    aws.client("ssm").put_parameter(Name=f"/{name}/url", Value="db", Type="SecureString")
    secret = {"user": "me", "password": "p4ss"}
    arn = aws.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))["ARN"]
    ended, lines = build(SECRETS.format(name=name, arn=arn))
    assert ended["buildStatus"] == "SUCCEEDED", lines
    assert printed(lines) == [f"two db me p4ss {json.dumps(secret)}"]


def test_finally_runs_and_what_continues_after_failures_does(build):
    ended, lines = build(
        """
version: 0.2
phases:
  install: {on-failure: CONTINUE, commands: ["exit 2"], finally: ["echo tidied"]}
  pre_build: {commands: "echo one command"}
  build: {finally: ["echo no commands"]}
"""
    )
    assert printed(lines) == ["tidied", "one command", "no commands"]
    assert (ended["buildStatus"], phases(ended)["PRE_BUILD"]) == ("FAILED", "SUCCEEDED")


def test_batch_is_passed_over_by_a_build_of_its_own(build):
    ended, lines = build("version: 0.2\nbatch: {fast-fail: true}\nphases: {build: {commands: [echo alone]}}")
    assert (ended["buildStatus"], printed(lines)) == ("SUCCEEDED", ["alone"])
    assert any("batch is passed over: it is for StartBuildBatch" in line for line in lines)


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ("artifacts: {files: [a], secondary-artifacts: {more: {files: [b]}}}", "secondary-artifacts in artifacts"),
        ("proxy: {logs: yes}", "proxy in buildspec"),
        ("run-as: builder", "run-as in buildspec"),
        ("env: {shell: powershell.exe}", "env.shell must be sh or bash, got 'powershell.exe'"),
        (
            "reports: {r: {files: [a], file-format: TESTNGXML}}",
            "must be JUNITXML or COBERTURAXML here, got 'TESTNGXML'",
        ),
    ],
)
def test_what_is_not_executed_is_refused_by_its_name(part, named):
    with pytest.raises(BuildFailed, match=named):
        buildspec.parse(f"version: 0.2\nphases: {{build: {{commands: [env]}}}}\n{part}\n", "buildspec.yml")


@pytest.mark.parametrize(
    ("artifacts", "files"),
    [
        ("{files: ['**/*']}", ["README", "dist/a.js", "dist/css/b.css", "dist/css/b.map"]),
        ("{files: ['**/*'], base-directory: dist}", ["a.js", "css/b.css", "css/b.map"]),
        ("{files: ['**/*'], base-directory: dist, discard-paths: yes}", ["a.js", "b.css", "b.map"]),
        ("{files: ['**/*'], exclude-paths: ['dist/**/*.map', README]}", ["dist/a.js", "dist/css/b.css"]),
        ("{files: ['dist/*']}", ["dist/a.js"]),
        ("{files: $CODEBUILD_SRC_DIR/README, name: site-1}", ["README"]),
    ],
)
def test_artifacts_are_what_the_patterns_match(tmp_path, artifacts, files):
    source, target = tmp_path / "source", tmp_path / "target"
    for file in ("README", "dist/a.js", "dist/css/b.css", "dist/css/b.map"):
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).write_text(file)
    spec = buildspec.parse(f"version: 0.2\nphases: {{build: {{}}}}\nartifacts: {artifacts}\n", "buildspec.yml")
    outputs.collect(silent_build(), spec.artifacts, source, target)
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()) == files


@pytest.mark.parametrize(
    ("artifacts", "sentence"),
    [
        ("{files: /etc/passwd}", "files must be paths of the source, got '/etc/passwd'"),
        ("{files: ['*'], base-directory: ..}", "base-directory must be a folder of the source"),
        ("{files: none.txt}", "no matching artifact paths found: none.txt"),
    ],
)
def test_artifacts_that_are_not_in_the_source_fail_the_build(tmp_path, artifacts, sentence):
    spec = buildspec.parse(f"version: 0.2\nphases: {{build: {{}}}}\nartifacts: {artifacts}\n", "buildspec.yml")
    with pytest.raises(BuildFailed, match=sentence):
        outputs.collect(silent_build(), spec.artifacts, tmp_path, tmp_path / "target")


def test_coverage_report_is_added_up(aws, build):
    counts = "lines-valid='40' lines-covered='30' branches-valid='4' branches-covered='1'"
    ended, lines = build(
        f"""
version: 0.2
phases:
  build:
    commands:
      - echo "<coverage {counts}/>" > coverage.xml
reports: {{coverage: {{files: [coverage.xml], file-format: COBERTURAXML}}}}
"""
    )
    report = aws.client("codebuild").batch_get_reports(reportArns=ended["reportArns"])["reports"][0]
    summary = report["codeCoverageSummary"]
    assert (report["type"], summary["lineCoveragePercentage"]) == ("CODE_COVERAGE", 75.0)
    assert (summary["linesMissed"], summary["branchesCovered"]) == (10, 1)
    assert any(line.endswith("Report coverage: 75.0 % of the lines are covered") for line in lines)


def silent_build() -> Build:
    project = {"name": "p", "source": {}, "logsConfig": {"cloudWatchLogs": {"status": "DISABLED"}}}
    return Build(ACCOUNT, REGION, project, 1, "test", "")
