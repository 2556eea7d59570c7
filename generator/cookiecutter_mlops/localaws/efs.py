"""EFS's operation that moto lacks: a file system changes how it is paid for. Nothing can be mounted."""

import json
from typing import Any

from moto.efs.responses import EFSResponse as MotoEFSResponse

from cookiecutter_mlops.localaws import extension


class EFSResponse(MotoEFSResponse):
    def update_file_system(self) -> Any:
        identifier = self.path.split("/")[-1]
        self.efs_backend.describe_file_systems(file_system_id=identifier)  # refuses what is not there
        system = self.efs_backend.file_systems_by_id[identifier]
        request = json.loads(self.body)
        system.throughput_mode = request.get("ThroughputMode", system.throughput_mode)
        system.provisioned_throughput_in_mibps = request.get("ProvisionedThroughputInMibps")
        return json.dumps(system.info_json()), {"status": 202, "Content-Type": "application/json"}


def install() -> None:
    extension.swap_responses("efs", EFSResponse)
