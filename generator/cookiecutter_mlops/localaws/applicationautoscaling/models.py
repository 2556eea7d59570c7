"""Scalable targets, their policies and scheduled actions; what the policies do is in `acting`."""

import uuid
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend

from cookiecutter_mlops.localaws.applicationautoscaling import acting
from cookiecutter_mlops.localaws.applicationautoscaling.kinds import ACTION, ACTIVITY, POLICY, TARGET
from cookiecutter_mlops.localaws.crud import Document, Documents, Kind, page
from cookiecutter_mlops.localaws.extension import AwsError

# The role that AWS itself makes for the service.
_ROLE = (
    "arn:aws:iam::{account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)


class ApplicationAutoScalingBackend(BaseBackend):
    """Targets, policies and scheduled actions of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.documents = Documents("application-autoscaling", account_id, region_name)
        self.tags: dict[str, dict[str, str]] = {}

    def register_scalable_target(self, request: Document) -> Document:
        """Register a target, or change what is given of a registered one."""
        tags = request.pop("Tags", None)
        if TARGET.key(request) in self.documents.of(TARGET):
            target = self.documents.update(TARGET, request)
        else:
            self._check_resource(request)
            target = self.documents.create(TARGET, _new_target(self.account_id) | request | {"Id": uuid.uuid4().hex})
        arn = target["ScalableTargetARN"] = target["ScalableTargetArn"]
        self.tags.setdefault(arn, {}).update(tags or {})
        return target

    def describe_scalable_targets(self, request: Document) -> Document:
        return page(request, "ScalableTargets", self._wanted(TARGET, request), 50)

    def deregister_scalable_target(self, request: Document) -> Document:
        """Remove a target and its policies."""
        target = self.documents.find(TARGET, request)
        wanted = request | {"ResourceIds": [request["ResourceId"]]}
        for policy in self._wanted(POLICY, wanted):
            self.delete_scaling_policy(policy)
        for action in self._wanted(ACTION, wanted):
            self.documents.delete(ACTION, action)
        self.tags.pop(target["ScalableTargetARN"], None)
        return self.documents.delete(TARGET, request)

    def put_scaling_policy(self, request: Document) -> Document:
        """Make a policy, or replace one of the same name; target tracking comes with its alarms."""
        self.documents.find(TARGET, request)
        if POLICY.key(request) in self.documents.of(POLICY):
            policy = self.documents.update(POLICY, request)
        else:
            policy = self.documents.create(POLICY, request | {"Id": str(uuid.uuid4())})
            arn = policy["ScalingPolicyArn"].replace(":application-autoscaling:", ":autoscaling:", 1)
            policy["PolicyARN"] = policy["ScalingPolicyArn"] = arn
        acting.delete_alarms(policy, self._cloudwatch)
        if "TargetTrackingScalingPolicyConfiguration" in policy:
            acting.put_alarms(policy, self._cloudwatch)
        return self._with_alarms(policy)

    def describe_scaling_policies(self, request: Document) -> Document:
        names = request.get("PolicyNames") or []
        found = [p for p in self._wanted(POLICY, _by_resource(request)) if not names or p["PolicyName"] in names]
        return page(request, "ScalingPolicies", [self._with_alarms(policy) for policy in found], 50)

    def delete_scaling_policy(self, request: Document) -> Document:
        acting.delete_alarms(self.documents.find(POLICY, request), self._cloudwatch)
        return self.documents.delete(POLICY, request)

    def describe_scaling_activities(self, request: Document) -> Document:
        found = self._wanted(ACTIVITY, _by_resource(request))
        return page(request, "ScalingActivities", found[::-1], 50)

    def put_scheduled_action(self, request: Document) -> Document:
        """Make a scheduled action, or change what is given of one; a changed one begins anew."""
        self.documents.find(TARGET, request)
        earlier = self.documents.of(ACTION).pop(ACTION.key(request), {"Id": str(uuid.uuid4())})
        action = self.documents.create(ACTION, earlier | request)
        action["ScheduledActionARN"] = action["ScheduledActionArn"]
        try:
            acting.schedule(action, self)
        except AwsError:
            self.documents.delete(ACTION, action)
            raise
        return {}

    def describe_scheduled_actions(self, request: Document) -> Document:
        names = request.get("ScheduledActionNames") or []
        found = [
            a for a in self._wanted(ACTION, _by_resource(request)) if not names or a["ScheduledActionName"] in names
        ]
        return page(request, "ScheduledActions", found, 50)

    def delete_scheduled_action(self, request: Document) -> Document:
        return self.documents.delete(ACTION, request)

    def list_tags_for_resource(self, request: Document) -> Document:
        return {"Tags": self.tags.get(request["ResourceARN"], {})}

    def tag_resource(self, request: Document) -> Document:
        self.tags.setdefault(request["ResourceARN"], {}).update(request["Tags"])
        return {}

    def untag_resource(self, request: Document) -> Document:
        for key in request["TagKeys"]:
            self.tags.get(request["ResourceARN"], {}).pop(key, None)
        return {}

    @property
    def _cloudwatch(self) -> Any:
        from moto.cloudwatch.models import cloudwatch_backends

        return cloudwatch_backends[self.account_id][self.region_name]

    def _with_alarms(self, policy: Document) -> Document:
        alarms = acting.alarms_of(policy, self._cloudwatch)
        return policy | {"Alarms": [{"AlarmName": alarm.name, "AlarmARN": alarm.alarm_arn} for alarm in alarms]}

    def _wanted(self, kind: Kind, request: Document) -> list[Document]:
        ids, dimension = request.get("ResourceIds") or [], request.get("ScalableDimension")
        return [
            document
            for document in list(self.documents.of(kind).values())
            if document["ServiceNamespace"] == request["ServiceNamespace"]
            and (not ids or document["ResourceId"] in ids)
            and dimension in (None, document["ScalableDimension"])
        ]

    def _check_resource(self, request: Document) -> None:
        """Refuse a variant of an endpoint that does not exist."""
        from moto.sagemaker.models import sagemaker_backends

        kind, _, rest = request["ResourceId"].partition("/")
        if request["ServiceNamespace"] == "sagemaker" and kind == "endpoint":
            sagemaker: Any = sagemaker_backends[self.account_id][self.region_name]
            name, _, variant = rest.partition("/variant/")
            endpoint = sagemaker.describe_endpoint({"EndpointName": name})
            if variant not in [item["VariantName"] for item in endpoint.get("ProductionVariants", [])]:
                raise AwsError("ValidationException", f"Could not find variant {variant} of endpoint {name}.")


def _by_resource(request: Document) -> Document:
    return request | {"ResourceIds": [request["ResourceId"]]} if "ResourceId" in request else request


def _new_target(account: str) -> Document:
    """Return what AWS answers for a target whose scaling nobody suspended."""
    members = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
    return {"SuspendedState": dict.fromkeys(members, False), "RoleARN": _ROLE.format(account=account)}


application_autoscaling_backends: BackendDict[ApplicationAutoScalingBackend] = BackendDict(
    ApplicationAutoScalingBackend, "application-autoscaling"
)
