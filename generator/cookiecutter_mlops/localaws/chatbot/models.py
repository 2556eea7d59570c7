"""The Slack channels of one account."""

from moto.core.base_backend import BackendDict, BaseBackend
from moto.utilities.utils import PARTITION_NAMES

from cookiecutter_mlops.localaws.crud import Document, page
from cookiecutter_mlops.localaws.extension import AwsError


class ChatbotBackend(BaseBackend):
    """Channels as they were given: nothing is posted."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.channels: dict[str, Document] = {}  # by ARN

    def create_slack_channel_configuration(self, request: Document) -> Document:
        name = request["ConfigurationName"]
        arn = f"arn:{self.partition}:chatbot::{self.account_id}:chat-configuration/slack-channel/{name}"
        defaults = {"LoggingLevel": "NONE", "UserAuthorizationRequired": False, "SnsTopicArns": [], "Tags": []}
        channel = defaults | _given(request) | {"ChatConfigurationArn": arn, "State": "ENABLED"}
        channel.setdefault("GuardrailPolicyArns", [f"arn:{self.partition}:iam::aws:policy/AdministratorAccess"])
        if self.channels.setdefault(arn, channel) is not channel:
            raise AwsError("ConflictException", f"A configuration named {name} already exists.")
        return {"ChannelConfiguration": channel}

    def describe_slack_channel_configurations(self, request: Document) -> Document:
        wanted = request.get("ChatConfigurationArn")
        found = [channel for arn, channel in self.channels.items() if wanted in (None, arn)]
        return page(request, "SlackChannelConfigurations", found, 100)

    def update_slack_channel_configuration(self, request: Document) -> Document:
        channel = self._find(request["ChatConfigurationArn"])
        channel |= _given(request)
        return {"ChannelConfiguration": channel}

    def delete_slack_channel_configuration(self, request: Document) -> Document:
        del self.channels[self._find(request["ChatConfigurationArn"])["ChatConfigurationArn"]]
        return {}

    def list_tags_for_resource(self, request: Document) -> Document:
        return {"Tags": self._find(request["ResourceARN"])["Tags"]}

    def tag_resource(self, request: Document) -> Document:
        channel = self._find(request["ResourceARN"])
        tags = {tag["TagKey"]: tag["TagValue"] for tag in channel["Tags"] + request["Tags"]}
        channel["Tags"] = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
        return {}

    def untag_resource(self, request: Document) -> Document:
        channel = self._find(request["ResourceARN"])
        channel["Tags"] = [tag for tag in channel["Tags"] if tag["TagKey"] not in request["TagKeys"]]
        return {}

    def _find(self, arn: str) -> Document:
        if arn not in self.channels:
            raise AwsError("ResourceNotFoundException", f"{arn} was not found.")
        return self.channels[arn]


def _given(request: Document) -> Document:
    return {name: value for name, value in request.items() if value is not None}


chatbot_backends = BackendDict(ChatbotBackend, "chatbot", use_boto3_regions=False, additional_regions=PARTITION_NAMES)
