"""How fast a day of captured requests is monitored, and in how much memory: `python benchmarks/monitoring.py [--all]`.

Each size is one job as SageMaker starts it, on the tabular sample; a row is one captured request with its answer.
Without --all the 10 million rows of a busy day, about 6 GB of files, are left out.
"""

import argparse
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.environments import environment

SIZES = [10_000, 100_000, 1_000_000]
WHOLE_DAY = 10_000_000
PER_FILE = 100_000
MODES = {"Input": "request", "Output": "response"}
RUN = {"PROJECT": "bench", "STAGE": "prod", "MODEL": "1", "START": "2026-01-02T00", "HOURS": "24", "COMPLETE": "yes"}
RUN |= {"SHARE": "1", "REQUESTS": "", "ERRORS": ""}


def lines(rows: int, samples: list[dict]) -> Iterator[str]:
    """Captured requests over the hours of a day, each with its own id and place on the clock."""
    captured = [{f"endpoint{mode}": message(sample[name]) for mode, name in MODES.items()} for sample in samples]
    for row in range(rows):
        moment = f"2026-01-02T{24 * row // rows:02}:{row % 3600 // 60:02}:{row % 60:02}Z"
        metadata = {"eventId": f"event-{row:09}", "inferenceId": f"0a1b2c3d-4e5f-6071-8293-{row:012}"}
        metadata |= {"inferenceTime": moment}
        yield json.dumps({"captureData": captured[row % len(captured)], "eventMetadata": metadata, "eventVersion": "0"})


def message(content: dict) -> dict[str, str]:
    """One side of a captured request, as SageMaker writes it."""
    return {"observedContentType": "application/json", "encoding": "JSON", "data": json.dumps(content)}


def capture(folder: Path, rows: int, samples: list[dict]) -> int:
    """Write the files of a day; their size in bytes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source = lines(rows, samples)
    for number in range(0, rows, PER_FILE):
        with (folder / f"{number:09}.jsonl").open("w") as file:
            file.writelines(f"{line}\n" for line in itertools.islice(source, PER_FILE))
    return sum(path.stat().st_size for path in folder.iterdir())


def measured(python: Path, project: Path, base: Path) -> tuple[float, float, int]:
    """Seconds, CPU seconds and peak kilobytes of one job."""
    settings = {f"MONITOR_{name}": value for name, value in RUN.items()}
    environ = {**os.environ, **settings, "SM_BASE_DIR": str(base)}
    begin = time.perf_counter()
    process = subprocess.Popen([python, "-m", "training.contract", "monitor"], cwd=project, env=environ)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit("the monitoring job failed")
    return time.perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="10 million rows, too")
    sizes = SIZES + ([WHOLE_DAY] if parser.parse_args().all else [])
    with tempfile.TemporaryDirectory() as folder:
        project = scaffold.create({"project_name": "Bench", "owner_email": "a@example.com"}, Path(folder))
        python, base = environment(project), Path(folder) / "ml"
        subprocess.run([python, "-m", "training.train"], cwd=project, check=True, stdout=subprocess.DEVNULL)
        made = project / ".mlops" / "ml"
        baseline = base / "processing" / "input" / "baseline"
        baseline.mkdir(parents=True)
        shutil.copy(made / "model" / "baseline.json", baseline)
        shutil.copy(made / "output" / "data" / "evaluation.json", baseline)
        samples = json.loads((made / "model" / "samples.json").read_text())
        print(f"{'rows':>12} {'GB':>6} {'seconds':>8} {'rows/s':>8} {'rows/CPU s':>10} {'peak MB':>8}")
        for rows in sizes:
            size = capture(base / "processing" / "input" / "capture", rows, samples)
            seconds, cpu, peak = measured(python, project, base)
            speed = f"{rows / seconds:>8,.0f} {rows / cpu:>10,.0f}"
            print(f"{rows:>12,} {size / 1e9:>6.2f} {seconds:>8.1f} {speed} {peak / 1024:>8,.0f}", flush=True)


if __name__ == "__main__":
    main()
