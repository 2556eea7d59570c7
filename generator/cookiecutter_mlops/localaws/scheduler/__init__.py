"""EventBridge Scheduler that executes: schedules fire on the clock, with zones, windows, retries and dead letters."""


def install() -> None:
    from moto.scheduler import models

    from cookiecutter_mlops.localaws.extension import swap_backend, swap_responses
    from cookiecutter_mlops.localaws.scheduler.models import Schedule, SchedulerBackend
    from cookiecutter_mlops.localaws.scheduler.responses import SchedulerResponse

    models.Schedule = Schedule  # type: ignore[misc,assignment]
    swap_backend(models.scheduler_backends, SchedulerBackend)
    swap_responses("scheduler", SchedulerResponse)
