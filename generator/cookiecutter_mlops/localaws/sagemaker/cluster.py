"""The instances of a job: N containers in one network, started, waited for and ended together.

`resourceconfig.json` is as in https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import itertools
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.sagemaker.container import Container
from cookiecutter_mlops.localaws.sagemaker.network import Network

_ONE_GROUP = "homogeneousCluster"
Log = Callable[[str, str], object]  # what a program of a host wrote: line, name of the host


class Plan(NamedTuple):
    """An instance that a job asks for: `name` is algo-1, algo-2, …, `group` that of a heterogeneous cluster."""

    name: str
    kind: str
    group: str


class Instance:
    """An instance with its container and, once it is started, the program in it."""

    def __init__(self, plan: Plan, container: Container) -> None:
        self.name, self.kind, self.group = plan
        self.container = container
        self.process: subprocess.Popen[str] | None = None


class Cluster:
    """All instances of a job, joined by its network."""

    def __init__(self, instances: list[Instance], network: Network) -> None:
        self.instances, self.network = instances, network
        self.failed = 0  # the number of the instance whose program failed first

    @property
    def containers(self) -> list[Container]:
        return [instance.container for instance in self.instances]

    def resource_config(self, instance: Instance) -> dict[str, Any]:
        """Return what resourceconfig.json says on an instance."""
        hosts = dict(zip(self.network.names, self.network.hosts, strict=True))
        groups = {member.group: member.kind for member in self.instances}
        return {
            "current_host": hosts[instance.name],
            "current_instance_type": instance.kind,
            "current_group_name": instance.group,
            "hosts": list(hosts.values()),
            "instance_groups": [
                {
                    "instance_group_name": group,
                    "instance_type": kind,
                    "hosts": [hosts[member.name] for member in self.instances if member.group == group],
                }
                for group, kind in groups.items()
            ],
            "network_interface_name": self.network.interface,
        }

    def start(self, arguments: list[str], environment: dict[str, str], log: Log, entrypoint: Any = None) -> None:
        """Start the program on every instance."""
        for instance in self.instances:
            instance.process = instance.container.start(
                arguments,
                self.network.environment | environment,
                lambda line, name=instance.name: log(line, name),  # type: ignore[misc]
                entrypoint,
                self.network.command,
            )

    def wait(self) -> int:
        """Return the exit code of the program that failed first, or 0; when one fails, the others are ended."""
        ended: queue.Queue[tuple[int, int]] = queue.Queue()
        for number, process in enumerate(self._processes()):
            threading.Thread(target=lambda n=number, p=process: ended.put((n, p.wait())), daemon=True).start()  # type: ignore[misc]
        first = 0
        for _ in self.instances:
            number, code = ended.get()
            if code and not first:
                first, self.failed = code, number
                self.end()
        for process in self._processes():
            process.reader.join(10)  # type: ignore[attr-defined]
        return first

    def end(self, grace: float = 10) -> None:
        """Ask all programs to end, and end them when they do not; return at once."""
        for process in self._processes():
            if process.poll() is None:
                threading.Thread(target=runtime.stop, args=(process, grace), daemon=True).start()

    def kill(self) -> None:
        for process in self._processes():
            runtime.kill(process)

    def _processes(self) -> list["subprocess.Popen[str]"]:
        return [instance.process for instance in self.instances if instance.process]


def planned(resources: dict[str, Any]) -> Iterator[Plan]:
    """Yield the instances that a job asks for."""
    number = itertools.count(1)
    for group in resources.get("InstanceGroups") or [resources]:
        for _ in range(group.get("InstanceCount") or 1):
            kind = group.get("InstanceType", "ml.m5.large")
            yield Plan(f"algo-{next(number)}", kind, group.get("InstanceGroupName", _ONE_GROUP))
