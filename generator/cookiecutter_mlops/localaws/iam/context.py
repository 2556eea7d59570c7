"""The condition keys of a call: those of every request, and those that services take from their parameters."""

from collections.abc import Iterable
from typing import Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.iam.evaluation import Principal
from cookiecutter_mlops.localaws.iam.requests import Operation

Values = dict[str, list[str]]


def of_everything(principal: Principal, region: str, resource_account: str) -> Values:
    """Return the global keys. The loopback address stands in for TLS, so that the same policies work here."""
    now = clock.now()
    values = {
        "aws:currenttime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:epochtime": str(int(now.timestamp())),
        "aws:requestedregion": region,
        "aws:resourceaccount": resource_account,
        "aws:securetransport": "true",
        "s3:tlsversion": "1.3",
        "aws:sourceip": "127.0.0.1",
    }
    if principal.service:
        values |= {"aws:principalisawsservice": "true", "aws:principalservicename": principal.service}
        return {key: [value] for key, value in values.items()}
    values |= {
        "aws:principalaccount": principal.account,
        "aws:principalarn": principal.role or principal.arn,
        "aws:principalisawsservice": "false",
        "aws:sourceowner": principal.account,  # an old key that default policies of topics still have
        "aws:principaltype": "AssumedRole" if principal.role else "User",
        "aws:viaawsservice": "false",
    }
    if not principal.role:
        values["aws:username"] = principal.arn.rpartition("/")[2]
    return {key: [value] for key, value in values.items()}


def of_operation(operation: Operation) -> Values:
    """Return the keys that the parameters of a request set."""
    params = operation.params
    values = _tags(params)
    take = _SERVICES.get(operation.service)
    return values | (take(operation.name, params) if take else {})


def texts(*values: Any) -> list[str]:
    """Return what is set among values, as the texts that conditions compare."""
    flat: Iterable[Any] = (v for value in values for v in (value if isinstance(value, list | tuple) else [value]))
    return [str(v).lower() if isinstance(v, bool) else str(v) for v in flat if v is not None]


def _tags(params: dict[str, Any]) -> Values:
    given = params.get("Tags") or params.get("tags") or {}
    if isinstance(given, dict):
        pairs = dict(given)
    else:
        pairs = {t.get("Key", t.get("key")): t.get("Value", t.get("value", "")) for t in given if isinstance(t, dict)}
    tags = {f"aws:requesttag/{key}".lower(): [str(value)] for key, value in pairs.items() if key}
    return tags | ({"aws:tagkeys": [str(key) for key in pairs]} if tags else {})


