"""The `docker` of the embedded AWS: bundles that are pinned as images are, and say so."""

import json
import os
import subprocess
import sys
import uuid

import pytest

from cookiecutter_mlops.localaws.dockerfile import context_files, read_stage
from tests.localaws.conftest import ACCOUNT, REGION

DOCKERFILE = """\
ARG PYTHON=3.11
FROM python:${PYTHON}-slim AS base
ARG LEVEL=info
ENV UNBUFFERED=1 GREETING="hello world" \\
    LEVEL=${LEVEL}
WORKDIR /opt/program
COPY requirements/ requirements/

FROM base AS train
RUN pip install -r requirements/train.txt
COPY --chown=user settings.toml ./
COPY training/ training/
ENTRYPOINT ["python", "-m", "training.contract"]

FROM base AS serve
COPY training/ training/
ENTRYPOINT ["python", "-m", "training.contract"]
CMD ["serve"]
"""
IGNORE = "# an allow-list\n*\n!requirements\n!training\n!settings.toml\n**/__pycache__\ntraining/**/*.tmp\n"


@pytest.fixture
def project(tmp_path):
    files = {
        "Dockerfile": DOCKERFILE,
        ".dockerignore": IGNORE,
        "requirements/train.txt": "",
        "settings.toml": "a = 1",
        "training/contract.py": "print('trained')",
        "training/deep/module.py": "",
        "training/deep/__pycache__/module.pyc": "",
        "training/deep/scratch.tmp": "",
        "README.md": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def repository(aws):
    """A repository with immutable tags, and its address."""
    name = f"r-{uuid.uuid4().hex[:8]}"
    created = aws.client("ecr").create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    return name, created["repository"]["repositoryUri"]


@pytest.fixture
def docker(aws, project):
    """Return a function that runs docker in the project as a build does."""
    environment = {
        "PATH": os.environ["PATH"],
        "MLOPS_LOCAL_HOME": str(aws.home),
        "MLOPS_BUILD_PYTHON": os.path.realpath(sys.executable),  # that of a project: nothing is installed
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "embedded-aws",
        "AWS_SECRET_ACCESS_KEY": "embedded-aws",
    }
    command = [sys.executable, "-P", "-m", "cookiecutter_mlops.localaws.docker_shim"]

    def run(*arguments, text="", code=0):
        done = subprocess.run(
            [*command, *arguments], cwd=project, env=environment, input=text, text=True, capture_output=True
        )
        assert done.returncode == code, done.stdout + done.stderr
        return (done.stderr if code else done.stdout).strip()

    return run


def names(project, target):
    return [name for name, _ in context_files(project, read_stage(DOCKERFILE, target))]


def test_bundle_holds_what_the_target_stage_copies(project):
    training = ["training/contract.py", "training/deep/module.py"]
    assert names(project, "train") == ["requirements/train.txt", "settings.toml", *training]
    assert names(project, "serve") == ["requirements/train.txt", *training]


def test_stage_inherits_and_fills_in_arguments():
    stage = read_stage(DOCKERFILE, "serve", {"LEVEL": "debug"})
    assert stage.environment == {"UNBUFFERED": "1", "GREETING": "hello world", "LEVEL": "debug"}
    assert (stage.entrypoint, stage.command) == (["python", "-m", "training.contract"], ["serve"])
    assert stage.workdir == "/opt/program"


@pytest.mark.parametrize(
    ("copy", "files"),
    [
        ("COPY . .", ["requirements/train.txt", "settings.toml", "training/contract.py", "training/deep/module.py"]),
        ("COPY training/*.py code/", ["code/contract.py"]),
        ("COPY settings.toml /opt/program/other.toml", ["other.toml"]),
        ("COPY settings.toml /opt/program", ["settings.toml"]),
        ("COPY settings.toml /etc/", [".root/etc/settings.toml"]),
        ("WORKDIR /tmp\nCOPY settings.toml .\nWORKDIR /opt/program", [".root/tmp/settings.toml"]),
        ('COPY ["settings.toml", "training/contract.py", "./"]', ["contract.py", "settings.toml"]),
    ],
)
def test_copy_follows_the_rules_of_docker(project, copy, files):
    stage = read_stage(f"FROM python\nWORKDIR /opt/program\n{copy}\n", None)
    assert [name for name, _ in context_files(project, stage)] == files


@pytest.mark.parametrize(
    ("copy", "sentence"),
    [
        ("COPY README.md ./", "no such file in the context, or .dockerignore keeps it out"),
        ("COPY --from=base /usr/bin/x ./", "not of images"),
    ],
)
def test_copy_of_what_a_bundle_cannot_hold_is_refused(project, docker, copy, sentence):
    (project / "Dockerfile").write_text(f"FROM python\nWORKDIR /opt/program\n{copy}\n")
    assert sentence in docker("build", ".", code=1)


def test_stage_hands_on_what_its_python_makes(docker, project, aws):
    (project / "Dockerfile").write_text(
        "ARG COMPILER=gcc\nFROM ${COMPILER} AS made\nWORKDIR /opt/program\nCOPY training/ training/\n"
        "RUN apt-get install -y what-is-not-there\n"
        "RUN python -c \"open('training/made.txt', 'w').write('made')\"\n"
        "FROM python\nWORKDIR /opt/program\nCOPY --from=made /opt/program/training/ code/\n"
    )
    digest = docker("build", ".").splitlines()[-1]
    bundle = aws.home / "images" / digest.removeprefix("sha256:")
    assert (bundle / "code" / "made.txt").read_text() == "made"
    assert (bundle / "code" / "contract.py").is_file()
    assert not (project / "training" / "made.txt").exists()
    assert docker("build", ".").splitlines()[-1] == digest


def test_stage_whose_python_fails_fails_the_build(docker, project):
    (project / "Dockerfile").write_text(
        'FROM python AS made\nWORKDIR /a\nRUN python -c "exit(3)"\nFROM python\nWORKDIR /a\nCOPY --from=made /a/x .\n'
    )
    assert "exit code 3" in docker("build", ".", code=1)


def test_built_and_pushed_digest_is_that_of_the_registry(aws, docker, repository):
    name, uri = repository
    token = aws.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    assert docker("login", "--username", "AWS", "--password-stdin", uri.partition("/")[0], text=token)
    for target in ("train", "serve"):
        built = docker("build", "--target", target, "--tag", f"{uri}:{target}-1", ".")
        assert "No image was built" in built
        assert f"digest: {built.splitlines()[-1]}" in docker("push", f"{uri}:{target}-1")
    images = aws.client("ecr").describe_images(repositoryName=name)["imageDetails"]
    digests = {image["imageTags"][0]: image["imageDigest"] for image in images}
    assert len(set(digests.values())) == 2
    pinned = docker("inspect", "--format", "{{index .RepoDigests 0}}", f"{uri}:train-1")
    assert pinned == f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}@{digests['train-1']}"
    bundle = aws.home / "images" / digests["train-1"].removeprefix("sha256:")
    settings = json.loads((bundle / ".bundle.json").read_text())
    assert (settings["target"], settings["entrypoint"]) == ("train", ["python", "-m", "training.contract"])
    assert (bundle / "training" / "contract.py").read_text() == "print('trained')"
    assert json.loads((aws.home / "registry.json").read_text())[f"{uri}:serve-1"] == digests["serve-1"]


