"""What SageMaker puts under /opt/ml/input before a job's program starts: data of the channels and its descriptions."""

from typing import Any

from cookiecutter_mlops.localaws.sagemaker import storage
from cookiecutter_mlops.localaws.sagemaker.container import Container


def prepare(account: str, box: Container, document: dict[str, Any]) -> None:
    """Fill a training container's /opt/ml: channels from S3, hyperparameters, resources, and empty output folders."""
    channels = document.get("InputDataConfig", [])
    for inside in ("/opt/ml/model", "/opt/ml/output/data", "/opt/ml/input/data"):
        box.folder(inside)
    for channel in channels:
        folder = box.folder(f"/opt/ml/input/data/{channel['ChannelName']}")
        storage.download(account, channel["DataSource"]["S3DataSource"]["S3Uri"], folder)
    box.write("/opt/ml/input/config/hyperparameters.json", document.get("HyperParameters", {}))
    box.write("/opt/ml/input/config/resourceconfig.json", resource_config(document["ResourceConfig"]))
    box.write("/opt/ml/input/config/inputdataconfig.json", _input_config(channels))


def resource_config(resources: dict[str, Any]) -> dict[str, Any]:
    """Return resourceconfig.json of a job on one instance."""
    kind = resources.get("InstanceType", "ml.m5.large")
    return {
        "current_host": "algo-1",
        "current_instance_type": kind,
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [{"instance_group_name": "homogeneousCluster", "instance_type": kind, "hosts": ["algo-1"]}],
        "network_interface_name": "eth0",
    }


def _input_config(channels: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", "File"),
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        | ({"ContentType": channel["ContentType"]} if "ContentType" in channel else {})
        for channel in channels
    }
