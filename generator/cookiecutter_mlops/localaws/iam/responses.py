"""IAM: UpdateRole changes only what it is given; moto's forgets the description when the duration is set."""

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.responses import IamResponse as MotoIamResponse


class IamResponse(MotoIamResponse):
    def update_role(self) -> ActionResult:
        role = self.backend.get_role(self._get_param("RoleName"))
        role.description = self._get_param("Description", role.description)
        role.max_session_duration = self._get_param("MaxSessionDuration", role.max_session_duration)
        return EmptyResult()
