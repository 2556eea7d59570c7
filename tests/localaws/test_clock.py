"""The clock of the embedded AWS: real until it is moved, and whoever waits on it wakes when it is."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from click.testing import CliRunner

from cookiecutter_mlops.cli import main
from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws import clock as module
from cookiecutter_mlops.localaws import embedded
from cookiecutter_mlops.localaws.clock import Clock, seconds
from tests.localaws.conftest import Aws, serve, wait_for


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An embedded AWS of its own, whose clock these tests may move."""
    with serve(tmp_path_factory.mktemp("clock")) as aws:
        yield aws


@pytest.mark.parametrize(
    ("text", "expected"), [("90", 90), ("90s", 90), ("15m", 900), ("1h30m", 5400), ("7d", 604800), ("0.5h", 1800)]
)
def test_duration_is_read(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "h", "1 hour", "-5", "1h!", "nan", "inf"])
def test_duration_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="for example 1h30m"):
        seconds(text)


def test_clock_shows_real_time_until_it_is_moved() -> None:
    clock = Clock()
    assert clock.time() == pytest.approx(time.time(), abs=1)
    clock.move(advance=3600)
    assert clock.time() == pytest.approx(time.time() + 3600, abs=1)
    assert clock.now().tzinfo is UTC


def test_clock_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="only moves forward"):
        Clock().move(to=1.0)


def test_sleeper_wakes_when_the_clock_is_moved() -> None:
    clock, started = Clock(), time.monotonic()
    threading.Timer(0.1, clock.move, kwargs={"advance": 3600}).start()
    clock.sleep(3600)
    assert time.monotonic() - started < 60


def test_clock_runs_at_its_rate() -> None:
    clock, started = Clock(), time.monotonic()
    clock.move(rate=600)
    clock.sleep(60)
    assert 0.05 < time.monotonic() - started < 60


def test_waiting_ends_with_the_event_or_with_the_time() -> None:
    clock, event = Clock(), threading.Event()
    threading.Timer(0.1, clock.move, kwargs={"advance": 3600}).start()
    assert clock.wait(event, 3600) is False
    event.set()
    assert clock.wait(event, 3600) is True


def test_timers_run_in_their_order_unless_cancelled() -> None:
    clock, ran = Clock(), list[str]()
    for name, after in {"third": 7200, "first": 60, "second": 3600, "cancelled": 30}.items():
        timer = clock.after(after, lambda name=name: ran.append(name))
    timer.cancel()
    clock.after(10, lambda: 1 / 0)  # what fails hinders nobody
    assert ran == []
    for count, moved in enumerate((60, 3600, 3600), 1):
        clock.move(advance=moved)
        assert wait_for(lambda count=count: len(ran) == count)
    assert ran == ["first", "second", "third"]


def test_server_and_its_services_follow_the_moved_clock(other: Aws) -> None:
    sqs = other.client("sqs")
    queue = sqs.create_queue(QueueName="moved", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="a")
    assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    embedded.ask(other.url, "clock", "POST", {"advance": "11m"})
    assert wait_for(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))


def test_command_shows_and_moves_the_clock(other: Aws) -> None:
    run = CliRunner().invoke
    before = datetime.fromisoformat(run(main, ["local", "clock", "--home", str(other.home)]).output.split()[0])
    moved = run(main, ["local", "clock", "--advance", "1d", "--rate", "2", "--home", str(other.home)])
    assert moved.exit_code == 0
    assert 86400 <= (datetime.fromisoformat(moved.output.split()[0]) - before).total_seconds() < 86460
    assert "rate 2" in moved.output


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"advance": "soon"}, "duration: a number with s, m, h or d"),
        ({"set": "2020-01-01"}, "only moves forward"),
        ({"set": "tomorrow"}, "ISO 8601"),
        ({"rate": 0}, "rate: a number above 0"),
        ({"back": "1h"}, "knows advance, set and rate"),
    ],
)
def test_change_that_makes_no_sense_is_a_sentence(other: Aws, change: dict[str, object], sentence: str) -> None:
    with pytest.raises(MlopsError, match=sentence):
        embedded.ask(other.url, "clock", "POST", change)


def test_module_clock_is_one() -> None:
    assert module.time() == pytest.approx(module.now().timestamp(), abs=1)


def test_date_of_an_answer_is_that_of_the_clock(other: Aws) -> None:
    def told() -> datetime:
        answer = other.client("sts").get_caller_identity()
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    before = told()
    embedded.ask(other.url, "clock", "POST", {"advance": "2h"})
    assert told() - before >= timedelta(hours=2)
