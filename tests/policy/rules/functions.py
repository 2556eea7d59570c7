"""Lambda functions."""

from tests.policy.plan import Plan, Resource
from tests.policy.rule import each, rule


@rule(each("aws_lambda_function", "aws_lambda_permission", "aws_lambda_function_url"))
def function_is_not_public(resource: Resource, plan: Plan) -> str | None:
    """Functions are invoked by this account's roles and services only, never by URL without a signature."""
    values = resource.values
    if resource.type == "aws_lambda_function_url":
        return None if values.get("authorization_type") == "AWS_IAM" else "answers anybody at its URL"
    if resource.type == "aws_lambda_function":
        return None
    bounded = values.get("source_arn") or values.get("source_account") or values.get("principal_org_id")
    return None if bounded else f"admits {values.get('principal')} on behalf of any account"


@rule(each("aws_lambda_function"))
def function_ends(function: Resource, plan: Plan) -> str | None:
    """Functions have a timeout of at most 15 minutes that somebody chose (AWS's default is 3 seconds)."""
    timeout = function.values.get("timeout")
    return None if timeout and timeout != 3 and timeout <= 900 else f"timeout is {timeout} seconds"


@rule(each("aws_lambda_function"))
def function_keeps_failed_events(function: Resource, plan: Plan) -> str | None:
    """An event that a function could not handle is kept in a queue."""
    onward = plan.beside(function, "aws_lambda_function_event_invoke_config", "function_name")
    kept = function.one("dead_letter_config").get("target_arn") or any(
        c.values.get("destination_config") for c in onward
    )
    return None if kept else "loses the events that it cannot handle"


@rule(each("aws_lambda_function"))
def function_writes_its_log_to_a_group_of_ours(function: Resource, plan: Plan) -> str | None:
    """Functions write to a log group with retention and key, and trace their calls."""
    groups = {group.values.get("name") for group in plan.of("aws_cloudwatch_log_group")}
    group = function.one("logging_config").get("log_group")
    if group not in groups:
        return f"logs to {group}"
    return None if function.one("tracing_config").get("mode") == "Active" else "is not traced"


def fed_by_queues(plan: Plan) -> list[Resource]:
    return [
        f for f in plan.of("aws_lambda_function") if plan.beside(f, "aws_lambda_event_source_mapping", "function_name")
    ]


@rule(fed_by_queues)
def function_that_a_queue_feeds_has_a_ceiling(function: Resource, plan: Plan) -> str | None:
    """A queue that fills up starts a bounded number of runs, and leaves the account's others alone."""
    queues = plan.beside(function, "aws_lambda_event_source_mapping", "function_name")
    ceilings = [queue.one("scaling_config").get("maximum_concurrency") for queue in queues]
    ceilings.append(function.values.get("reserved_concurrent_executions"))
    return None if any(ceiling is not None and ceiling >= 0 for ceiling in ceilings) else "has no ceiling of runs"


@rule(each("aws_lambda_function"))
def function_runs_in_the_network(function: Resource, plan: Plan) -> str | None:
    """Where the project has a network of its own, every function runs inside it."""
    inside = function.one("vpc_config").get("subnet_ids")
    return None if inside or not plan.of("aws_vpc") else "runs outside the project's network"
