"""The places of moto that the embedded AWS takes hold of: an upgrade of moto that moves one fails here, by name.

A hook is a name that our code overrides, replaces or calls and that moto never promised. Behaviour is tested elsewhere.
"""

import importlib
import inspect
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What we replace in moto's modules: the module, the name in it, and the parameters that we count on (none: any).
HOOKS = [
    ("moto.moto_server.werkzeug_app", "create_backend_app", ["service"]),
    ("moto.moto_server.werkzeug_app", "DomainDispatcherApplication.__init__", ["self", "create_app"]),
    ("moto.moto_server.werkzeug_app", "DomainDispatcherApplication.__call__", ["self", "environ", "start_response"]),
    ("moto.moto_server.werkzeug_app", "DomainDispatcherApplication.get_backend_for_host", ["self", "host"]),
    ("moto.moto_server.werkzeug_app", "MotoRequestHandler", []),
    ("moto.core.responses", "BaseResponse.dispatch", []),
    ("moto.core.responses", "BaseResponse.call_action", ["self"]),
    ("moto.core.responses", "ActionResult", []),
    ("moto.core.parse", "PROTOCOL_PARSERS", []),
    ("moto.core.routing", "get_service_router", ["service_name"]),
    ("moto.core.serialize", "get_serializer_class", ["service_name", "protocol"]),
    ("moto.core.request", "determine_request_protocol", ["service_model", "content_type"]),
    ("moto.core.exceptions", "ServiceException", []),
    ("moto.core.common_models", "BaseModel.__new__", []),
    ("moto.core.base_backend", "BackendDict", []),
    ("moto.s3.responses", "S3Response._bucket_response", ["self", "request", "full_url"]),
    ("moto.s3.responses", "S3Response._bucket_response_get", ["self", "bucket_name", "querystring"]),
    ("moto.s3.responses", "S3Response._bucket_response_put", ["self", "request", "bucket_name", "querystring"]),
    ("moto.s3.responses", "S3Response._bucket_response_delete", ["self", "bucket_name", "querystring"]),
    ("moto.s3.responses", "S3Response.put_object", ["self"]),
    ("moto.s3.models", "FakeBucket.get_permission", ["self", "action", "resource"]),
    ("moto.s3.models", "FakeBucket._log_permissions_enabled_policy", ["target_bucket", "target_prefix"]),
    ("moto.s3.models", "S3Backend.put_object_tagging", ["self", "key", "tags"]),
    ("moto.s3.notifications", "_send_event_bridge_message", []),
    ("moto.s3.notifications", "_invoke_awslambda", []),
    ("moto.s3.notifications", "_send_sns_message", []),
    ("moto.s3.notifications", "_send_sqs_message", []),
    ("moto.s3.notifications", "send_event", []),
    ("moto.sqs.models", "Queue._set_attributes", ["self", "attributes", "now"]),
    ("moto.sqs.models", "Queue.BASE_ATTRIBUTES", []),
    ("moto.sqs.models", "Queue.add_message", ["self", "message"]),
    ("moto.sqs.models", "Queue.delete_message", ["self", "receipt_handle"]),
    ("moto.sqs.models", "SQSBackend.change_message_visibility", ["self", "queue_name", "receipt_handle"]),
    ("moto.sns.models", "Subscription.publish", ["self", "message", "message_id"]),
    ("moto.events.models", "Rule.send_to_targets", ["self", "original_event", "transform_input"]),
    ("moto.events.models", "EventPatternParser._validate_event_pattern", ["self", "pattern"]),
    ("moto.awslambda.models", "LambdaFunction.invoke", ["self", "body", "request_headers", "response_headers"]),
    ("moto.awslambda.models", "LambdaFunction.get_configuration", ["self", "on_create"]),
    ("moto.awslambda.models", "LambdaFunction.update_configuration", ["self", "config_updates"]),
    ("moto.logs.models", "LogsBackend.put_log_events", ["self", "log_group_name", "log_stream_name", "log_events"]),
    ("moto.logs.metric_filters", "MetricFilters.add_filter", []),
    ("moto.iam.models", "IAMBackend.get_roles", ["self"]),
    ("moto.iam.models", "PARTITION_NAMES", []),
    ("moto.ec2.models.security_groups", "SecurityGroupRule.__init__", ["self", "ec2_backend", "ip_protocol"]),
    ("moto.ec2.models.security_groups", "SecurityGroupBackend.modify_security_group_rules", ["self", "group_id"]),
    ("moto.kms.models", "KmsBackend.any_id_to_key_id", ["self", "key_id"]),
    ("moto.apigateway.urls", "url_paths", []),
]


def test_moto_is_pinned_exactly_and_installed_so() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    pins = [re.fullmatch(r"moto\[server\]==([\d.]+)", requirement) for requirement in extras["local"]]
    assert [pin[1] for pin in pins if pin] == [version("moto")]


@pytest.mark.parametrize(("module", "name", "parameters"), HOOKS, ids=[f"{m}.{n}" for m, n, _ in HOOKS])
def test_hook_is_where_it_was(module: str, name: str, parameters: list[str]) -> None:
    found = importlib.import_module(module)
    for part in name.split("."):
        found = inspect.getattr_static(found, part)
    called = getattr(found, "__func__", found)
    if parameters:
        assert list(inspect.signature(called).parameters)[: len(parameters)] == parameters
    assert found is not None


def extended() -> list[str]:
    """Return moto's services of which a module or package of ours swaps the responses or the backend."""
    folder = ROOT / "generator/cookiecutter_mlops/localaws"
    code = "\n".join(path.read_text() for path in sorted(folder.rglob("*.py")))
    return sorted(set(re.findall(r'swap_responses\("(\w+)"', code)))


def test_services_that_we_extend_are_found() -> None:
    assert {"sagemaker", "codebuild", "logs", "kms", "glue"} <= set(extended())


@pytest.mark.parametrize("service", extended())
def test_addresses_of_an_extended_service_lead_to_one_dispatcher(service: str) -> None:
    """Seam 1 replaces the values of `url_paths`: they must stay bound `dispatch` methods of response classes."""
    urls = importlib.import_module(f"moto.{service}.urls")
    assert urls.url_paths
    for answer in urls.url_paths.values():
        assert callable(answer)
        assert hasattr(answer, "__self__") or hasattr(answer, "__func__") or inspect.isfunction(answer)


@pytest.mark.parametrize(
    "backends",
    [
        "moto.applicationautoscaling.models.applicationautoscaling_backends",
        "moto.awslambda.models.lambda_backends",
        "moto.events.models.events_backends",
        "moto.logs.models.logs_backends",
        "moto.sagemaker.models.sagemaker_backends",
        "moto.sqs.models.sqs_backends",
    ],
)
def test_backend_of_a_service_is_built_from_a_class_that_can_be_replaced(backends: str) -> None:
    """Seam 2 replaces `backend` of a BackendDict, which must be a class beside a module `urls`."""
    module, _, name = backends.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    assert inspect.isclass(found.backend)
    importlib.import_module(f"{module.rpartition('.')[0]}.urls")
