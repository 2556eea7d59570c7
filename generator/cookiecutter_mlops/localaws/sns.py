"""SNS that delivers: functions and queues through the one place of deliveries, e-mails into the outbox.

Filter policies, raw messages and FIFO topics are moto's.
"""

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.sns import models
from moto.sns.responses import SNSResponse as MotoSNSResponse

from cookiecutter_mlops.localaws import clock, delivery, extension, outbox

# How long SNS tries to reach what AWS manages: more than 100 000 times in 23 days.
_RETRY = {"MaximumRetryAttempts": 100_015, "MaximumEventAgeInSeconds": 23 * 86400}

# Attributes of a topic that moto takes, but does not show; nobody signs, traces or reports deliveries here.
_PROTOCOLS = ("Application", "Firehose", "HTTP", "Lambda", "SQS")
_FEEDBACK = ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
_ATTRIBUTES = ("SignatureVersion", "TracingConfig", *(f"{one}{kind}" for one in _PROTOCOLS for kind in _FEEDBACK))


class SNSResponse(MotoSNSResponse):
    def get_topic_attributes(self) -> ActionResult:
        answer: Any = super().get_topic_attributes()
        topic: Any = self.backend.get_topic(self._get_param("TopicArn"))
        given = {name: getattr(topic, camelcase_to_underscores(name), None) for name in _ATTRIBUTES}
        answer.result["Attributes"] |= {name: value for name, value in given.items() if value}
        return ActionResult(answer.result)


class Subscription(models.Subscription):
    """A subscription whose messages arrive: in queues, functions, and the outbox."""

    def publish(
        self,
        message: str,
        message_id: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> None:
        if self._filter_policy_matcher and not self._filter_policy_matcher.matches(message_attributes, message):
            return
        text = self._parse_message_structure(message, self.protocol) if message_structure == "json" else message
        if self.protocol in ("email", "email-json"):
            whole = self.get_post_data(text, message_id, subject, message_attributes)
            body = json.dumps(whole) if self.protocol == "email-json" else text
            outbox.put(self.endpoint, subject or "AWS Notification Message", body, self.topic.arn)
        elif self.protocol == "lambda":
            self._deliver(json.dumps({"Records": [self._record(text, message_id, subject, message_attributes)]}))
        elif self.protocol == "sqs" and not self._is_raw() and group_id is None:
            self._deliver(json.dumps(self.get_post_data(text, message_id, subject, message_attributes), indent=2))
        else:
            settings = (message, message_id, subject, message_attributes, group_id, deduplication_id, message_structure)
            super().publish(*settings)

    def _deliver(self, text: str) -> None:
        target: dict[str, Any] = {"Arn": self.endpoint, "RetryPolicy": _RETRY}
        if redrive := self.attributes.get("RedrivePolicy"):
            target["DeadLetterConfig"] = {"Arn": json.loads(redrive)["deadLetterTargetArn"]}
        delivery.deliver(delivery.Sender("sns.amazonaws.com", self.topic.arn), target, text)

    def _is_raw(self) -> bool:
        return str(self.attributes.get("RawMessageDelivery", "false")).lower() == "true"

    def _record(self, text: str, message_id: str, subject: str | None, attributes: Any) -> dict[str, Any]:
        """Describe a message as functions get it."""
        told = {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": self.topic.arn,
            "Subject": subject,
            "Message": text,
            "Timestamp": clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "MessageAttributes": {
                name: {"Type": value["Type"], "Value": value["Value"]} for name, value in (attributes or {}).items()
            },
        }
        return {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": self.arn, "Sns": told}


def install() -> None:
    models.Subscription = Subscription  # type: ignore[misc]
    extension.swap_responses("sns", SNSResponse)
    extension.executes("sns", "publish", "publish_batch")
