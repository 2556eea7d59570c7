"""Pipelines, builds and the specifications of jobs and endpoints that they act on."""

import json
import re

from tests.policy.plan import UNKNOWN, Plan, Resource
from tests.policy.rule import each, rule

PINNED = re.compile(r"@sha256:[0-9a-f]{64}$|:[^:/]*\d{2}\.\d{2}\.\d{2}$")
LONGEST_BUILD = 36 * 60  # minutes, which is CodeBuild's own limit
SECRET = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|(API|ACCESS|PRIVATE)_?KEY", re.IGNORECASE)
SECRET_VALUE = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY|://[^/\s:@]+:[^/\s:@]+@")


def actions(pipeline: Resource) -> list[tuple[str, dict]]:
    """Return (stage, action) of a pipeline, in their order; a configuration that is not known yet is left out."""
    found = [(stage["name"], action) for stage in pipeline.values["stage"] for action in stage["action"]]
    return [
        (stage, action if action["configuration"] != UNKNOWN else action | {"configuration": {}})
        for stage, action in found
    ]


@rule(each("aws_codepipeline"))
def pipeline_is_v2_and_orders_executions(pipeline: Resource, plan: Plan) -> str | None:
    """Pipelines are of type V2, and executions queue or supersede each other: never two at once in a stage."""
    kind, mode = pipeline.values.get("pipeline_type"), pipeline.values.get("execution_mode")
    return None if kind == "V2" and mode in ("QUEUED", "SUPERSEDED") else f"is {kind}, {mode}"


@rule(each("aws_codepipeline"))
def pipeline_source_is_not_polled(pipeline: Resource, plan: Plan) -> str | None:
    """A push starts a pipeline by an event; polling is slow, and AWS's default where the setting is missing."""
    sources = [action for _, action in actions(pipeline) if action["category"] == "Source"]
    polling = {"CodeCommit": "PollForSourceChanges", "S3": "PollForSourceChanges"}
    polled = [
        action["name"]
        for action in sources
        if (key := polling.get(action["provider"])) and action["configuration"].get(key, "true") != "false"
    ]
    return f"polls {', '.join(polled)}" if polled else None


@rule(each("aws_codepipeline"))
def release_to_prod_is_approved(pipeline: Resource, plan: Plan) -> str | None:
    """A person decides before production: in the pipeline after staging, or on the model package itself."""
    steps = [(stage, action["category"]) for stage, action in actions(pipeline)]
    prod = next((i for i, (stage, _) in enumerate(steps) if stage.lower() == "deploy-prod"), None)
    if prod is None or "Approval" in [category for _, category in steps[:prod]]:
        return None
    manual = [spec for _, spec in specs(plan) if spec.get("model_approval") == "manual"]
    return None if manual else "deploys to prod without anybody's approval"


@rule(each("aws_codebuild_project"))
def build_is_privileged_only_to_make_images(project: Resource, plan: Plan) -> str | None:
    """Privileged mode, which Docker needs, is on only where images are pushed."""
    if project.one("environment").get("privileged_mode") is not True:
        return None
    role = project.values.get("service_role")
    roles = [r for r in plan.of("aws_iam_role") if role in (r.values.get("arn"), r.values.get("name"))]
    policies = {p.address: p for r in roles for p in plan.beside(r, "aws_iam_role_policy", "role")}
    pushes = any(s.allows and s.covers("ecr:PutImage") for s in plan.statements if s.address in policies)
    unknown = role == UNKNOWN or any(policy.values.get("policy") == UNKNOWN for policy in policies.values())
    return None if pushes or unknown else "is privileged, though it pushes no image"


@rule(each("aws_codebuild_project"))
def build_image_is_pinned(project: Resource, plan: Plan) -> str | None:
    """Builds run in a dated image or one named by digest, so that a build of today can be repeated."""
    image = project.one("environment").get("image", "")
    return None if PINNED.search(image) else f"builds in {image}"


@rule(each("aws_codebuild_project"))
def build_is_bounded(project: Resource, plan: Plan) -> str | None:
    """Builds end: in at most 36 hours, after a bounded queue, a bounded number at a time."""
    timeout, queued = project.values.get("build_timeout") or 0, project.values.get("queued_timeout") or 0
    if not 5 <= timeout <= LONGEST_BUILD or not 5 <= queued <= 480:
        return f"build_timeout {timeout}, queued_timeout {queued} minutes"
    return None if (project.values.get("concurrent_build_limit") or 0) >= 1 else "concurrent_build_limit is not set"


