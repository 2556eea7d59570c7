"""Scalable targets and their policies. They are kept, not acted on: nothing scales here."""

import uuid
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend

from cookiecutter_mlops.localaws.crud import Document, Documents, Kind, page
from cookiecutter_mlops.localaws.extension import AwsError

_IDENTITY = ("ServiceNamespace", "ResourceId", "ScalableDimension")
_UNREGISTERED = (
    "ObjectNotFoundException",
    "No scalable target registered for service namespace, resource ID and scalable dimension: {key}",
)
# The role that AWS itself makes for the service.
_ROLE = (
    "arn:aws:iam::123456789012:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
TARGET = Kind("ScalableTarget", *_IDENTITY, arn="scalable-target/{Id}", missing=_UNREGISTERED)
POLICY = Kind(
    "ScalingPolicy",
    *_IDENTITY,
    "PolicyName",
    arn="scalingPolicy:{Id}:resource/{ServiceNamespace}/{ResourceId}:policyName/{PolicyName}",
    missing=("ObjectNotFoundException", "No scaling policy found for: {key}"),
)


class ApplicationAutoScalingBackend(BaseBackend):
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
            target = self.documents.create(TARGET, _suspended() | request | {"Id": uuid.uuid4().hex})
        arn = target["ScalableTargetARN"] = target["ScalableTargetArn"]
        self.tags.setdefault(arn, {}).update(tags or {})
        return target

    def describe_scalable_targets(self, request: Document) -> Document:
        return page(request, "ScalableTargets", self._wanted(TARGET, request), 50)

    def deregister_scalable_target(self, request: Document) -> Document:
        """Remove a target and its policies."""
        target = self.documents.find(TARGET, request)
        for policy in self._wanted(POLICY, request | {"ResourceIds": [request["ResourceId"]]}):
            self.documents.delete(POLICY, policy)
        self.tags.pop(target["ScalableTargetARN"], None)
        return self.documents.delete(TARGET, request)

    def put_scaling_policy(self, request: Document) -> Document:
        self.documents.find(TARGET, request)
        if POLICY.key(request) in self.documents.of(POLICY):
            policy = self.documents.update(POLICY, request)
        else:
            policy = self.documents.create(POLICY, request | {"Id": uuid.uuid4().hex, "Alarms": []})
        policy["PolicyARN"] = policy["ScalingPolicyArn"]
        return policy

    def describe_scaling_policies(self, request: Document) -> Document:
        names = request.get("PolicyNames") or []
        wanted = request | {"ResourceIds": [request["ResourceId"]]} if "ResourceId" in request else request
        found = [p for p in self._wanted(POLICY, wanted) if not names or p["PolicyName"] in names]
        return page(request, "ScalingPolicies", found, 50)

    def delete_scaling_policy(self, request: Document) -> Document:
        return self.documents.delete(POLICY, request)

    def list_tags_for_resource(self, request: Document) -> Document:
        return {"Tags": self.tags.get(request["ResourceARN"], {})}

    def tag_resource(self, request: Document) -> Document:
        self.tags.setdefault(request["ResourceARN"], {}).update(request["Tags"])
        return {}

    def untag_resource(self, request: Document) -> Document:
        for key in request["TagKeys"]:
            self.tags.get(request["ResourceARN"], {}).pop(key, None)
        return {}

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


def _suspended() -> Document:
    """Return what AWS answers for a target whose scaling nobody suspended."""
    members = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
    return {"SuspendedState": dict.fromkeys(members, False), "RoleARN": _ROLE}


application_autoscaling_backends: BackendDict[ApplicationAutoScalingBackend] = BackendDict(
    ApplicationAutoScalingBackend, "application-autoscaling"
)