def test_digest_depends_on_what_is_copied_only(docker, project):
    first = docker("build", "--target", "train", ".").splitlines()[-1]
    (project / "README.md").write_text("other")
    os.utime(project / "settings.toml", (1, 1))
    assert docker("build", "--target", "train", ".").splitlines()[-1] == first
    (project / "settings.toml").write_text("a = 2")
    assert docker("build", "--target", "train", ".").splitlines()[-1] != first


def test_immutable_tag_is_pushed_again_only_with_the_same_bundle(docker, project, repository):
    image = f"{repository[1]}:1"
    docker("build", "--target", "train", "--tag", image, ".")
    assert docker("push", image) == docker("push", image)
    (project / "settings.toml").write_text("a = 2")
    docker("build", "--target", "train", "--tag", image, ".")
    assert "tag 1 is immutable" in docker("push", image, code=1)


def test_pulled_and_tagged_names_are_the_same_bundle(docker, repository):
    image = f"{repository[1]}:1"
    digest = docker("build", "--target", "train", "-t", "here", ".").splitlines()[-1]
    docker("tag", "here", image)
    docker("push", image)
    assert digest in docker("pull", f"{repository[1]}@{digest}")
    assert docker("image", "inspect", "--format", "{{.Id}}", image) == digest


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "x"), "which knows login, build, tag, push, pull, inspect"),
        (("push", "nobody/nothing:1"), "docker push: nobody/nothing:1: there is no such image"),
        (
            ("build", "--target", "none", "."),
            "target stage none could not be found; the Dockerfile has base, train, serve",
        ),
        (("login", "--password-stdin"), "the password on standard input is empty"),
    ],
)
def test_what_docker_cannot_do_here_ends_with_one_sentence(docker, arguments, sentence):
    said = docker(*arguments, code=1)
    assert sentence in said
    assert len(said.splitlines()) == 1
