"""Runs a training on every device of every machine of a job, as torchrun does; on one device simply here.

Which machines there are, SageMaker says in resourceconfig.json. MLOPS_PROCESSES is for machines without a GPU: how many
processes learn together on each.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from training.contract import base

PORT = 29500


def run(function: Callable[[Path], None], folder: Path) -> None:
    """Call a function of a module that torchrun can start; CalledProcessError where a process of it fails."""
    hosts, current, interface = _hosts()
    devices = torch.cuda.device_count() or int(os.environ.get("MLOPS_PROCESSES", "1"))
    if len(hosts) * devices == 1:
        return function(folder)
    nodes = ["--nnodes", str(len(hosts)), "--node-rank", str(hosts.index(current)), "--nproc-per-node", str(devices)]
    meet = ["--master-addr", hosts[0], "--master-port", str(PORT)]
    torchrun = [sys.executable, "-m", "torch.distributed.run", *nodes, *meet]
    network = {f"{library}_SOCKET_IFNAME": interface for library in ("NCCL", "GLOO")} if interface else {}
    subprocess.run([*torchrun, "-m", function.__module__, str(folder)], check=True, env=os.environ | network)
    return None


def _hosts() -> tuple[list[str], str, str]:
    """Every machine of the job, in the same order on each, which one this is, and the network that joins them."""
    path = base() / "input/config/resourceconfig.json"
    if not path.is_file():
        return ["localhost"], "localhost", ""
    told = json.loads(path.read_text())
    return sorted(told["hosts"]), told["current_host"], told.get("network_interface_name", "")
