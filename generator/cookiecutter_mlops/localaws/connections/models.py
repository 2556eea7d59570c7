"""Connections of one account and region."""

import uuid

from moto.core.base_backend import BackendDict, BaseBackend

from cookiecutter_mlops.localaws.crud import Document, Documents, Kind, page

CONNECTION = Kind(
    "Connection",
    "ConnectionArn",
    arn="connection/{ConnectionId}",
    missing=("ResourceNotFoundException", "[{key}] not found"),
)


class ConnectionsBackend(BaseBackend):
    """CodeStar Connections; a subclass is the same under its newer name."""

    service = "codestar-connections"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.documents = Documents(self.service, account_id, region_name)

    def create_connection(self, request: Document) -> Document:
        added = {"ConnectionId": str(uuid.uuid4()), "ConnectionStatus": "PENDING", "OwnerAccountId": self.account_id}
        return self.documents.create(CONNECTION, request | added)

    def get_connection(self, request: Document) -> Document:
        return {"Connection": self.documents.describe(CONNECTION, request)}

    def list_connections(self, request: Document) -> Document:
        return page(request, "Connections", self.documents.search(CONNECTION, request), 50)

    def delete_connection(self, request: Document) -> Document:
        return self.documents.delete(CONNECTION, request)

    def list_tags_for_resource(self, request: Document) -> Document:
        return {"Tags": self._tagged(request).get("Tags") or []}

    def tag_resource(self, request: Document) -> Document:
        self.documents.tag(self._tagged(request), request["Tags"])
        return {}

    def untag_resource(self, request: Document) -> Document:
        self.documents.untag(self._tagged(request), request["TagKeys"])
        return {}

    def _tagged(self, request: Document) -> Document:
        return self.documents.get(CONNECTION, request["ResourceArn"])


class CodeConnectionsBackend(ConnectionsBackend):
    service = "codeconnections"


# botocore knows the regions of the older name only.
codestar_backends: BackendDict[ConnectionsBackend] = BackendDict(ConnectionsBackend, "codestar-connections")
codeconnections_backends: BackendDict[CodeConnectionsBackend] = BackendDict(
    CodeConnectionsBackend, "codestar-connections"
)
