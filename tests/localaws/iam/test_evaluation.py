"""How policies decide together: explicit denies, implicit ones, and who is named by a resource's own policy."""

import json

import pytest

from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.iam import policies
from cookiecutter_mlops.localaws.iam.evaluation import Principal, Request, decide

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/train"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/train/job"
OBJECT = "arn:aws:s3:::data/snapshots/1.csv"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"


def policy(effect: str = "Allow", **members):
    members = {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"} | members
    statement = {"Effect": effect} | {name: value for name, value in members.items() if value is not None}
    return policies.parse(json.dumps({"Version": "2012-10-17", "Statement": statement}))


def of(*identity, **limits) -> Principal:
    return Principal(SESSION, ACCOUNT, ROLE, identity=identity, **limits)


def ask(principal, action="s3:GetObject", resource=OBJECT, own=(), account="", context=None):
    return decide(Request(principal, action, resource, context or {}), own, account)


def named(principal, **members):
    return policy(Principal=principal, **members)


def test_identity_policy_allows():
    decision = ask(of(policy(Sid="Read")))
    assert (decision.allowed, decision.kind, decision.statement.sid) == (True, "identity-based policy", "Read")


@pytest.mark.parametrize("action", ["s3:GetObject", "S3:getobject"])
def test_actions_are_compared_without_case(action):
    assert ask(of(policy(Action="s3:get*")), action=action).allowed


def test_action_that_no_policy_allows_is_denied_implicitly():
    decision = ask(of(policy()), action="s3:PutObject")
    assert decision.reason == "because no identity-based policy allows the s3:PutObject action"


def test_resource_that_no_policy_names_is_denied():
    assert not ask(of(policy()), resource="arn:aws:s3:::models/1").allowed


def test_explicit_deny_wins_over_every_allow():
    decision = ask(of(policy(), policy("Deny")), own=[named({"AWS": ROLE})])
    assert decision.reason == "with an explicit deny in an identity-based policy"


def test_explicit_deny_of_a_resource_policy_wins():
    decision = ask(of(policy()), own=[named("*", effect="Deny")])
    assert decision.reason == "with an explicit deny in a resource-based policy"


def test_deny_of_somebody_else_does_not_count():
    assert ask(of(policy()), own=[named({"AWS": ROLE + "-other"}, effect="Deny")]).allowed


def test_not_action_covers_all_but_what_it_names():
    everything_but = policy(Action=None, NotAction=["s3:Delete*", "iam:*"], Resource="*")
    assert ask(of(everything_but)).allowed
    assert not ask(of(everything_but), action="s3:DeleteObject").allowed


def test_not_resource_covers_all_but_what_it_names():
    elsewhere = policy(Resource=None, NotResource="arn:aws:s3:::data/secret/*")
    assert ask(of(elsewhere)).allowed
    assert not ask(of(elsewhere), resource="arn:aws:s3:::data/secret/1").allowed


def test_not_principal_denies_everybody_else():
    others = policy("Deny", NotPrincipal={"AWS": ROLE})
    assert ask(of(policy()), own=[others]).allowed
    assert not ask(Principal("arn:aws:iam::1:user/x", "1", identity=(policy(),)), own=[others]).allowed


def test_boundary_limits_what_identity_allows():
    assert ask(of(policy(), boundary=policy(Action="s3:*"))).allowed
    decision = ask(of(policy(), boundary=policy(Action="ssm:*")))
    assert decision.reason == "because no permissions boundary allows the s3:GetObject action"


def test_boundary_alone_allows_nothing():
    assert not ask(of(boundary=policy())).allowed


def test_boundary_denies_explicitly():
    assert "explicit deny in a permissions boundary" in ask(of(policy(), boundary=policy("Deny"))).reason


def test_session_policy_limits_the_session():
    assert ask(of(policy(), sessions=[policy()])).allowed
    decision = ask(of(policy(), sessions=[policy(Action="s3:PutObject")]))
    assert decision.reason == "because no session policy allows the s3:GetObject action"


def test_resource_policy_that_names_the_role_is_enough():
    assert ask(of(), own=[named({"AWS": ROLE})]).kind == "resource-based policy"


def test_resource_policy_that_names_the_role_stays_within_the_boundary():
    assert not ask(of(boundary=policy(Action="ssm:*")), own=[named({"AWS": ROLE})]).allowed


def test_resource_policy_that_names_the_session_passes_the_boundary():
    assert ask(of(boundary=policy(Action="ssm:*")), own=[named({"AWS": SESSION})]).allowed


@pytest.mark.parametrize("account", [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"])
def test_resource_policy_that_names_the_account_leaves_it_to_iam(account):
    assert not ask(of(), own=[named({"AWS": account})]).allowed
    assert ask(of(policy()), own=[named({"AWS": account})]).allowed


def test_other_account_needs_both_sides():
    assert not ask(of(policy()), account="999999999999").allowed
    assert not ask(of(), own=[named({"AWS": ROLE})], account="999999999999").allowed
    assert ask(of(policy()), own=[named({"AWS": ROLE})], account="999999999999").allowed


def test_key_is_reached_only_through_its_own_policy():
    use = policy(Action="kms:Decrypt", Resource=KEY)
    decision = ask(of(use), "kms:Decrypt", KEY, own=[named({"AWS": ROLE + "-other"}, Action="kms:*", Resource="*")])
    assert decision.reason == "because no resource-based policy allows the kms:Decrypt action"


def test_key_policy_that_trusts_the_account_leaves_it_to_iam():
    root = named({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="kms:*", Resource="*")
    assert ask(of(policy(Action="kms:Decrypt", Resource=KEY)), "kms:Decrypt", KEY, own=[root]).allowed
    assert "identity-based" in ask(of(), "kms:Decrypt", KEY, own=[root]).reason


def test_service_needs_a_resource_policy():
    service = Principal("", service="events.amazonaws.com")
    send = named({"Service": "events.amazonaws.com"}, Action="sqs:SendMessage", Resource="*")
    assert ask(service, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:1:q", own=[send]).allowed
    decision = ask(
        Principal("", service="s3.amazonaws.com"), "sqs:SendMessage", "arn:aws:sqs:eu-west-1:1:q", own=[send]
    )
    assert decision.reason == "because no resource-based policy allows the sqs:SendMessage action"


def test_trust_policy_compares_the_account_it_acts_for():
    trust = named(
        {"Service": "sagemaker.amazonaws.com"},
        Action="sts:AssumeRole",
        Resource=None,
        Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    )
    service = Principal("", service="sagemaker.amazonaws.com")
    assert ask(service, "sts:AssumeRole", ROLE, own=[trust], context={"aws:sourceaccount": [ACCOUNT]}).allowed
    assert not ask(service, "sts:AssumeRole", ROLE, own=[trust], context={"aws:sourceaccount": ["1"]}).allowed


def test_policy_variable_in_a_resource_is_filled_in():
    own = policy(Resource="arn:aws:s3:::home/${aws:username}/*")
    user = Principal(f"arn:aws:iam::{ACCOUNT}:user/maria", ACCOUNT, identity=(own,))
    context = {"aws:username": ["maria"]}
    assert ask(user, resource="arn:aws:s3:::home/maria/1", context=context).allowed
    assert not ask(user, resource="arn:aws:s3:::home/joe/1", context=context).allowed
    assert not ask(user, resource="arn:aws:s3:::home//1").allowed


def test_unknown_condition_key_is_an_error_not_a_pass():
    def refuse(key):
        raise NotEmulated(key)

    odd = policy("Deny", Condition={"StringEquals": {"aws:Oddity": "x"}})
    with pytest.raises(NotEmulated, match="aws:Oddity"):
        decide(Request(of(policy(), odd), "s3:GetObject", OBJECT, {}, refuse))


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[]",
        '{"Version": "2012-10-17"}',
        '{"Version": "2020-01-01", "Statement": []}',
        '{"Statement": {"Effect": "allow", "Action": "*"}}',
        '{"Statement": {"Effect": "Allow"}}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "s3:*"}}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "Principal": 1}}',
    ],
)
def test_malformed_policy_is_refused(document):
    with pytest.raises(policies.MalformedPolicy):
        policies.parse(document)
