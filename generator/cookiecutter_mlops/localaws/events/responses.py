"""EventBridge's requests: moto's, with those that it lacks: a pattern is tried, a bus is changed."""

import json

from moto.events.models import EventPattern
from moto.events.responses import EventsHandler as MotoEventsHandler

from cookiecutter_mlops.localaws import clock


class EventsHandler(MotoEventsHandler):
    def test_event_pattern(self) -> str:  # type: ignore[override]
        pattern = EventPattern.load(self._get_param("EventPattern"))
        return json.dumps({"Result": pattern.matches_event(json.loads(self._get_param("Event")))})

    def update_event_bus(self) -> str:
        bus = self.events_backend.describe_event_bus(self._get_param("Name"))
        bus.description = self._get_param("Description")
        bus.kms_key_identifier = self._get_param("KmsKeyIdentifier")
        bus.dead_letter_config = self._get_param("DeadLetterConfig")
        bus.last_modified_time = clock.time()
        described = {"Name": bus.name, "Arn": bus.arn, "Description": bus.description}
        return json.dumps(described | {"KmsKeyIdentifier": bus.kms_key_identifier})
