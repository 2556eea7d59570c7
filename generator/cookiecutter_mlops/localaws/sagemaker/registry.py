"""The model registry: groups, their versioned packages, and the event that starts a release."""

import itertools
from typing import Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.crud import Document, page
from cookiecutter_mlops.localaws.extension import AwsError, NotEmulated
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ValidationException
from cookiecutter_mlops.localaws.sagemaker.kinds import MODEL_PACKAGE, MODEL_PACKAGE_GROUP


class RegistryOperations(Operations):
    """Operations on model package groups and model packages; part of the SageMaker backend."""

    def create_model_package_group(self, request: Document) -> Document:
        return self.documents.create(MODEL_PACKAGE_GROUP, request | {"Versions": itertools.count(1), "CreatedBy": {}})

    def describe_model_package_group(self, request: Document) -> Document:
        return self._group(request["ModelPackageGroupName"])

    def list_model_package_groups(self, request: Document) -> Document:
        return page(request, "ModelPackageGroupSummaryList", self.documents.search(MODEL_PACKAGE_GROUP, request))

    def delete_model_package_group(self, request: Document) -> Document:
        group = self._group(request["ModelPackageGroupName"])
        if self._packages(group["ModelPackageGroupName"]):
            raise AwsError(
                "ConflictException", "Model Package Group cannot be deleted because it contains Model Packages."
            )
        return self.documents.delete(MODEL_PACKAGE_GROUP, group)

    def put_model_package_group_policy(self, request: Document) -> Document:
        group = self._group(request["ModelPackageGroupName"])
        group["ResourcePolicy"] = request["ResourcePolicy"]
        return group

    def get_model_package_group_policy(self, request: Document) -> Document:
        group = self._group(request["ModelPackageGroupName"])
        if "ResourcePolicy" not in group:
            raise ValidationException(f"Cannot find Model Package Group Policy: {group['ModelPackageGroupName']}.")
        return group

    def delete_model_package_group_policy(self, request: Document) -> Document:
        self._group(request["ModelPackageGroupName"]).pop("ResourcePolicy", None)
        return {}

    def create_model_package(self, request: Document) -> Document:
        if "ModelPackageGroupName" not in request:
            raise NotEmulated("model packages without a group")
        group = self._group(request["ModelPackageGroupName"])
        if earlier := self._same_token(group, request):
            return earlier
        document = self.documents.create(MODEL_PACKAGE, _new_package(request, group))
        self.emit("ModelPackage", document)
        return document

    def describe_model_package(self, request: Document) -> Document:
        document = self._package(request["ModelPackageName"])
        return {name: value for name, value in document.items() if value not in (None, {}, [])}

    def update_model_package(self, request: Document) -> Document:
        document = self._package(request["ModelPackageArn"])
        before = document["ModelApprovalStatus"]
        metadata = document.get("CustomerMetadataProperties", {}) | request.pop("CustomerMetadataProperties", {})
        for name in request.pop("CustomerMetadataPropertiesToRemove", []):
            metadata.pop(name, None)
        document.update(request, CustomerMetadataProperties=metadata, LastModifiedTime=clock.time())
        if document["ModelApprovalStatus"] != before:
            self.emit("ModelPackage", document)
        return document

    def list_model_packages(self, request: Document) -> Document:
        group = request.get("ModelPackageGroupName")
        name = self._group(group)["ModelPackageGroupName"] if group else None
        status = request.get("ModelApprovalStatus")
        found = [
            package
            for package in self.documents.search(MODEL_PACKAGE, request)
            if name in (None, package["ModelPackageGroupName"]) and status in (None, package["ModelApprovalStatus"])
        ]
        return page(request, "ModelPackageSummaryList", found)

    def delete_model_package(self, request: Document) -> Document:
        return self.documents.delete(MODEL_PACKAGE, self._package(request["ModelPackageName"]))

    def _group(self, name_or_arn: str) -> Document:
        return self.documents.get(MODEL_PACKAGE_GROUP, name_or_arn.rsplit("/", 1)[-1])

    def _packages(self, group: str) -> list[Document]:
        packages = self.documents.of(MODEL_PACKAGE).values()
        return [package for package in list(packages) if package["ModelPackageGroupName"] == group]

    def _same_token(self, group: Document, request: Document) -> Document | None:
        """Return the package that an earlier try of this very request made."""
        token, packages = request.get("ClientToken"), self._packages(group["ModelPackageGroupName"])
        return next((package for package in packages if token and package.get("ClientToken") == token), None)


def _new_package(request: Document, group: Document) -> dict[str, Any]:
    return {
        "ModelApprovalStatus": "PendingManualApproval",
        "CreatedBy": {},
        "LastModifiedBy": {},
        **request,
        "ModelPackageGroupName": group["ModelPackageGroupName"],
        "ModelPackageVersion": next(group["Versions"]),
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
    }
