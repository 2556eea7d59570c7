"""Rules, topics and log groups reach only what lets them: functions, queues, keys, by the policy of each."""

import json
import uuid

from tests.localaws.conftest import ACCOUNT, REGION
from tests.localaws.iam.conftest import allow, document, refusal, service_role


def test_queue_takes_events_only_of_rules_that_its_policy_names(strict):
    events, sqs, name = strict.client("events"), strict.client("sqs"), f"rule-{uuid.uuid4().hex[:8]}"
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    arns = {}
    for kind, source in (("open", rule), ("closed", f"{rule}-other")):
        arns[kind] = arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-{kind}"
        leave = allow("sqs:SendMessage", arn, Principal={"Service": "events.amazonaws.com"})
        leave["Condition"] = {"ArnEquals": {"aws:SourceArn": source}}
        sqs.create_queue(QueueName=f"{name}-{kind}", Attributes={"Policy": document(leave)})
    events.put_targets(Rule=name, Targets=[{"Id": kind, "Arn": arn} for kind, arn in arns.items()])
    events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": "{}"}])
    assert received(sqs, f"{name}-open") == 1
    assert received(sqs, f"{name}-closed") == 0


def test_event_that_a_rule_may_not_deliver_goes_to_the_dead_letters_by_leave_of_their_queue(strict):
    events, sqs, name = strict.client("events"), strict.client("sqs"), f"rule-{uuid.uuid4().hex[:8]}"
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    target, dead = (f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-{kind}" for kind in ("target", "dead"))
    leave = allow("sqs:SendMessage", dead, Principal={"Service": "events.amazonaws.com"})
    leave["Condition"] = {"ArnEquals": {"aws:SourceArn": rule}}
    sqs.create_queue(QueueName=f"{name}-target")
    sqs.create_queue(QueueName=f"{name}-dead", Attributes={"Policy": document(leave)})
    role = service_role(strict, "events", allow("sqs:GetQueueUrl"))
    events.put_targets(
        Rule=name, Targets=[{"Id": "t", "Arn": target, "RoleArn": role, "DeadLetterConfig": {"Arn": dead}}]
    )
    events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": "{}"}])
    assert (received(sqs, f"{name}-target"), received(sqs, f"{name}-dead")) == (0, 1)


def received(sqs, name):
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return len(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []))


def test_key_of_a_topic_must_admit_the_service_that_publishes(strict):
    key = strict.client("kms").create_key()["KeyMetadata"]["Arn"]
    sns, sqs, name = strict.client("sns"), strict.client("sqs"), f"topic-{uuid.uuid4().hex[:8]}"
    topic = sns.create_topic(Name=name, Attributes={"KmsMasterKeyId": key})["TopicArn"]
    leave = allow("sns:Publish", topic, Principal={"Service": "events.amazonaws.com"})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(leave))
    queue_policy = allow("sqs:SendMessage", "*", Principal={"Service": "sns.amazonaws.com"})
    queue_policy["Condition"] = {"ArnEquals": {"aws:SourceArn": topic}}
    sqs.create_queue(QueueName=name, Attributes={"Policy": document(queue_policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
    events = strict.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "t", "Arn": topic}])
    events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": "{}"}])
    assert received(sqs, name) == 0
    account = allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    publishers = allow(["kms:Decrypt", "kms:GenerateDataKey*"], Principal={"Service": "events.amazonaws.com"})
    strict.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=document(account, publishers))
    events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": "{}"}])
    assert received(sqs, name) == 1


def test_topic_does_not_reach_a_queue_that_does_not_admit_it(strict):
    sns, sqs, name = strict.client("sns"), strict.client("sqs"), f"topic-{uuid.uuid4().hex[:8]}"
    topic = sns.create_topic(Name=name)["TopicArn"]
    sqs.create_queue(QueueName=name)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
    sns.publish(TopicArn=topic, Message="m")
    assert received(sqs, name) == 0


def test_key_of_a_log_group_must_admit_the_logs_of_its_region(strict):
    kms, logs, name = strict.client("kms"), strict.client("logs"), f"/group/{uuid.uuid4().hex[:8]}"
    key = kms.create_key()["KeyMetadata"]["Arn"]
    error = refusal(logs.create_log_group, logGroupName=name, kmsKeyId=key)
    assert f"User: logs.{REGION}.amazonaws.com is not authorized" in error.response["Error"]["Message"]
    account = allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    of_logs = allow(["kms:Decrypt*", "kms:GenerateDataKey*"], Principal={"Service": f"logs.{REGION}.amazonaws.com"})
    of_logs["Condition"] = {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"}
    }
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(account, of_logs))
    logs.create_log_group(logGroupName=name, kmsKeyId=key)
