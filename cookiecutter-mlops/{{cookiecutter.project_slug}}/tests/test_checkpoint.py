"""A checkpoint is whole or does not count, and belongs to one code, data and settings."""

from pathlib import Path

import pytest

from training.checkpoint import Checkpoints


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints", "0123abc")


def test_newest_is_the_last_step(checkpoints: Checkpoints):
    assert checkpoints.newest() is None
    for step in (5, 100, 20):
        checkpoints.save(step, f"state {step}".encode())
    assert checkpoints.newest() == (100, b"state 100")


@pytest.mark.parametrize("damage", [b"", b"state 2", b"state 21"], ids=["empty", "cut", "longer"])
def test_damaged_checkpoint_is_passed_over(checkpoints: Checkpoints, damage: bytes):
    checkpoints.save(10, b"state 10")
    checkpoints.save(20, b"state 20")
    (newest,) = checkpoints.folder.glob("*.00000020.*")
    newest.write_bytes(damage)
    assert checkpoints.newest() == (10, b"state 10")


def test_crash_while_writing_leaves_the_one_before(checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch):
    checkpoints.save(10, b"state 10")
    monkeypatch.setattr("os.fsync", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        checkpoints.save(20, b"state 20")
    assert checkpoints.newest() == (10, b"state 10")


def test_only_two_are_kept(checkpoints: Checkpoints):
    for step in range(5):
        checkpoints.save(step, b"state")
    assert len(list(checkpoints.folder.iterdir())) == 2


def test_other_work_has_other_checkpoints(checkpoints: Checkpoints):
    checkpoints.part("whole").save(10, b"state 10")
    assert checkpoints.exist()
    assert checkpoints.part("trial").newest() is None
    other = Checkpoints(checkpoints.folder, "4567def")
    assert not other.exist()
    assert other.part("whole").newest() is None


def test_nothing_is_left_when_the_training_is_over(checkpoints: Checkpoints):
    checkpoints.part("whole").save(10, b"state 10")
    checkpoints.part("trial").save(10, b"state 10")
    checkpoints.clear()
    assert list(checkpoints.folder.iterdir()) == []
