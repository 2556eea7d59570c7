"""Several machines: what they tell each other, and which files of a snapshot came to each."""

import json

import pandas as pd
import pytest
from machines import NAMES, on_each

from training import files, hosts, shards
from training.batches import checked
from training.cells import DataError
from training.hosts import Hosts
from training.settings import UserError


def test_every_machine_gets_what_all_give_by_rank():
    def twice(machine):
        return machine.every({"rank": machine.rank}), machine.gather(machine.current.encode())

    expected = [{"rank": rank} for rank in range(3)], [name.encode() for name in NAMES]
    assert on_each(twice, 3) == [expected] * 3


def test_machine_alone_gets_its_own():
    assert Hosts().every([1]) == [[1]]
    assert Hosts().first


def test_machine_that_ends_is_told_of_by_the_others():
    def ends(machine):
        machine.every(1)
        if machine.first:
            for link in machine.links:
                link.close()
            return "ended"
        with pytest.raises(UserError, match="another machine of the job ended"):
            machine.every(2)
        return "told"

    assert on_each(ends, 2) == ["ended", "told"]


def test_machines_are_those_that_sagemaker_describes(tmp_path, monkeypatch):
    monkeypatch.setenv("SM_BASE_DIR", str(tmp_path))
    (tmp_path / "input/config").mkdir(parents=True)
    told = {"current_host": "algo-2", "hosts": ["algo-2", "algo-1"], "network_interface_name": "eth0"}
    (tmp_path / "input/config/resourceconfig.json").write_text(json.dumps(told))
    machine = hosts.here()
    assert (machine.names, machine.rank, machine.interface) == (("algo-1", "algo-2"), 1, "eth0")
    assert not hosts.sharded()
    channel = {"training": {"TrainingInputMode": "FastFile", "S3DistributionType": "ShardedByS3Key"}}
    (tmp_path / "input/config/inputdataconfig.json").write_text(json.dumps(channel))
    assert hosts.channel() == ("FastFile", "ShardedByS3Key")
    assert hosts.sharded()


@pytest.fixture
def snapshot(tmp_path):
    """Three files of a snapshot, one of them with other bytes than its manifest says."""
    (tmp_path / "manifest").mkdir()
    entries = [{"name": f"{name}.csv", "size": 3, "sha256": "0" * 64} for name in "abc"]
    (tmp_path / "manifest/manifest.json").write_text(json.dumps({"version": "v1", "files": entries}))
    return tmp_path / "training", entries


def shared(monkeypatch, tmp_path, entries, *names):
    """What the machines make of a snapshot whose files came to them as named."""

    def found(machine):
        folder = tmp_path / machine.current
        folder.mkdir()
        for name in names[machine.rank]:
            (folder / f"{name}.csv").write_text("a,b")
        try:
            return [path.name for path in files.share(folder, entries, machine)]
        except DataError as error:
            return str(error)

    monkeypatch.setattr(hosts, "channel", lambda: ("FastFile", hosts.SHARDED))
    return on_each(found, len(names))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("ac", "b"), [["a.csv", "c.csv"], ["b.csv"]]),
        (("a", "b"), ["c.csv: came to 0 of 2 machines"] * 2),
        (("ab", "bc"), ["b.csv: came to 2 of 2 machines"] * 2),
        (("abc", ""), [["a.csv", "b.csv", "c.csv"], "no file came to this machine: there are 3 for 2"]),
    ],
)
def test_each_file_of_a_snapshot_belongs_to_one_machine(snapshot, monkeypatch, tmp_path, names, expected):
    told = shared(monkeypatch, tmp_path, snapshot[1], *names)
    assert [one if isinstance(one, list) else one[: len(words)] for one, words in zip(told, expected, strict=True)] == (
        expected
    )


def test_streamed_file_of_another_size_is_refused(snapshot, monkeypatch, tmp_path):
    entries = [snapshot[1][0] | {"size": 4}]
    assert "a.csv: missing from the snapshot or changed" in shared(monkeypatch, tmp_path, entries, "a")[0]


def test_version_is_in_the_channel_of_the_manifest(snapshot):
    snapshot[0].mkdir()
    assert files.data_version(snapshot[0]) == "v1"


def test_some_rows_are_those_of_all_machines_and_the_others_a_share_each(tmp_path, settings):
    numbers = range(1, 301)
    table = pd.DataFrame({"price": [100.0 * n for n in numbers], "size": 1, "colour": "red", "sold": "no"})
    table.assign(day="2024-01-31").to_csv(tmp_path / "houses.csv", index=False)

    def learned(machine):
        rows = shards.share(checked(tmp_path / "houses.csv", settings), settings, machine)
        learn, judge = rows.split(settings, 0)
        own = [price for part in learn for price in part["price"]]
        return len(rows), len(learn), own, sorted(judge["price"]), sorted(learn.sample()["price"]), learn.mean

    first, second = on_each(learned, 2)
    assert first[:2] == second[:2]
    assert first[3:5] == second[3:5]
    rows, learn, own, judge, sample, _ = first
    assert not set(own) & set(second[2])
    assert (rows, learn) == (300, len(own) + len(second[2]))
    assert sorted([*own, *second[2]]) == sample
    assert sorted([*sample, *judge]) == [100.0 * n for n in numbers]


def test_machine_without_a_row_to_learn_from_is_named_to_all(tmp_path, settings):
    table = pd.DataFrame({"price": range(1, 301), "size": 1, "colour": "red", "sold": "no", "day": "2024-01-31"})
    table.to_csv(tmp_path / "houses.csv", index=False)

    def learned(machine):
        first_row = next(checked(tmp_path / "houses.csv", settings))[:1]
        with pytest.raises(DataError, match=r"algo-2: no row to learn from came to it"):
            shards.share([first_row], settings, machine).split(settings, 0)

    on_each(learned, 2)
