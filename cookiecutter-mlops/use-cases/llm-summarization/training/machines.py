"""Runs a training on every device of every machine of a job, as torchrun does; on one device simply here.

Which machines there are, training/hosts.py knows. MLOPS_PROCESSES is for machines without a GPU: how many
processes learn together on each.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from training import hosts


def run(function: Callable[[Path], None], folder: Path) -> None:
    """Call a function of a module that torchrun can start; CalledProcessError where a process of it fails."""
    machines = hosts.here()
    devices = torch.cuda.device_count() or int(os.environ.get("MLOPS_PROCESSES", "1"))
    if len(machines) * devices == 1:
        return function(folder)
    nodes = ["--nnodes", str(len(machines)), "--node-rank", str(machines.rank), "--nproc-per-node", str(devices)]
    meet = ["--master-addr", machines.names[0], "--master-port", str(hosts.PORT)]
    torchrun = [sys.executable, "-m", "torch.distributed.run", *nodes, *meet]
    network = (
        dict.fromkeys(("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME"), machines.interface) if machines.interface else {}
    )
    subprocess.run([*torchrun, "-m", function.__module__, str(folder)], check=True, env=os.environ | network)
    return None
