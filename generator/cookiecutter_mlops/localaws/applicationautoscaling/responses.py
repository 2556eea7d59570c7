"""The requests of Application Auto Scaling."""

from moto.core.responses import BaseResponse

from cookiecutter_mlops.localaws.applicationautoscaling.models import (
    ApplicationAutoScalingBackend,
    application_autoscaling_backends,
)
from cookiecutter_mlops.localaws.crud import answer_with


class ApplicationAutoScalingResponse(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="application-autoscaling")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> ApplicationAutoScalingBackend:
        return application_autoscaling_backends[self.current_account][self.region]


answer_with(ApplicationAutoScalingResponse, ApplicationAutoScalingBackend)
