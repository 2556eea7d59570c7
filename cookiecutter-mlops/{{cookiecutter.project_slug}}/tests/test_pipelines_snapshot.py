"""Snapshots: files that a person pushes, and deliveries under raw/ that are frozen only when they are whole."""

import base64
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fake_aws import FakeAws, objects, parameters
from specs import training_spec

from pipelines import arrivals, project, snapshot

DAY = datetime(2026, 11, 25, 12, tzinfo=UTC)
MANIFEST = {"arrival": "manifest", "quiet_minutes": 15}
QUIET = {"arrival": "quiet-period", "quiet_minutes": 15}


def test_snapshot_of_files_ends_with_its_manifest(aws: FakeAws, tmp_path: Path):
    files = [tmp_path / "east.csv", tmp_path / "west.csv"]
    for file in files:
        file.write_text("wage\n1\n")
    aws.on(PutObject={}, HeadObject={"VersionId": "1"})
    made = snapshot.upload(training_spec(), files, rows=2, sample=False)
    keys = [request["Key"] for request in aws.called("PutObject")]
    assert keys == [f"snapshots/{made.version}/{name}" for name in ("east.csv", "west.csv", "manifest.json")]
    manifest = json.loads(aws.called("PutObject")[-1]["Body"])
    assert (manifest["rows"], manifest["sample"], manifest["files"][0]["version_id"]) == (2, False, "1")
    assert made.files == 2


def test_sample_of_the_first_day_is_called_so(aws: FakeAws):
    aws.on(PutObject={}, HeadObject={})
    assert snapshot.push_sample(training_spec()).sample
    sent, sealed = aws.called("PutObject")
    (file,) = json.loads(sealed["Body"])["files"]
    assert sent["Key"].endswith(file["name"]) and file["name"].startswith("sample.")
    assert json.loads(sealed["Body"])["sample"] is True


def test_bad_data_uploads_nothing(aws: FakeAws, tmp_path: Path):
    (tmp_path / "wages.csv").write_text("nothing\n")
    with pytest.raises(project.UserError, match=r"wages\.csv"):
        snapshot.push(tmp_path / "wages.csv")
    assert aws.calls == []


def test_newest_snapshot_is_the_last_with_a_manifest(aws: FakeAws):
    keys = ["1/a.csv", "1/manifest.json", "2/a.csv", "2/manifest.json", "3/a.csv"]
    aws.on(ListObjectsV2={"Contents": [{"Key": f"snapshots/{key}", "LastModified": DAY} for key in keys]})
    aws.on(GetObject=objects({"snapshots/2/manifest.json": b'{"version": "2", "sample": true}'}))
    assert snapshot.newest(training_spec()) == snapshot.Snapshot("2", "s3://wages-data/snapshots/2/", True)


class Bucket:
    """A versioned bucket, as far as freezing needs one."""

    def __init__(self, aws: FakeAws, retraining: dict[str, Any]) -> None:
        self.stored: dict[str, tuple[bytes, datetime]] = {}
        aws.on(ListObjectVersions=self.versions, ListObjectsV2=self.listed, GetObject=self.get, PutObject=self.put)
        aws.on(CopyObject=self.copy, GetParameter=parameters({"/wages/retraining": retraining}))

    def add(self, key: str, body: bytes, minutes: int = 0) -> None:
        self.stored[key] = (body, DAY + timedelta(minutes=minutes))

    def deliver(self, folder: str, minutes: int = 0, **parts: bytes) -> None:
        sums = {f"{name}.csv": hashlib.sha256(body).hexdigest() for name, body in parts.items()}
        for name, body in parts.items():
            self.add(f"raw/{folder}/{name}.csv", body, minutes)
        body = json.dumps({"count": len(sums), "sha256": sums}).encode()
        self.add(f"raw/{folder}/_SUCCESS", body, minutes)

    def versions(self, request: dict[str, Any]) -> dict[str, Any]:
        found = [
            {"Key": key, "VersionId": f"v-{key}-{at:%H%M}", "Size": len(body), "LastModified": at, "IsLatest": True}
            for key, (body, at) in self.stored.items()
            if key.startswith("raw/")
        ]
        date = {"HTTPHeaders": {"date": "Wed, 25 Nov 2026 13:00:00 GMT"}}
        return {"Versions": found, "ResponseMetadata": date}

    def listed(self, request: dict[str, Any]) -> dict[str, Any]:
        found = self.stored.items()
        return {"Contents": [{"Key": k, "LastModified": at} for k, (_, at) in found if k.startswith("snapshots/")]}

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.stored[request["Key"]][0])}

    def put(self, request: dict[str, Any]) -> dict[str, Any]:
        self.add(request["Key"], request["Body"], minutes=60)
        return {}

    def copy(self, request: dict[str, Any]) -> dict[str, Any]:
        body = self.stored[request["CopySource"]["Key"]][0]
        self.add(request["Key"], body, minutes=60)
        assert request["ChecksumAlgorithm"] == "SHA256"
        sha256 = base64.b64encode(hashlib.sha256(body).digest()).decode()
        return {"CopyObjectResult": {"ChecksumSHA256": sha256}, "VersionId": "c1"}


