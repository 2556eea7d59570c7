"""Networks: nothing reaches in, nothing reaches out but through endpoints that know the account."""

from tests.policy.plan import UNKNOWN, Plan, Resource, Statement
from tests.policy.rule import each, rule

ANYWHERE = {"0.0.0.0/0", "::/0"}
CALLERS = ("aws:PrincipalAccount", "aws:ResourceAccount", "aws:PrincipalOrgID", "aws:ResourceOrgID")
OPEN_REGISTRIES = ("s3:GetObject",)  # of AWS's own buckets: image layers, packages of Amazon Linux


def endpoint_statements(plan: Plan) -> list[Statement]:
    endpoints = {endpoint.address for endpoint in plan.of("aws_vpc_endpoint")}
    return [statement for statement in plan.statements if statement.address in endpoints and statement.allows]


@rule(endpoint_statements)
def endpoint_policy_is_bounded_to_the_account(statement: Statement, plan: Plan) -> str | None:
    """Through an endpoint go this account's callers to this account's resources, or to named buckets of AWS."""
    if any(statement.condition(key) for key in CALLERS):
        return None
    named = statement.resources and not any(resource in ("*", UNKNOWN) for resource in statement.resources)
    return None if named and set(statement.actions) <= set(OPEN_REGISTRIES) else "lets any account's data through"


@rule(each("aws_vpc_endpoint"))
def endpoint_has_a_policy(endpoint: Resource, plan: Plan) -> str | None:
    """Endpoints have a policy of their own; AWS's default lets everything through."""
    return None if endpoint.gives("policy") else "has AWS's default policy"


@rule(each("aws_security_group", "aws_vpc_security_group_egress_rule", "aws_security_group_rule"))
def nothing_reaches_the_internet(resource: Resource, plan: Plan) -> str | None:
    """No traffic leaves to anywhere, unless a NAT gateway was asked for, and then by HTTPS only."""
    open_ = _open(resource, "egress")
    if not open_ or (plan.of("aws_nat_gateway") and all(block.get("to_port") == 443 for block in open_)):
        return None
    return "lets traffic out to anywhere"


@rule(each("aws_security_group", "aws_vpc_security_group_ingress_rule", "aws_security_group_rule"))
def nothing_reaches_in_from_the_internet(resource: Resource, plan: Plan) -> str | None:
    """No traffic is let in from anywhere."""
    return "lets traffic in from anywhere" if _open(resource, "ingress") else None


def _open(resource: Resource, way: str) -> list[dict]:
    """Return the blocks of a group, or the one rule, that are about a way and about everybody."""
    if resource.type == "aws_security_group_rule" and resource.values.get("type") != way:
        return []
    blocks = resource.values.get(way) if resource.type == "aws_security_group" else [resource.values]
    known = [block for block in blocks or [] if blocks != UNKNOWN and block != UNKNOWN]
    return [block for block in known if ANYWHERE & set(_ranges(block))]


def _ranges(block: dict) -> list[str]:
    lists = [block.get("cidr_blocks") or [], block.get("ipv6_cidr_blocks") or []]
    return [*lists[0], *lists[1], block.get("cidr_ipv4") or "", block.get("cidr_ipv6") or ""]


@rule(each("aws_vpc"))
def network_keeps_flow_logs(vpc: Resource, plan: Plan) -> str | None:
    """Who spoke to whom is logged."""
    logs = plan.beside(vpc, "aws_flow_log", "vpc_id")
    return None if any(log.values.get("traffic_type") == "ALL" for log in logs) else "its traffic is not logged"


@rule(each("aws_vpc"))
def default_security_group_is_closed(vpc: Resource, plan: Plan) -> str | None:
    """The group that AWS gives to whatever names none lets nothing through."""
    groups = plan.beside(vpc, "aws_default_security_group", "vpc_id")
    closed = bool(groups) and not any(
        groups[0].values.get(way) for way in ("ingress", "egress") if groups[0].values.get(way) != UNKNOWN
    )
    return None if closed else "its default security group lets traffic through"


@rule(each("aws_subnet"))
def subnet_gives_no_public_addresses(subnet: Resource, plan: Plan) -> str | None:
    """Nothing gets a public address by itself."""
    return "gives public addresses" if subnet.values.get("map_public_ip_on_launch") else None