def _sagemaker(name: str, params: dict[str, Any]) -> Values:
    params = params | (params.get("TrainingJobDefinition") or {})  # a tuning job's settings are those of its trials
    network = params.get("NetworkConfig") or params
    vpc = network.get("VpcConfig") or {}
    cluster = _cluster(params)
    output = (
        params.get("OutputDataConfig") or params.get("ProcessingOutputConfig") or params.get("TransformOutput") or {}
    )
    variants = params.get("ProductionVariants") or []
    serverless = [v["ServerlessConfig"] for v in variants if v.get("ServerlessConfig")]
    found: dict[str, list[str]] = {
        "directinternetaccess": texts(params.get("DirectInternetAccess")),
        "enableremotedebug": texts((params.get("RemoteDebugConfig") or {}).get("EnableRemoteDebug")),
        "instancetypes": texts(cluster.get("InstanceType"), params.get("InstanceType"))
        + texts(*[v.get("InstanceType") for v in variants]),
        "intercontainertrafficencryption": texts(network.get("EnableInterContainerTrafficEncryption")),
        "maxruntimeinseconds": texts((params.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds")),
        "modelapprovalstatus": texts(params.get("ModelApprovalStatus")),
        "networkisolation": texts(network.get("EnableNetworkIsolation")),
        "outputkmskey": texts(output.get("KmsKeyId") or None),
        "rootaccess": texts(params.get("RootAccess")),
        "serverlessmaxconcurrency": texts(*[s.get("MaxConcurrency") for s in serverless]),
        "serverlessmemorysize": texts(*[s.get("MemorySizeInMB") for s in serverless]),
        "targetmodel": texts(params.get("TargetModel")),
        "volumekmskey": texts(cluster.get("VolumeKmsKeyId"), params.get("KmsKeyId")),
        "vpcsecuritygroupids": texts(vpc.get("SecurityGroupIds"), params.get("SecurityGroupIds")),
        "vpcsubnets": texts(vpc.get("Subnets"), params.get("SubnetId")),
    }
    # AWS renamed two keys and fills in both names.
    found |= {f"{key}arn": found[key] for key in ("outputkmskey", "volumekmskey")}
    return {f"sagemaker:{key}": values for key, values in found.items() if values}


def _cluster(params: dict[str, Any]) -> dict[str, Any]:
    processing = (params.get("ProcessingResources") or {}).get("ClusterConfig")
    members = ("ResourceConfig", "HyperParameterTuningResourceConfig", "TransformResources")
    return processing or next((params[member] for member in members if params.get(member)), {})


def _autoscaling(name: str, params: dict[str, Any]) -> Values:
    members = {"service-namespace": "ServiceNamespace", "scalable-dimension": "ScalableDimension"}
    return {f"application-autoscaling:{k}": texts(params[m]) for k, m in members.items() if params.get(m)}


def _cloudwatch(name: str, params: dict[str, Any]) -> Values:
    return {"cloudwatch:namespace": texts(params.get("Namespace"))} if name == "PutMetricData" else {}


def _dynamodb(name: str, params: dict[str, Any]) -> Values:
    return {"dynamodb:select": texts(params["Select"])} if params.get("Select") else {}


def _events(name: str, params: dict[str, Any]) -> Values:
    entries = params.get("Entries") or []
    members = {"source": "Source", "detail-type": "DetailType"}
    return {f"events:{k}": texts(*[e.get(m) for e in entries]) for k, m in members.items() if entries}


def _iam(name: str, params: dict[str, Any]) -> Values:
    members = {
        "awsservicename": "AWSServiceName",
        "permissionsboundary": "PermissionsBoundary",
        "policyarn": "PolicyArn",
    }
    return {f"iam:{k}": texts(params[m]) for k, m in members.items() if params.get(m)}


def _kms(name: str, params: dict[str, Any]) -> Values:
    pairs = params.get("EncryptionContext") or {}
    found = {f"kms:encryptioncontext:{key}".lower(): [value] for key, value in pairs.items()}
    found |= {"kms:encryptioncontextkeys": list(pairs)} if pairs else {}
    return found | ({"kms:granteeprincipal": texts(params["GranteePrincipal"])} if "GranteePrincipal" in params else {})


def _sns(name: str, params: dict[str, Any]) -> Values:
    members = {"endpoint": "Endpoint", "protocol": "Protocol"}
    return {f"sns:{k}": texts(params[m]) for k, m in members.items() if params.get(m)}


def _ssm(name: str, params: dict[str, Any]) -> Values:
    members = {"overwrite": "Overwrite", "recursive": "Recursive"}
    return {f"ssm:{k}": texts(params[m]) for k, m in members.items() if m in params}


def _sts(name: str, params: dict[str, Any]) -> Values:
    members = {"externalid": "ExternalId", "rolesessionname": "RoleSessionName", "sourceidentity": "SourceIdentity"}
    return {f"sts:{k}": texts(params[m]) for k, m in members.items() if params.get(m)}


_SERVICES = {
    "application-autoscaling": _autoscaling,
    "cloudwatch": _cloudwatch,
    "dynamodb": _dynamodb,
    "events": _events,
    "iam": _iam,
    "kms": _kms,
    "sagemaker": _sagemaker,
    "sns": _sns,
    "ssm": _ssm,
    "sts": _sts,
}
