"""Pipeline definitions as the SageMaker Python SDK writes them: process, train, evaluate, then register or fail."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bundles import new_bucket, push_bundle
from tests.localaws.conftest import ACCOUNT, Aws, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
CPU = {"InstanceType": {"Get": "Parameters.InstanceType"}, "InstanceCount": {"Get": "Parameters.InstanceCount"}}
VOLUME = {"VolumeSizeInGB": 5}
FOLDER = "/opt/ml/processing"
ENDED = ("Succeeded", "Failed", "Stopped")
Document = dict[str, Any]

PARAMETERS = [
    {"Name": "InstanceType", "Type": "String", "DefaultValue": "ml.m5.large"},
    {"Name": "InstanceCount", "Type": "Integer", "DefaultValue": 1},
    {"Name": "Answer", "Type": "String", "DefaultValue": "3"},
    {"Name": "Threshold", "Type": "Float", "DefaultValue": 6.0},
    {"Name": "Approval", "Type": "String", "DefaultValue": "PendingManualApproval"},
]


def get(path: str) -> Document:
    return {"Get": path}


def join(*values: Any, on: str = "/") -> Document:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def definition(*steps: Document, parameters: list[Document] = PARAMETERS, **more: Any) -> str:
    return json.dumps({"Version": "2020-12-01", "Metadata": {}, "Parameters": parameters, "Steps": steps} | more)


def processing(
    name: str, image: str, command: list[str], source: Any, output: str, bucket: str, **more: Any
) -> Document:
    """Return a processing step; its one output is named, and lies below the execution's id."""
    place = {"S3DataType": "S3Prefix", "S3InputMode": "File", "S3DataDistributionType": "FullyReplicated"}
    target = {
        "S3Uri": join(f"s3://{bucket}", get("Execution.PipelineExecutionId"), output),
        "LocalPath": f"{FOLDER}/{output}",
        "S3UploadMode": "EndOfJob",
    }
    arguments = {
        "ProcessingResources": {"ClusterConfig": CPU | VOLUME},
        "AppSpecification": {
            "ImageUri": image,
            "ContainerEntrypoint": ["python", "program.py", *command],
            "ContainerArguments": [f"{FOLDER}/input", f"{FOLDER}/{output}"],
        },
        "RoleArn": ROLE,
        "ProcessingInputs": [
            {
                "InputName": "input-1",
                "AppManaged": False,
                "S3Input": {"S3Uri": source, "LocalPath": f"{FOLDER}/input"} | place,
            }
        ],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": output, "AppManaged": False, "S3Output": target}]},
    }
    return {"Name": name, "Type": "Processing", "Arguments": arguments} | more


def training(name: str, image: str, source: Any, bucket: str, hyperparameters: Document, **more: Any) -> Document:
    place = {"S3DataType": "S3Prefix", "S3Uri": source, "S3DataDistributionType": "FullyReplicated"}
    arguments = {
        "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": image},
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 120},
        "ResourceConfig": CPU | VOLUME,
        "RoleArn": ROLE,
        "InputDataConfig": [{"DataSource": {"S3DataSource": place}, "ChannelName": "training"}],
        "HyperParameters": hyperparameters,
    }
    return {"Name": name, "Type": "Training", "Arguments": arguments} | more


def abalone(aws: Aws, bucket: str, group: str) -> str:
    """Return the definition that every tutorial of SageMaker Pipelines has."""
    image = push_bundle(aws)
    trained = get("Steps.Train.ModelArtifacts.S3ModelArtifacts")
    report = {"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": "evaluation.json"}
    return definition(
        processing("Process", image, ["process"], f"s3://{bucket}/in/", "train", bucket),
        training(
            "Train",
            image,
            get("Steps.Process.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"),
            bucket,
            {"answer": get("Parameters.Answer")},
        ),
        processing("Evaluate", image, ["evaluate"], trained, "evaluation", bucket, PropertyFiles=[report]),
        {"Name": "Check", "Type": "Condition", "Arguments": good_enough(image, trained, group)},
    )


def good_enough(image: str, trained: Any, group: str) -> Document:
    """Register and create the model whose error is small enough; fail where it is not."""
    error = {"PropertyFile": get("Steps.Evaluate.PropertyFiles.Report"), "Path": "regression_metrics.mse.value"}
    at_most = {"LeftValue": {"Std:JsonGet": error}, "RightValue": get("Parameters.Threshold")}
    container = {"Image": image, "ModelDataUrl": trained}
    served = {
        "Containers": [container],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    register = {
        "ModelPackageGroupName": group,
        "ModelApprovalStatus": get("Parameters.Approval"),
        "InferenceSpecification": served,
    }
    create = {"ExecutionRoleArn": ROLE, "PrimaryContainer": container | {"Environment": {}}}
    sentence = {"ErrorMessage": join("MSE is over", get("Parameters.Threshold"), on=" ")}
    return {
        "Conditions": [{"Type": "LessThanOrEqualTo"} | at_most],
        "IfSteps": [
            {"Name": "Register", "Type": "RegisterModel", "Arguments": register},
            {"Name": "Create", "Type": "Model", "Arguments": create},
        ],
        "ElseSteps": [{"Name": "TooBad", "Type": "Fail", "Arguments": sentence}],
    }


def pipeline(aws: Aws, text: str, **more: Any) -> str:
    """Create a pipeline and return its name."""
    name = f"pipeline-{uuid.uuid4().hex[:8]}"
    aws.client("sagemaker").create_pipeline(
        PipelineName=name, PipelineDefinition=text, RoleArn=ROLE, ClientRequestToken=uuid.uuid4().hex, **more
    )
    return name


def start(aws: Aws, name: str, values: dict[str, str] | None = None, **more: Any) -> str:
    """Start an execution and return its ARN."""
    given = [{"Name": key, "Value": value} for key, value in (values or {}).items()]
    answer = aws.client("sagemaker").start_pipeline_execution(PipelineName=name, PipelineParameters=given, **more)
    return answer["PipelineExecutionArn"]


def ended(aws: Aws, arn: str) -> Document:
    """Wait for an execution's end and return what Describe answers."""

    def look() -> Document | None:
        found = aws.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
        return found if found["PipelineExecutionStatus"] in ENDED else None

    return wait_for(look, seconds=120)


def steps(aws: Aws, arn: str) -> dict[str, Document]:
    """Return the steps of an execution by name, in the order in which they began."""
    listed = aws.client("sagemaker").list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
    return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}


def statuses(aws: Aws, arn: str) -> dict[str, str]:
    return {name: step["StepStatus"] for name, step in steps(aws, arn).items()}


def new_group(aws: Aws) -> str:
    group = f"group-{uuid.uuid4().hex[:8]}"
    aws.client("sagemaker").create_model_package_group(ModelPackageGroupName=group)
    return group


def new_input(aws: Aws) -> str:
    return new_bucket(aws, **{"in/a": "rows"})


def fail(name: str, message: Any = "no", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}} | more


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]
