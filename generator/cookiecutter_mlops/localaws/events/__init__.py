"""EventBridge that delivers: matching rules reach CodePipeline, Lambda, SNS, SQS, log groups and other buses."""


def install() -> None:
    """Let moto's EventBridge make our rules; everything about rules as documents stays moto's."""
    from moto.events import models

    from cookiecutter_mlops.localaws.events.models import EventsBackend, Rule, validate_pattern
    from cookiecutter_mlops.localaws.events.responses import EventsHandler
    from cookiecutter_mlops.localaws.extension import executes, swap_backend, swap_responses

    models.Rule = Rule  # type: ignore[misc]
    swap_backend(models.events_backends, EventsBackend)
    models.EventPatternParser._validate_event_pattern = validate_pattern  # type: ignore[method-assign,assignment]
    swap_responses("events", EventsHandler)
    executes("events", "put_events", "put_rule", "put_targets", "enable_rule", "disable_rule")
