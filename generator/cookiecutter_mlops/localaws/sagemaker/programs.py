"""Jobs that run a program in containers, on one instance or several: training and processing."""

import shutil
from typing import Any

from cookiecutter_mlops.localaws import faults, runtime
from cookiecutter_mlops.localaws.sagemaker import cluster
from cookiecutter_mlops.localaws.sagemaker.cluster import Cluster, Instance
from cookiecutter_mlops.localaws.sagemaker.container import Container
from cookiecutter_mlops.localaws.sagemaker.jobs import GRACE_SECONDS, Job, timer
from cookiecutter_mlops.localaws.sagemaker.network import Network


class ProgramJob(Job):
    """A job whose `cluster` runs the image's program."""

    @property
    def isolated(self) -> bool:
        network = self.document.get("NetworkConfig") or self.document
        return bool(network.get("EnableNetworkIsolation"))

    def renew(self) -> None:
        """Take new containers in a new network, as new instances have."""
        self.folder = runtime.home() / "jobs" / f"{self.noun}-{self.name}"
        shutil.rmtree(self.folder, ignore_errors=True)
        instances = [Instance(plan, self._container(plan.name)) for plan in cluster.planned(self.resources)]
        self.cluster = Cluster(instances, Network(self.folder, len(instances), self.isolated))

    def end_process(self) -> None:
        self.cluster.end(GRACE_SECONDS)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        self.cluster.network.close()

    def execute(self, arguments: list[str], environment: dict[str, str], entrypoint: Any = None) -> int:
        """Run the program on all instances under the job's time limit; return the exit code that the job ends with."""
        if self.halted:
            return 0
        if problem := self.cluster.network.problem:
            self.line(f"This machine has no namespaces for the network of the job: {problem}")
        self.cluster.start(arguments, environment, self.line, entrypoint)
        limit = self.document.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400)
        limited = timer(limit, self.halt, "MaxRuntimeExceeded")
        if self.halted:  # while it started
            self.end_process()
        with faults.exposed("kill", self.name, self.cluster.kill):
            code = self.cluster.wait()
        limited.cancel()
        self.close()
        return code

    def _container(self, host: str) -> Container:
        backend = self.backend
        return Container(
            f"{self.folder.name}/{host}",
            self.image,
            account=backend.account_id,
            region=backend.region_name,
            credentials=self.session.environment(),
            isolated=self.isolated,
        )
