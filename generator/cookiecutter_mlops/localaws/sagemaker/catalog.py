"""The resources of SageMaker that are only documents here: what was created is described, changed, listed and deleted.

Studio, the feature store and Model Monitor do not run; their resources can be managed.
"""

import uuid
from typing import Any

from cookiecutter_mlops.localaws.crud import Document, Kind
from cookiecutter_mlops.localaws.sagemaker.images import IMAGE, ImageOperations
from cookiecutter_mlops.localaws.sagemaker.pipelines.operations import PIPELINE

_IN_SERVICE = {"Status": "InService"}


def _complete_domain(document: Document) -> None:
    document.setdefault("DomainId", f"d-{uuid.uuid4().hex[:12]}")
    document.setdefault("HomeEfsFileSystemId", f"fs-{uuid.uuid4().hex[:17]}")
    document["Url"] = f"https://{document['DomainId']}.studio.sagemaker.aws"
    document["DomainSettings"] = document.get("DomainSettings", {}) | document.pop("DomainSettingsForUpdate", {})


def _complete_feature_group(document: Document) -> None:
    document["FeatureDefinitions"] += document.pop("FeatureAdditions", [])
    store = document.get("OfflineStoreConfig", {}).get("S3StorageConfig")
    if store:
        store.setdefault("ResolvedOutputS3Uri", f"{store['S3Uri'].rstrip('/')}/{document['FeatureGroupName']}/data")


def _complete_server(document: Document) -> None:
    document["TrackingServerUrl"] = f"https://{document['TrackingServerName']}.experiments.sagemaker.aws"
    document["AutomaticModelRegistration"] = bool(document.get("AutomaticModelRegistration"))


def _complete_project(document: Document) -> None:
    document.setdefault("ProjectId", f"p-{uuid.uuid4().hex[:12]}")
    product = {"ProvisionedProductId": f"pp-{uuid.uuid4().hex[:13]}"}
    document.setdefault("ServiceCatalogProvisionedProductDetails", product)
    given = document.get("ServiceCatalogProvisioningDetails", {})
    changed = document.pop("ServiceCatalogProvisioningUpdateDetails", {})
    document["ServiceCatalogProvisioningDetails"] = given | changed
    document["ProjectStatus"] = "UpdateCompleted" if "ProjectArn" in document else "CreateCompleted"


def _job_definition(kind: str) -> Kind:
    return Kind(
        "".join(word.capitalize() for word in kind.split("-")) + "JobDefinition",
        "JobDefinitionName",
        arn=f"{kind}-job-definition/{{JobDefinitionName}}",
        arn_member="JobDefinitionArn",
        listed="JobDefinitionSummaries",
    )


def _cannot_find(noun: str) -> tuple[str, str]:
    return "ResourceNotFound", f"Resource not found: {noun} {{key}} does not exist."


TRACKING_SERVER = Kind(
    "MlflowTrackingServer",
    "TrackingServerName",
    arn_member="TrackingServerArn",
    defaults={
        "TrackingServerStatus": "Created",
        "IsActive": "Active",
        "TrackingServerSize": "Small",
        "MlflowVersion": "3.0",
        "WeeklyMaintenanceWindowStart": "Mon:03:00",
    },
    listed="TrackingServerSummaries",
    complete=_complete_server,
)
# Each kind with the verbs of its operations.
KINDS: dict[Kind, str] = {
    Kind(
        "Domain",
        "DomainId",
        defaults=_IN_SERVICE | {"AppNetworkAccessType": "PublicInternetOnly"},
        complete=_complete_domain,
        missing=_cannot_find("Domain"),
    ): "Create Describe Update Delete List",
    Kind("UserProfile", "DomainId", "UserProfileName", defaults=_IN_SERVICE): "Create Describe Update Delete List",
    Kind("Space", "DomainId", "SpaceName", defaults=_IN_SERVICE): "Create Describe Update Delete List",
    Kind(
        "App",
        "DomainId",
        "UserProfileName",
        "SpaceName",
        "AppType",
        "AppName",
        arn="app/{DomainId}/{UserProfileName}{SpaceName}/{AppType}/{AppName}",
        defaults=_IN_SERVICE,
    ): "Create Describe Delete List",
    Kind(
        "FeatureGroup",
        defaults={"FeatureGroupStatus": "Created"},
        listed="FeatureGroupSummaries",
        complete=_complete_feature_group,
    ): "Create Describe Update Delete List",
    PIPELINE: "Describe Delete List",
    Kind(
        "MonitoringSchedule",
        defaults={"MonitoringScheduleStatus": "Scheduled"},
        listed="MonitoringScheduleSummaries",
    ): "Create Describe Update Delete List",
    **{
        _job_definition(kind): "Create Describe Delete List"
        for kind in ("data-quality", "model-quality", "model-bias", "model-explainability")
    },
    IMAGE: "Create Describe Update Delete List",
    Kind(
        "Project",
        missing=("ValidationException", "Project {key} does not exist."),
        listed="ProjectSummaryList",
        complete=_complete_project,
    ): "Create Describe Update Delete List",
    Kind("StudioLifecycleConfig"): "Create Describe Delete List",
    Kind("AppImageConfig"): "Create Describe Update Delete List",
    Kind(
        "HumanTaskUi", defaults={"HumanTaskUiStatus": "Active"}, listed="HumanTaskUiSummaries"
    ): "Create Describe Delete List",
    Kind(
        "FlowDefinition", defaults={"FlowDefinitionStatus": "Active"}, listed="FlowDefinitionSummaries"
    ): "Create Describe Delete List",
    Kind("DeviceFleet", listed="DeviceFleetSummaries"): "Create Describe Update Delete List",
    TRACKING_SERVER: "Create Describe Delete List",
    Kind(
        "Workforce",
        defaults={"Status": "Active"},
        missing=("ValidationException", "No workforce {key} exists."),
        wrapped="Workforce",
    ): "Create Describe Update Delete List",
    Kind("Workteam", wrapped="Workteam"): "Create Describe Update Delete List",
}


class CatalogOperations(ImageOperations):
    """Operations on these resources that are more than documents; part of the SageMaker backend."""

    _portfolio = "Disabled"

    def enable_sagemaker_servicecatalog_portfolio(self, request: Document) -> dict[str, Any]:
        self._portfolio = "Enabled"
        return {}

    def disable_sagemaker_servicecatalog_portfolio(self, request: Document) -> dict[str, Any]:
        self._portfolio = "Disabled"
        return {}

    def get_sagemaker_servicecatalog_portfolio_status(self, request: Document) -> dict[str, Any]:
        return {"Status": self._portfolio}

    def update_mlflow_tracking_server(self, request: Document) -> Document:
        return self.documents.update(TRACKING_SERVER, request | {"TrackingServerStatus": "Updated"})