def test_delivery_becomes_a_frozen_snapshot(aws: FakeAws):
    bucket = Bucket(aws, MANIFEST)
    bucket.deliver("may", a=b"1", b=b"2")
    made = snapshot.take(training_spec())
    assert made is not None
    manifest = json.loads(bucket.stored[f"snapshots/{made.version}/manifest.json"][0])
    assert [entry["name"] for entry in manifest["files"]] == ["may__a.csv", "may__b.csv"]
    assert manifest["files"][0]["source"] == {"key": "raw/may/a.csv", "version_id": "v-raw/may/a.csv-1200"}
    assert manifest["files"][0]["sha256"] == hashlib.sha256(b"1").hexdigest()
    assert (manifest["sample"], made.arrived) == (False, True)
    assert aws.order().index("CopyObject") < aws.order().index("PutObject")  # the manifest comes last


def test_same_deliveries_are_frozen_once(aws: FakeAws):
    bucket = Bucket(aws, MANIFEST)
    bucket.deliver("may", a=b"1")
    first = snapshot.take(training_spec())
    assert snapshot.take(training_spec()) == first
    assert len(aws.called("CopyObject")) == 1


def test_deliveries_add_up_and_one_that_came_while_another_was_frozen_counts(aws: FakeAws):
    bucket = Bucket(aws, MANIFEST)
    bucket.deliver("may", a=b"1")
    snapshot.take(training_spec())  # sealed at minute 60
    bucket.deliver("june", minutes=30, b=b"2")
    made = snapshot.take(training_spec())
    assert made is not None
    files = json.loads(bucket.stored[f"snapshots/{made.version}/manifest.json"][0])["files"]
    assert [entry["name"] for entry in files] == ["june__b.csv", "may__a.csv"]


def test_file_that_was_pushed_after_a_delivery_is_the_newest_data(aws: FakeAws):
    bucket = Bucket(aws, MANIFEST)
    bucket.deliver("may", a=b"1")
    bucket.add("snapshots/p/manifest.json", b'{"version": "p", "sample": false}', minutes=5)
    assert snapshot.wanted(training_spec(), "newest").version == "p"
    bucket.deliver("june", minutes=10, b=b"2")
    assert snapshot.wanted(training_spec(), "newest").version != "p"
    assert snapshot.wanted(training_spec(), "p").version == "p"


def test_snapshot_that_does_not_exist_is_refused(aws: FakeAws):
    Bucket(aws, MANIFEST)
    with pytest.raises(project.PipelineError, match="v9: there is no such snapshot"):
        snapshot.wanted(training_spec(), "v9")


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        (b"", "raw/may/_SUCCESS: must be JSON such as"),
        (b"[]", "must be JSON such as"),
        (b'{"count": 1, "sha256": {"a.csv": "beef"}}', "must be JSON such as"),
        (b'{"count": 1, "sha256": ["a.csv"]}', "must be JSON such as"),
        (b'{"count": 2, "sha256": {"a.csv": "%s"}}' % (b"0" * 64), "says count 2 but names 1 objects"),
        (b'{"count": 1, "sha256": {"b.csv": "%s"}}' % (b"0" * 64), "names b.csv, which is not there"),
        (b'{"count": 1, "sha256": {"a.csv": "%s"}}' % (b"0" * 64), "raw/may/a.csv: its sha256 is 6b86b273ff34"),
    ],
)
def test_delivery_that_is_not_what_its_manifest_says_is_refused(aws: FakeAws, manifest: bytes, sentence: str):
    bucket = Bucket(aws, MANIFEST)
    bucket.add("raw/may/a.csv", b"1")
    bucket.add("raw/may/_SUCCESS", manifest)
    with pytest.raises(project.PipelineError) as error:
        snapshot.take(training_spec())
    assert sentence in str(error.value)
    assert not [key for key in bucket.stored if key.endswith("/manifest.json")]


def test_object_that_s3_cannot_sum_is_refused(aws: FakeAws, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(arrivals, "LARGEST", 3)
    bucket = Bucket(aws, QUIET)
    bucket.add("raw/a.csv", b"1234")
    with pytest.raises(project.PipelineError, match=r"raw/a\.csv: is larger than 5 GiB"):
        snapshot.take(training_spec())


def test_names_that_would_meet_in_a_snapshot_are_refused(aws: FakeAws):
    bucket = Bucket(aws, QUIET)
    bucket.add("raw/a/b.csv", b"1")
    bucket.add("raw/a__b.csv", b"2")
    with pytest.raises(project.PipelineError, match=r"2 objects would all be called a__b\.csv"):
        snapshot.take(training_spec())


def test_plain_objects_count_once_none_came_for_a_while(aws: FakeAws):
    bucket = Bucket(aws, QUIET)
    bucket.add("raw/a.csv", b"1")
    bucket.add("raw/_temporary", b"x", minutes=59)
    assert snapshot.take(training_spec()) is not None
    bucket.add("raw/b.csv", b"2", minutes=50)  # it is 13:00
    before = snapshot.newest(training_spec())
    assert snapshot.take(training_spec()) == before


def test_batch_that_still_arrives_does_not_hold_up_the_one_before(aws: FakeAws):
    bucket = Bucket(aws, QUIET)
    bucket.add("raw/a.csv", b"1")
    bucket.add("raw/b.csv", b"2", minutes=14)
    bucket.add("raw/c.csv", b"3", minutes=50)  # it is 13:00
    found = arrivals.complete("wages-data", QUIET)
    assert [arrived.key for arrived in found] == ["raw/a.csv", "raw/b.csv"]


def test_project_without_a_gatekeeper_trains_on_what_was_pushed(aws: FakeAws):
    bucket = Bucket(aws, MANIFEST)
    bucket.deliver("may", a=b"1")
    bucket.add("snapshots/p/manifest.json", b'{"version": "p", "sample": false}')
    aws.on(GetParameter=parameters({}))
    assert snapshot.wanted(training_spec(), "newest").version == "p"
