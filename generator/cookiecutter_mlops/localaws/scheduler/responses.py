"""EventBridge Scheduler's requests."""

from moto.scheduler.responses import EventBridgeSchedulerResponse


class SchedulerResponse(EventBridgeSchedulerResponse):
    def update_schedule(self) -> str:
        """Update a schedule, and what happens after its completion, which moto leaves as it was."""
        answer = super().update_schedule()
        name = self.uri.split("?")[0].split("/")[-1]
        schedule = self.scheduler_backend.get_schedule(self._get_param("GroupName"), name)
        schedule.action_after_completion = self._get_param("ActionAfterCompletion")
        return answer
