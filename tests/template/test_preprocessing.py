"""Preprocessing on Ray in a generated project: one machine and two hosts write the same rows of real data, once."""

import csv
import json
import os
import subprocess
from collections import Counter

import pyarrow.parquet
import pytest

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.environments import environment

from .test_tabular import REAL_DATA, SETTINGS

SALARIES = REAL_DATA / "salaries/cps1988.csv"
FILES = 12
HOSTS = ("127.0.1.1", "127.0.1.2")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("MLOPS_RAY" not in os.environ, reason="installs Ray, 0.4 GB; set MLOPS_RAY=1 for it"),
    pytest.mark.skipif(not SALARIES.exists(), reason=f"real data: {SALARIES} is not there"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project of the real survey that asks for Ray, as its README says."""
    project = scaffold.create({"project_name": "Wages"}, tmp_path_factory.mktemp("preprocessing"))
    (project / "project.toml").write_text(SETTINGS)
    with (project / "requirements/train.txt").open("a") as requirements:
        requirements.write("-r preprocess.txt\n")
    return project


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """The survey as files; one is no table, and one has a row that breaks a rule."""
    folder = tmp_path_factory.mktemp("raw")
    with SALARIES.open(newline="") as lines:
        header, *rows = csv.reader(lines)
    for number in range(FILES):
        with (folder / f"{number:02}.csv").open("w", newline="") as out:
            csv.writer(out).writerows([header, *rows[number::FILES]])
    with (folder / "03.csv").open("a", newline="") as out:
        csv.writer(out).writerow(["much", *rows[0][1:]])
    (folder / "99.csv").write_bytes(b"\0\1")
    return folder


def written(folders):
    """Every row in the shards of these folders, and how often it is there."""
    paths = [path for folder in folders for path in sorted(folder.glob("*.parquet"))]
    return Counter(tuple(row.values()) for path in paths for row in pyarrow.parquet.read_table(path).to_pylist())


def test_two_hosts_write_the_rows_that_one_machine_writes_each_once(project, raw, tmp_path):
    python, alone = environment(project), tmp_path / "alone"
    command = [python, "-m", "preprocessing.run", raw, "--into", alone]
    told = subprocess.run(command, cwd=project, text=True, capture_output=True)
    assert told.returncode == 0, told.stderr[-3000:]
    for number, host in enumerate(HOSTS):
        share = tmp_path / host / "processing/input/items"
        share.mkdir(parents=True)
        (tmp_path / host / "config").mkdir()
        hosts = {"current_host": host, "hosts": list(HOSTS)}
        (tmp_path / host / "config/resourceconfig.json").write_text(json.dumps(hosts))
        for file in sorted(raw.iterdir())[number :: len(HOSTS)]:
            (share / file.name).symlink_to(file)
    processes = [
        subprocess.Popen(
            [python, "-m", "training.contract", "preprocess"],
            cwd=project,
            env=os.environ | {"SM_BASE_DIR": str(tmp_path / host), "RAY_AUTH_TOKEN": "0" * 64},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for host in HOSTS
    ]
    for process in processes:
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output[-3000:]
    outputs = [tmp_path / host / "processing/output" for host in HOSTS]
    assert all(any(output.glob("*.parquet")) for output in outputs)
    assert written(outputs) == written([alone])
    assert sum(written([alone]).values()) == 28_155
    reports = [json.loads((folder / "_report.json").read_text()) for folder in (alone, outputs[0])]
    assert reports[0] == reports[1]
    assert sorted(reports[0]["problems"]) == ["03.csv", "99.csv"]
    assert "wage must be a number" in reports[0]["problems"]["03.csv"][0]
