"""Application Auto Scaling of our own: moto's has no tags, and loads all of EC2 (100 MB) to look at spot fleets."""


def install() -> None:
    from cookiecutter_mlops.localaws.applicationautoscaling.acting import on_alarm
    from cookiecutter_mlops.localaws.applicationautoscaling.responses import ApplicationAutoScalingResponse
    from cookiecutter_mlops.localaws.cloudwatch.models import register_action
    from cookiecutter_mlops.localaws.extension import register_service

    register_service("application-autoscaling", ApplicationAutoScalingResponse)
    register_action("autoscaling", on_alarm)
