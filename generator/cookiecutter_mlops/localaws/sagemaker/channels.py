"""What SageMaker puts under /opt/ml/input before a job's program starts: data of the channels and its descriptions."""

from typing import Any

from cookiecutter_mlops.localaws.sagemaker import storage
from cookiecutter_mlops.localaws.sagemaker.cluster import Cluster, Instance

Document = dict[str, Any]


def prepare(account: str, cluster: Cluster, document: Document) -> None:
    """Fill the /opt/ml of a training job's containers: channels, hyperparameters, resources, empty output folders."""
    channels = document.get("InputDataConfig", [])
    for instance in cluster.instances:
        box = instance.container
        for inside in ("/opt/ml/model", "/opt/ml/output/data", "/opt/ml/input/data"):
            box.folder(inside)
        for channel in channels:
            _fetch(account, cluster, instance, channel, mode(document, channel))
        box.write("/opt/ml/input/config/hyperparameters.json", document.get("HyperParameters", {}))
        box.write("/opt/ml/input/config/resourceconfig.json", cluster.resource_config(instance))
        box.write("/opt/ml/input/config/inputdataconfig.json", _input_config(document, channels))


def share(cluster: Cluster, instance: Instance, distribution: str | None, groups: list[str] | None = None) -> slice:
    """Return which objects, by the order of their keys, an instance gets: all, or every n-th.

    AWS says only that each of n instances gets about 1/n of the objects (API reference, S3DataDistributionType).
    """
    if distribution != "ShardedByS3Key":
        return storage.ALL
    sharing = [member for member in cluster.instances if not groups or member.group in groups]
    return slice(sharing.index(instance), None, len(sharing))


def mode(document: Document, channel: Document) -> str:
    """Return File, FastFile or Pipe: the channel's own mode, or the algorithm's."""
    return channel.get("InputMode") or document["AlgorithmSpecification"].get("TrainingInputMode") or "File"


def _fetch(account: str, cluster: Cluster, instance: Instance, channel: Document, how: str) -> None:
    """Download a channel before the program starts; of FastFile only what it shows is kept: files to be read."""
    source = channel["DataSource"]["S3DataSource"]
    groups = source.get("InstanceGroupNames")
    folder = instance.container.folder(f"/opt/ml/input/data/{channel['ChannelName']}")
    if groups and instance.group not in groups:
        return
    part = share(cluster, instance, source.get("S3DataDistributionType"), groups)
    storage.download_input(account, source["S3Uri"], source["S3DataType"], folder, part)
    if how == "FastFile":
        for file in folder.rglob("*"):
            if file.is_file():
                file.chmod(0o444)


def _input_config(document: Document, channels: list[Document]) -> Document:
    return {
        channel["ChannelName"]: {
            "TrainingInputMode": mode(document, channel),
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        | ({"ContentType": channel["ContentType"]} if "ContentType" in channel else {})
        for channel in channels
    }
