"""Heavy preprocessing on Ray Data: raw files become the Parquet that training reads, on one machine or many.

    python -m preprocessing.run FOLDER [--labels FOLDER] [--into FOLDER]    # on this laptop; then `make train DATA=…`

A processing job (pipelines/preprocess.py) runs the same on each of its hosts: together they are one Ray cluster. Every
host reads the files that SageMaker gave to it and keeps the shards that it wrote, which SageMaker uploads. So no data
goes from host to host; Ray hands batches to free cores, does again what died with its process, and says what became
of each file.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from preprocessing import batch, cluster
from preprocessing.batch import Folders
from training.contract import base
from training.hosts import Hosts
from training.settings import UserError

REPORT = "_report.json"  # whoever reads the tables passes over a name that begins like this
BLOCKS = 1000  # parts into which Ray cuts a host's list of batches, at most
STEPS = 10  # lines about progress
SHOWN = 20  # problems that are printed; the report has all


def job() -> None:
    """What each host of a processing job does; the head reports."""
    with cluster.joined(cluster.hosts(base())) as nodes:
        if nodes:
            tell(run(nodes, None))


def run(nodes: list[str], folders: Folders | None) -> dict[str, Any]:
    """Prepare the files of all nodes, in folders of each (None: those of a job); writes the report on this one.

    A UserError where there is no file, where none has a row, or where a file was not done exactly once.
    """
    ray = cluster.library()
    listing = ray.remote(num_cpus=0)(_listed)
    found = ray.get([listing.options(label_selector=_on(node)).remote(folders) for node in nodes])
    parts = [_dataset(listed, node, folders) for listed, node in zip(found, nodes, strict=True) if listed]
    if not parts:
        raise UserError("there is no file to preprocess.")
    everything = parts[0].union(*parts[1:]) if parts[1:] else parts[0]
    done = _followed(everything.iter_rows(), sum(map(len, found)))
    report = summary([name for listed in found for names in listed for name in names], done)
    (folders or Folders.of_job()).target.joinpath(REPORT).write_text(json.dumps(report, indent=2))
    return report


def _on(node: str) -> dict[str, str]:
    """A node and no other one: the files lie there."""
    return {"ray.io/node-id": node}


def _listed(folders: Folders | None) -> list[list[str]]:
    return batch.batches((folders or Folders.of_job()).source)


def _dataset(listed: list[list[str]], node: str, folders: Folders | None) -> Any:
    """What becomes of a node's batches, as rows with one text."""
    import ray.data

    rows = [{"names": json.dumps(names)} for names in listed]
    planned = ray.data.from_items(rows, override_num_blocks=min(len(rows), BLOCKS))
    return planned.map_batches(partial(_prepared, folders), batch_size=1, label_selector=_on(node))


def _prepared(folders: Folders | None, rows: dict[str, Any]) -> dict[str, Any]:
    done = (batch.prepare(json.loads(names), folders or Folders.of_job()) for names in rows["names"])
    return {"told": [json.dumps(one) for one in done]}


def _followed(rows: Iterable[dict[str, str]], total: int) -> Iterator[dict[str, Any]]:
    """What became of each batch; whoever waits sees that it goes on."""
    for count, row in enumerate(rows, start=1):
        if count * STEPS // total > (count - 1) * STEPS // total:
            print(f"{count:,} of {total:,} batches", flush=True)
        yield json.loads(row["told"])


def summary(names: list[str], done: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What became of all files (by name only what is wrong), and the sum of each shard."""
    counted, rows = Counter[str](), 0
    problems: dict[str, list[str]] = {}
    shards: dict[str, str] = {}
    for one in done:
        shards |= one["shards"]
        for item in one["items"]:
            counted[item["item"]] += 1
            rows += item["rows"]
            problems |= {item["item"]: item["problems"]} if item["problems"] else {}
    if odd := sorted((counted - Counter(set(names))) + (Counter(names) - counted)):
        raise UserError(f"{len(odd)} files were not read exactly once ({', '.join(odd[:5])}); run this again.")
    if not rows:
        first = next(iter(problems.values()))[0]
        raise UserError(f"none of {len(names)} files has a row that can be used; the first one: {first}")
    return {"files": len(names), "rows": rows, "problems": problems, "shards": shards}


def tell(report: dict[str, Any]) -> None:
    """Print what a person wants to know of a report."""
    problems = [sentence for found in report["problems"].values() for sentence in found]
    print(f"{report['files']:,} files, {report['rows']:,} rows in {len(report['shards']):,} shards")
    print(f"files with a problem: {len(report['problems']):,}", *problems[:SHOWN], sep="\n  ", flush=True)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m preprocessing.run", description=__doc__.partition("\n")[0])
    parser.add_argument("source", type=Path, help="folder of raw files")
    parser.add_argument("--labels", type=Path, help="folder of what is known of them, by the same names")
    parser.add_argument("--into", type=Path, default=Path(".mlops/preprocessed"), help="folder for the shards")
    given = parser.parse_args(arguments)
    if not given.source.is_dir():
        raise UserError(f"{given.source}: must be a folder of raw files, for example recordings/.")
    source, into = given.source.resolve(), given.into.resolve()
    for old in [*into.glob("part-*.parquet"), *into.glob(REPORT)]:
        old.unlink()
    folders = Folders(source, (given.labels or source / "labels").resolve(), into)
    with cluster.joined(Hosts()) as nodes:
        tell(run(nodes, folders))
    print(f"they are in {given.into}; try: make train DATA={given.into}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as problem:
        sys.exit(str(problem))
