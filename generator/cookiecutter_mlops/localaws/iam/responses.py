"""IAM: UpdateRole changes only what it is given, and users have boundaries; moto forgets both."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.responses import IamResponse as MotoIamResponse


class IamResponse(MotoIamResponse):
    def update_role(self) -> ActionResult:
        role = self.backend.get_role(self._get_param("RoleName"))
        role.description = self._get_param("Description", role.description)
        role.max_session_duration = self._get_param("MaxSessionDuration", role.max_session_duration)
        return EmptyResult()

    def create_user(self) -> ActionResult:
        answer = super().create_user()
        if boundary := self._get_param("PermissionsBoundary"):
            self._bound(boundary)
        return answer

    def put_user_permissions_boundary(self) -> ActionResult:
        return self._bound(self._get_param("PermissionsBoundary"))

    def delete_user_permissions_boundary(self) -> ActionResult:
        return self._bound("")

    def update_group(self) -> ActionResult:
        """Rename a group or move it; a new name that is the old one is no conflict."""
        if self._get_param("NewGroupName") not in (None, self._get_param("GroupName")):
            return super().update_group()
        self.backend.get_group(self._get_param("GroupName")).path = self._get_param("NewPath")
        return EmptyResult()

    def add_client_id_to_open_id_connect_provider(self) -> ActionResult:
        clients = self._clients()
        clients.extend({self._get_param("ClientID")} - set(clients))
        return EmptyResult()

    def remove_client_id_from_open_id_connect_provider(self) -> ActionResult:
        clients = self._clients()
        clients[:] = [client for client in clients if client != self._get_param("ClientID")]
        return EmptyResult()

    def _clients(self) -> list[str]:
        provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
        return provider.client_id_list

    def _bound(self, arn: str) -> ActionResult:
        user: Any = self.backend.get_user(self._get_param("UserName"))
        boundary = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
        user.permissions_boundary, user.permissions_boundary_arn = boundary if arn else None, arn or None
        return EmptyResult()
