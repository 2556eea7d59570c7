"""CloudWatch that computes: statistics, metric math, alarms on the clock, and metrics from log lines."""


def install() -> None:
    from moto.cloudwatch import models

    from cookiecutter_mlops.localaws.cloudwatch.models import Alarm, CloudWatchBackend
    from cookiecutter_mlops.localaws.cloudwatch.responses import CloudWatchResponse
    from cookiecutter_mlops.localaws.extension import swap_backend, swap_responses

    models.Alarm = Alarm  # type: ignore[misc]
    swap_backend(models.cloudwatch_backends, CloudWatchBackend)
    swap_responses("cloudwatch", CloudWatchResponse)
