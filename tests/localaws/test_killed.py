"""Nothing outlives an embedded AWS that is killed, and its state is not taken for a running one."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from cookiecutter_mlops.localaws import embedded, process
from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import Aws, wait_for
from tests.localaws.endpoints import new_config, new_endpoint, settled
from tests.localaws.functions import call, new_function
from tests.localaws.processes import processes_of, runs, start_build
from tests.localaws.test_sagemaker_training import request


def test_state_of_a_server_that_was_killed_is_not_taken_for_a_running_one(home):
    first = process.up(home, "eu-west-1")
    os.kill(first.pid, signal.SIGKILL)
    assert wait_for(lambda: not process.find(home))
    assert process.up(home, "eu-west-1").pid != first.pid


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process die with its parent")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_that_a_build_started_outlives_the_server(home, tmp_path, end):
    server = process.up(home, "eu-west-1", iam="off")  # its build has a role that is not there
    _, pids = start_build(Aws(server.url, home), tmp_path / "pids")
    os.kill(server.pid, end)
    assert wait_for(lambda: not any(runs(pid) for pid in [server.pid, *pids])), [p for p in pids if runs(p)]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process die with its parent")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda end: end.name)
@pytest.mark.parametrize("seconds", [0.1, 0.6, 1.2, 2.5])
def test_server_that_is_killed_while_it_starts_leaves_no_process(home, end, seconds):
    home.mkdir()
    command = [sys.executable, "-m", "cookiecutter_mlops.localaws.server", "--home", str(home)]
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    time.sleep(seconds)
    server.send_signal(end)
    server.wait(90)
    assert wait_for(lambda: not processes_of(home)), processes_of(home)


def take_snapshot(server):
    with contextlib.suppress(OSError):  # it is killed meanwhile
        embedded.ask(server.url, "snapshot", "POST", {})


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process die with its parent")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda end: end.name)
def test_server_that_is_killed_at_work_leaves_no_process(home, tmp_path, end):
    """A build, a training job, an endpoint and a function run when it happens; and once while it writes a snapshot."""
    server = process.up(home, "eu-west-1", iam="off")
    aws = Aws(server.url, home)
    settled(aws, new_endpoint(aws, new_config(aws, "first")))
    job = request(aws, new_bucket(aws, **{"data/a.csv": "1"}), HyperParameters={"sleep": "600"})
    aws.client("sagemaker").create_training_job(**job)
    call(aws, new_function(aws), {"do": "sleep"}, InvocationType="Event")
    _, pids = start_build(aws, tmp_path / "pids")
    assert wait_for(lambda: len(processes_of(home)) > 6)
    threading.Thread(target=take_snapshot, args=[server], daemon=True).start()
    time.sleep(0.05)
    os.kill(server.pid, end)
    assert wait_for(lambda: not (processes_of(home) or any(map(runs, pids)))), processes_of(home)
