"""The embedded AWS in the background: it starts once, says why it cannot, and leaves nothing behind."""

import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws import process
from cookiecutter_mlops.localaws.commands import local
from tests.localaws.conftest import Aws, wait_for
from tests.localaws.processes import runs

OUTLIVED = """
import ctypes, sys, threading
from pathlib import Path
from cookiecutter_mlops.localaws import lock
lock.hold(Path(sys.argv[1]))
threading.Thread(target=sys.stdin.read).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processor time is read from /proc")
def test_start_takes_less_than_three_seconds(home):
    """Of the processor's time, of which a start is made: the clock also counts what else this machine does."""
    stat = Path(f"/proc/{process.up(home, 'eu-west-1').pid}/stat").read_text().rpartition(")")[2].split()
    user, system = (int(ticks) / os.sysconf("SC_CLK_TCK") for ticks in stat[11:13])
    assert 0 < user + system < 3


def test_second_start_finds_the_first(home):
    assert process.up(home, "eu-west-1") == process.up(home, "eu-west-1")


def test_status_and_env_speak_of_the_running_server(home):
    server = process.up(home, "eu-central-1")
    status = CliRunner().invoke(local, ["status", "--home", str(home)]).output
    assert server.url in status and "eu-central-1" in status
    exports = CliRunner().invoke(local, ["env", "--home", str(home)]).output.splitlines()
    assert f"export AWS_ENDPOINT_URL={server.url}" in exports
    assert "export AWS_ACCESS_KEY_ID=embedded-aws" in exports


@pytest.mark.parametrize(
    ("options", "said"), [([], "IAM policies are enforced"), (["--iam", "off"], "IAM is off: policies are stored but")]
)
def test_every_start_says_whether_policies_are_enforced(home, monkeypatch, options, said):
    monkeypatch.delenv("MLOPS_LOCAL_IAM", raising=False)
    for _ in ("start", "it runs already"):
        assert said in CliRunner().invoke(local, ["up", "--home", str(home), *options]).output
    log = (home / "server.log").read_text()
    assert ("IAM is off" in log) == bool(options)


def test_down_stops_once(home):
    server = process.up(home, "eu-west-1")
    assert process.down(home)
    assert not runs(server.pid)
    assert not process.down(home)


def test_slow_server_is_told_as_slow_and_stopped_by_its_process(home, monkeypatch):
    server = process.up(home, "eu-west-1")
    monkeypatch.setattr(process, "_ANSWER", 0.2)
    monkeypatch.setattr(process, "_PATIENCE", 0.2)
    os.kill(server.pid, signal.SIGSTOP)
    for _ in ("first", "second"):
        with pytest.raises(MlopsError, match=f"runs already, process {server.pid}, but does not answer at the moment"):
            process.up(home, "eu-west-1")
    with pytest.raises(MlopsError, match="its last changes are lost"):
        process.down(home)
    assert not runs(server.pid) and process.find(home) is None


def test_second_server_of_a_folder_is_refused(home):
    server = process.up(home, "eu-west-1")
    command = [sys.executable, "-m", "cookiecutter_mlops.localaws.server", "--home", str(home)]
    second = subprocess.run(command, text=True, capture_output=True)
    assert second.returncode == 2
    assert f"runs already, process {server.pid}; `mlops local down` ends it" in " ".join(second.stderr.split())
    assert process.running(home) == server


@pytest.mark.skipif(sys.platform != "linux", reason="what is left of a killed process is read from /proc")
def test_start_waits_until_the_last_thread_of_a_killed_server_is_gone(home):
    home.mkdir()
    killed = subprocess.Popen([sys.executable, "-c", OUTLIVED, str(home)], stdin=subprocess.PIPE)
    assert wait_for(lambda: not runs(killed.pid))
    with pytest.raises(BlockingIOError), (home / "server.lock").open() as file:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    threading.Timer(0.5, killed.stdin.close).start()
    assert process.up(home, "eu-west-1").pid != killed.pid
    assert killed.wait() == 0


def test_port_that_is_taken_is_named(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MlopsError, match=f"port: {port} is taken"):
            process.up(home, "eu-west-1", port)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_endpoint_elsewhere_is_refused(home, monkeypatch, name):
    monkeypatch.setenv(name, "https://s3.eu-west-1.amazonaws.com")
    with pytest.raises(MlopsError, match=rf"{name}: .*got 'https://s3"):
        process.up(home, "eu-west-1")
    assert not home.exists()


def test_server_listens_on_loopback_only(home):
    server = process.up(home, "eu-west-1")
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    addresses = {line.split()[1].split(":")[0] for line in lines if line.split()[1].endswith(f":{server.port:04X}")}
    assert addresses == {"0100007F"}


def run(*arguments, home):
    return CliRunner().invoke(local, [*arguments, "--home", str(home)])


def exported(home):
    """Return the variables that `mlops local env` exports."""
    lines = run("env", home=home).output.splitlines()
    return dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))


def test_two_servers_run_at_once_on_their_own_ports(home, tmp_path):
    other = tmp_path / "other"
    try:
        first, second = process.up(home, "eu-west-1"), process.up(other, "eu-west-1")
        Aws(first.url, home).client("ssm").put_parameter(Name="/only-first", Value="1", Type="String")
        assert first.port != second.port
        assert Aws(second.url, other).client("ssm").describe_parameters()["Parameters"] == []
    finally:
        process.down(other)


def test_server_takes_the_given_port_and_keeps_it(home):
    # Programs that ask for any port get others than these.
    port = next(port for port in random.sample(range(20000, 30000), 100) if process._free(port))
    assert process.up(home, "eu-west-1", port).port == port
    process.down(home)
    assert process.up(home, "eu-west-1").port == port


def test_two_projects_share_one_server_until_the_second_goes_down(home, tmp_path):
    first = tmp_path / "wages"
    own = first / process.HOME
    process.up(own, "eu-west-1")
    try:
        said = run("up", "--share", str(first), home=home)
        assert said.exit_code == 0 and str(own) in said.output, said.output
        assert exported(home)["AWS_ENDPOINT_URL"] == exported(own)["AWS_ENDPOINT_URL"]
        assert process.running(own).url in run("status", home=home).output
        assert run("up", "--fresh", home=home).exit_code == 1  # what it holds is the other project's
        assert run("down", home=home).exit_code == 0
        assert process.find(own) and not process.find(home)
        assert "No embedded AWS runs" in run("env", home=home).output
    finally:
        process.reset(own)


@pytest.mark.slow
def test_state_of_terraform_goes_with_the_world_that_it_describes(home):
    state = home / "terraform" / "terraform.tfstate"
    assert run("up", home=home).exit_code == 0
    state.parent.mkdir()
    state.touch()
    run("down", home=home)
    assert run("up", home=home).exit_code == 0 and state.exists()
    assert run("up", "--fresh", home=home).exit_code == 0 and not state.exists()


@pytest.mark.parametrize("named", ["nowhere", "."])
def test_only_an_embedded_aws_of_another_project_is_shared(home, tmp_path, monkeypatch, named):
    monkeypatch.chdir(tmp_path)
    (tmp_path / process.HOME).mkdir(parents=True)
    said = run("up", "--share", named, home=process.HOME)
    assert said.exit_code == 1 and f"got: {named}" in said.output


def test_reset_leaves_a_folder_alone_that_is_of_something_else(home):
    home.mkdir()
    (home / "precious").touch()
    assert run("reset", home=home).exit_code == 0
    assert (home / "precious").exists()
