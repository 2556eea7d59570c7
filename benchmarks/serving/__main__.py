"""Our server beside others, on one fitted pipeline: `python benchmarks/serving [--rounds 3] [--seconds 3] [NAME …]`.

One round of every stack after the other, so that a busy moment hits all alike; the ratios of one run are the result.
Needs wrk, and nginx for AWS's stack (Debian: `apt install wrk nginx-light`), and Linux. Each rival is installed once,
into an environment of its own. `--write docs` puts tables and picture into docs/performance.md.
"""

import argparse
import os
import shutil
import statistics
import tempfile
from pathlib import Path

import report
from load import POINTS, Load
from problem import Problem
from stacks import STACKS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of each point")
    parser.add_argument("--write", choices=["docs"], help="where the tables go besides the screen")
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(stack.name for stack in STACKS)}")
    options = parser.parse_args()
    chosen = [stack for stack in STACKS if not options.names or stack.name in options.names]
    for tool in ("wrk", "nginx"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is not installed; on Debian: apt install wrk nginx-light")
    with tempfile.TemporaryDirectory() as folder:
        load = Load(Problem(Path(folder), {rows for rows, _ in POINTS.values()}), options.seconds)
        rounds: dict[str, list[dict[str, float]]] = {stack.name: [] for stack in chosen}
        loads, inside = [], []
        for number in range(options.rounds):
            inside.append(load.problem.in_process())
            for stack in chosen:
                rounds[stack.name].append(load.measured(stack))
                loads.append(os.getloadavg()[0])
                print(f"round {number + 1}: {stack.name}, load {loads[-1]:.1f}", flush=True)
    results, in_process = report.medians(rounds), statistics.median(inside)
    told = report.circumstances(options.rounds, options.seconds, loads)
    text = report.tables(results, in_process, told)
    print(text)
    if options.write:
        report.write(text, report.reached(results, in_process))


if __name__ == "__main__":
    main()