@rule(each("aws_codebuild_project"))
def build_writes_its_log_to_a_group_of_ours(project: Resource, plan: Plan) -> str | None:
    """Builds write to a log group with retention and key, and not to one that CodeBuild would make."""
    logs = (project.one("logs_config").get("cloudwatch_logs") or [{}])[0]
    groups = {group.values.get("name") for group in plan.of("aws_cloudwatch_log_group")}
    ours = logs.get("group_name") in groups and logs.get("status") in ("ENABLED", None)
    return None if ours else f"logs to {logs.get('group_name')}"


def environment(resource: Resource) -> dict[str, str]:
    """Return the clear-text environment variables of a build, a function or a pipeline's actions."""
    if resource.type == "aws_lambda_function":
        return resource.one("environment").get("variables") or {}
    if resource.type == "aws_codebuild_project":
        listed = resource.one("environment").get("environment_variable") or []
    else:
        texts = [action["configuration"].get("EnvironmentVariables", "[]") for _, action in actions(resource)]
        listed = [variable for text in texts if text != UNKNOWN for variable in json.loads(text)]
    return {each["name"]: each["value"] for each in listed if each.get("type", "PLAINTEXT") == "PLAINTEXT"}


@rule(each("aws_codebuild_project", "aws_codepipeline", "aws_lambda_function"))
def environment_holds_no_secret(resource: Resource, plan: Plan) -> str | None:
    """No secret is written in an environment variable; Secrets Manager hands it over."""
    found = [n for n, v in environment(resource).items() if SECRET.search(n) or SECRET_VALUE.search(str(v))]
    return f"holds {', '.join(found)} in clear text" if found else None


def specs(plan: Plan) -> list[tuple[Resource, dict]]:
    """Return the published specifications of jobs and endpoints that are known."""
    found = [(each, each.values.get("value", "")) for each in plan.of("aws_ssm_parameter")]
    return [(each, json.loads(text)) for each, text in found if str(text).startswith("{")]


def _spec_of(*names: str):
    return lambda plan: [each for each, spec in specs(plan) if any(name in spec for name in names)]


@rule(_spec_of("network_isolation"))
def published_spec_isolates_from_the_network(parameter: Resource, plan: Plan) -> str | None:
    """Jobs and endpoints have no network, except serverless endpoints, which AWS does not isolate."""
    spec = json.loads(parameter.values["value"])
    isolated = spec.get("network_isolation") is True or spec.get("kind") == "serverless"
    return None if isolated else "network_isolation is off"


@rule(_spec_of("subnet_ids"))
def published_spec_names_the_network(parameter: Resource, plan: Plan) -> str | None:
    """Where the project has a network of its own, jobs and endpoints run inside it."""
    inside = json.loads(parameter.values["value"])["subnet_ids"]
    return None if inside or not plan.of("aws_vpc") else "subnet_ids is empty, though the project has a network"


@rule(_spec_of("instance_types"))
def published_spec_encrypts_traffic_between_containers(parameter: Resource, plan: Plan) -> str | None:
    """Instances that train together speak encrypted."""
    spec = json.loads(parameter.values["value"])
    return None if spec.get("encrypt_inter_container_traffic") is True else "encrypt_inter_container_traffic is off"


@rule(_spec_of("network_isolation", "role_arn"))
def published_spec_names_the_key(parameter: Resource, plan: Plan) -> str | None:
    """What jobs and endpoints write and mount is encrypted with the project's key."""
    key = json.loads(parameter.values["value"]).get("kms_key_arn")
    return None if key else "kms_key_arn is missing"


@rule(_spec_of("max_runtime_seconds"))
def published_spec_bounds_the_cost_of_a_job(parameter: Resource, plan: Plan) -> str | None:
    """A job ends by itself, and spot capacity is waited for at least as long as the job may run."""
    spec = json.loads(parameter.values["value"])
    runtime, wait = spec["max_runtime_seconds"], spec.get("max_wait_seconds", 0)
    if not 60 <= runtime <= 5 * 24 * 3600:
        return f"max_runtime_seconds is {runtime}"
    return f"max_wait_seconds {wait} is below the runtime" if spec.get("use_spot") and wait < runtime else None
