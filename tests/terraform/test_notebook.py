"""The program that stops an idle notebook, run as cron runs it, against a Jupyter that answers like the real one."""

import importlib.util
import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.terraform.conftest import MODULES

HOUR = 3600


def ago(minutes: float) -> str:
    """Return a moment as Jupyter writes it."""
    return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.fixture
def jupyter():
    """Serve what tests put into `answers`: the kernels and terminals of a Jupyter."""
    answers = {"/api/kernels": [], "/api/terminals": []}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answers[self.path]).encode())

        def log_message(self, *words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", answers
    server.shutdown()


@pytest.fixture
def run(jupyter, tmp_path, monkeypatch):
    """Return a function that runs the program on a machine that is up for some hours; it tells what was stopped."""
    specification = importlib.util.spec_from_file_location("idle", MODULES / "sagemaker-notebook" / "stop_when_idle.py")
    program = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(program)
    name, arn = "salary-notebook", "arn:aws:sagemaker:eu-central-1:123456789012:notebook-instance/salary-notebook"
    (tmp_path / "about.json").write_text(json.dumps({"ResourceName": name, "ResourceArn": arn}))
    monkeypatch.setattr(program, "JUPYTER", jupyter[0])
    monkeypatch.setattr(program, "METADATA", tmp_path / "about.json")
    monkeypatch.setattr(program, "UPTIME", tmp_path / "uptime")
    monkeypatch.setattr(sys, "argv", ["stop_when_idle.py", "60"])
    stopped = []
    monkeypatch.setattr(program.subprocess, "run", lambda command, check: stopped.append(command))

    def run(up_hours: float) -> list:
        (tmp_path / "uptime").write_text(f"{up_hours * HOUR} 0.0\n")
        program.main()
        return stopped

    return run


def test_notebook_idle_for_longer_than_its_limit_is_stopped_by_name(run, jupyter):
    jupyter[1]["/api/kernels"] = [{"execution_state": "idle", "last_activity": ago(61)}]
    (command,) = run(up_hours=3)
    assert command[:3] == ["aws", "sagemaker", "stop-notebook-instance"]
    assert dict(zip(command[3::2], command[4::2], strict=True)) == {
        "--region": "eu-central-1",
        "--notebook-instance-name": "salary-notebook",
    }


@pytest.mark.parametrize(
    ("path", "thing", "minutes"),
    [
        ("/api/kernels", {"execution_state": "busy"}, 600),
        ("/api/kernels", {"execution_state": "idle"}, 50),
        ("/api/terminals", {"name": "1"}, 5),
    ],
    ids=["a-long-cell", "a-recent-cell", "a-terminal"],
)
def test_notebook_that_somebody_uses_goes_on(run, jupyter, path, thing, minutes):
    jupyter[1]["/api/kernels"] = [{"execution_state": "idle", "last_activity": ago(300)}]
    jupyter[1][path] = [*jupyter[1][path], thing | {"last_activity": ago(minutes)}]
    assert run(up_hours=11) == []


def test_notebook_without_kernels_is_idle_since_it_started(run):
    assert run(up_hours=0.5) == []
    assert len(run(up_hours=1.1)) == 1
