"""The machines of a training job: which they are, what came to this one, and what they tell each other.

SageMaker starts the same program on each and describes them in resourceconfig.json; on a laptop there is one. What one
machine has to know of the others goes through `gather`: samples of rows, counts, parameters. Gradients, which a network
averages in each step, go through a process group of torch.distributed. Standard library only, but for that.
"""

import json
import os
import socket
import time
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from training import distributed
from training.settings import UserError

CONFIG = "input/config"
SHARDED = "ShardedByS3Key"
SHARE, ALL = "share", "all"  # of training/distributed.py
PORT = int(os.environ.get("MASTER_PORT", "29500"))  # of the first machine; that of the process group is the next one
PATIENCE = 600  # seconds between the starts of the first machine and of the last


@dataclass(frozen=True)
class Hosts:
    """The machines in the same order on each, which one this is, and the network interface that joins them."""

    names: tuple[str, ...] = ("localhost",)
    current: str = "localhost"
    interface: str = ""
    links: list[Connection] = field(default_factory=list, compare=False)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def rank(self) -> int:
        return self.names.index(self.current)

    @property
    def first(self) -> bool:
        """Whether this is the machine that judges and writes the model."""
        return self.rank == 0

    def free_place(self) -> tuple[str, int]:
        """This machine's address in the network that joins it with the first one, and a port where nobody listens."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way, socket.socket() as place:
            way.connect((self.names[0], PORT))  # which sends nothing
            place.bind((way.getsockname()[0], 0))
            return place.getsockname()

    def every(self, value: Any) -> list[Any]:
        """What each machine gives, as JSON can say it, by rank; see `gather`."""
        return [json.loads(content) for content in self.gather(json.dumps(value).encode())]

    def gather(self, content: bytes) -> list[bytes]:
        """What each machine gives, by rank; every machine has to call it, all of them in the same order."""
        if len(self) == 1:
            return [content]
        try:
            return self._collected(content) if self.first else self._handed_in(content)
        except (EOFError, ConnectionError):
            raise UserError(f"{self.current}: another machine of the job ended; its own log says why.") from None

    def _collected(self, content: bytes) -> list[bytes]:
        links = self.links or self._accept()
        contents = [content, *(link.recv_bytes() for link in links)]
        for link in links:
            for each in contents:
                link.send_bytes(each)
        return contents

    def _handed_in(self, content: bytes) -> list[bytes]:
        (link,) = self.links or self._connect()
        link.send_bytes(content)
        return [link.recv_bytes() for _ in self.names]

    def _accept(self) -> list[Connection]:
        with Listener((self.names[0], PORT), backlog=len(self)) as listener:
            arrived = [listener.accept() for _ in self.names[1:]]
        by_rank = {int(link.recv_bytes()): link for link in arrived}
        self.links.extend(by_rank[rank] for rank in sorted(by_rank))
        return self.links

    def _connect(self) -> list[Connection]:
        until = time.monotonic() + PATIENCE
        while not self.links:
            try:
                self.links.append(Client((self.names[0], PORT)))
            except OSError:  # it has not started yet, or has no address so far
                if time.monotonic() > until:
                    raise UserError(f"{self.current}: {self.names[0]} cannot be reached at port {PORT}.") from None
                time.sleep(0.2)
        self.links[0].send_bytes(str(self.rank).encode())
        return self.links

    def join(self) -> None:
        """Make the machines ranks of torch.distributed over gloo, which needs no GPU: once, until the job ends."""
        from torch import distributed as group  # here, because most models are without it

        if len(self) == 1 or group.is_initialized():
            return
        if self.interface:
            os.environ["GLOO_SOCKET_IFNAME"] = self.interface
        place = f"tcp://{self.names[0]}:{PORT + 1}"
        group.init_process_group("gloo", init_method=place, rank=self.rank, world_size=len(self))


def here() -> Hosts:
    """The machines of this job, or this machine alone."""
    from training.contract import base

    return described(base() / CONFIG / "resourceconfig.json")


@cache
def described(path: Path) -> Hosts:
    """What SageMaker says of a job's machines in resourceconfig.json; without it this machine is alone."""
    if not path.is_file():
        return Hosts()
    said = json.loads(path.read_text())
    return Hosts(tuple(sorted(said["hosts"])), said["current_host"], said.get("network_interface_name", ""))


def channel(name: str = "training") -> tuple[str, str]:
    """How a channel comes to this machine: its input mode (File, FastFile), and its distribution to the machines."""
    from training.contract import base

    path = base() / CONFIG / "inputdataconfig.json"
    told = json.loads(path.read_text()).get(name, {}) if path.is_file() else {}
    return told.get("TrainingInputMode", "File"), told.get("S3DistributionType", "FullyReplicated")


def sharded() -> bool:
    """Whether each machine of several has other files than the others."""
    return len(here()) > 1 and channel()[1] == SHARDED


def check(model: str, count: int, distribution: str) -> None:
    """Refuse, in a sentence, machines of which each would learn a model of its own."""
    rows = distributed.MODELS.get(model)
    if count > 1 and rows is None:
        others = f", or a [model] of project.toml that learns on several ({', '.join(distributed.MODELS)})"
        shared = "; what several machines share here is preprocessing (python -m pipelines.preprocess)"
        raise UserError(
            f"training.instance_count: {model} learns on one machine, on {count} each would learn a model of its own; "
            f"use 1{others if distributed.MODELS else shared}."
        )
    if count > 1 and rows == ALL and distribution == SHARDED:
        raise UserError(
            f"training.data_distribution: {model} needs all rows on each machine and divides them itself; "
            f"use FullyReplicated (got: {distribution})."
        )
