"""EventBridge's requests: moto's, with the operation by which a person tries a pattern."""

import json

from moto.events.models import EventPattern
from moto.events.responses import EventsHandler as MotoEventsHandler


class EventsHandler(MotoEventsHandler):
    def test_event_pattern(self) -> str:  # type: ignore[override]
        pattern = EventPattern.load(self._get_param("EventPattern"))
        return json.dumps({"Result": pattern.matches_event(json.loads(self._get_param("Event")))})
