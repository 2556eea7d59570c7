"""CloudTrail: the trails that a request names, where moto returns all of them. What happens is not recorded."""

import json

from moto.cloudtrail.responses import CloudTrailResponse as MotoCloudTrailResponse

from cookiecutter_mlops.localaws import extension


class CloudTrailResponse(MotoCloudTrailResponse):
    def describe_trails(self) -> str:
        found = json.loads(super().describe_trails())["trailList"]
        names = self._get_param("trailNameList") or []
        return json.dumps({"trailList": [t for t in found if not names or {t["Name"], t["TrailARN"]} & set(names)]})


def install() -> None:
    extension.swap_responses("cloudtrail", CloudTrailResponse)
