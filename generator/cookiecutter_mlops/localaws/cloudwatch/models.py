"""CloudWatch that computes: metrics by series, alarms that are evaluated each minute of the clock and that act."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch import models as moto_models
from moto.cloudwatch.exceptions import ValidationError

from cookiecutter_mlops.localaws import clock, delivery, runtime
from cookiecutter_mlops.localaws.cloudwatch import composite, evaluation, notices
from cookiecutter_mlops.localaws.cloudwatch.evaluation import Verdict
from cookiecutter_mlops.localaws.cloudwatch.series import Datum, Key, Series, Unsupported

log = logging.getLogger(__name__)

# Called with the alarm, by the service in an action's ARN (such as autoscaling), each time that it is evaluated.
ACTIONS: dict[str, Callable[[str, Any], object]] = {}
_CAUGHT_UP = 3 * 3600  # seconds of a jump of the clock that are evaluated minute by minute
_LISTS = {"ALARM": "alarm_actions", "OK": "ok_actions", "INSUFFICIENT_DATA": "insufficient_data_actions"}


def register_action(service: str, action: Callable[[str, Any], object]) -> None:
    """Let actions whose ARN names a service be carried out by a function of the ARN and the alarm.

    It is called at each evaluation while the state lasts, as scaling policies are, not only when the state changes.
    """
    ACTIONS[service] = action


class Alarm(moto_models.Alarm):
    """An alarm; new ones know nothing yet."""

    def __init__(self, account_id: str, region_name: str, *arguments: Any, **settings: Any) -> None:
        super().__init__(account_id, region_name, *arguments, **settings)
        self.account_id, self.alarm_rule = account_id, self.rule
        self.state_value = "INSUFFICIENT_DATA"
        self.state_transitioned_timestamp = self.state_updated_timestamp
        self.parsed = composite.Rule(self.rule) if self.rule else None

    def keep_state(self, earlier: "Alarm") -> None:
        """Go on from the alarm that this one replaces."""
        for name in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history"):
            setattr(self, name, getattr(earlier, name))

    def update_state(self, reason: str, reason_data: str | None, state_value: str) -> None:
        """Take a state; if it is another one, tell EventBridge and carry out its actions."""
        previous, changed = notices.state(self), state_value != self.state_value
        if changed:
            super().update_state(reason, reason_data or "{}", state_value)
            self.state_transitioned_timestamp = self.state_updated_timestamp
            detail, kind = notices.event_detail(self, previous), "CloudWatch Alarm State Change"
            runtime.put_event(self.account_id, self.region_name, "aws.cloudwatch", kind, detail, [self.alarm_arn])
        for action in getattr(self, _LISTS[state_value]) if self.actions_enabled else []:
            self._act(action, previous, changed)

    def _act(self, action: str, previous: dict[str, Any], changed: bool) -> None:
        service = action.split(":")[2]
        if service in ACTIONS:
            ACTIONS[service](action, self)
        elif changed:
            texts = {
                "sns": lambda: notices.message(self, self.account_id, previous["value"]),
                "lambda": lambda: notices.function_event(self, self.account_id, previous),
            }
            if service not in texts:
                log.warning("Alarm %s: the embedded AWS has no action %s", self.name, action)
                return
            target = {"Arn": action, "Subject": f'{self.state_value}: "{self.name}" in {self.region_name}'[:100]}
            sender = delivery.Sender("cloudwatch.amazonaws.com", self.alarm_arn)
            delivery.deliver(sender, target, texts[service]())


class CloudWatchBackend(moto_models.CloudWatchBackend):
    """moto's metrics and alarms, with series of their own and alarms that are evaluated."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.series: dict[Key, Series] = {}
        self._evaluated = 0.0  # up to which moment; 0 before the first alarm

    def put_metric_alarm(self, name: str, *arguments: Any, **settings: Any) -> moto_models.Alarm:
        earlier: Any = self.alarms.get(name)
        try:
            alarm: Any = super().put_metric_alarm(name, *arguments, **settings)
        except ValueError as error:
            raise ValidationError(f"AlarmRule is not valid: {error}") from None
        if alarm.parsed and (unknown := [item for item in alarm.parsed.names if not self._alarm(item)]):
            self.alarms.pop(name)
            raise ValidationError(f"The following alarms do not exist: {unknown}")
        if earlier:
            alarm.keep_state(earlier)
        if not self._evaluated:
            self._evaluated = clock.time()
            self._at_next_step(self._evaluated)
        return alarm

    def put_metric_data(self, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        """Keep datapoints; those without a time get the clock's."""
        for number, item in enumerate(metric_data, 1):
            self._validate_parameters_put_metric_data(item, number)
        for item in metric_data:
            moment, data = _moment(item.get("Timestamp")), list(_data(item))
            dimensions = item.get("Dimensions") or []
            key = (namespace, item["MetricName"], frozenset((pair["Name"], pair["Value"]) for pair in dimensions))
            series = self.series.setdefault(key, Series())
            for datum in data:
                series.add(moment, datum)

    def get_all_metrics(self) -> list[moto_models.MetricDatumBase]:
        """Return one datum for each metric, for those who list them."""
        now = clock.now().replace(tzinfo=None)
        known = [
            moto_models.MetricDatum(namespace, name, 0, [{"Name": n, "Value": v} for n, v in sorted(pairs)], now)
            for namespace, name, pairs in list(self.series)
        ]
        return [*known, *self.aws_metric_data]

    def evaluate(self, moment: float | None = None) -> None:
        """Evaluate all alarms at a moment, by default now; composite ones after those that they look at."""
        alarms: list[Any] = list(self.alarms.values())
        for alarm in sorted(alarms, key=lambda alarm: bool(alarm.rule)):
            try:
                self._take(alarm, self._verdict(alarm, moment or clock.time()))
            except Unsupported as error:
                reason = f"The embedded AWS does not compute {error}."
                log.warning("Alarm %s: %s", alarm.name, reason)
                self._take(alarm, Verdict("INSUFFICIENT_DATA", reason))
            except Exception:
                log.exception("Alarm %s could not be evaluated", alarm.name)

    def _take(self, alarm: Any, verdict: Verdict) -> None:
        alarm.update_state(verdict.reason, json.dumps(verdict.data), verdict.state)

    def _verdict(self, alarm: Any, moment: float) -> Verdict:
        if not alarm.parsed:
            return evaluation.judge(alarm, self.series, moment)
        holds = alarm.parsed.holds(lambda name: getattr(self._alarm(name), "state_value", None))
        return Verdict("ALARM" if holds else "OK", f"The rule {alarm.rule} is {'' if holds else 'not '}met")

    def _alarm(self, name: str) -> Any:
        return self.alarms.get(name.rpartition(":alarm:")[2])

    def _at_next_step(self, now: float) -> None:
        """Evaluate at the next full minute after `now`; at the next ten seconds if an alarm is that fine."""
        fine = any(alarm.period and int(alarm.period) < 60 for alarm in list(self.alarms.values()))
        step = 10 if fine else 60
        clock.at((now // step + 1) * step, self._step)

    def _step(self) -> None:
        """Evaluate each minute that passed since the last step: several where the clock was moved."""
        now = clock.time()  # before: the clock may be moved while alarms are evaluated
        first = max(self._evaluated, now - _CAUGHT_UP)
        self._evaluated = now
        try:
            for minute in range(int(first // 60) + 1, int(now // 60)):
                self.evaluate(60.0 * minute)
            self.evaluate(now)
        finally:
            self._at_next_step(now)


def _moment(given: Any) -> float:
    if given is None:
        return clock.time()
    if isinstance(given, datetime):
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()
    return float(given)


def _data(item: dict[str, Any]) -> Any:
    """Yield what a MetricDatum tells: a value, values with counts, or a statistic set."""
    unit = item.get("Unit")
    if stats := item.get("StatisticValues"):
        low, high, total = (float(stats[name]) for name in ("Minimum", "Maximum", "Sum"))
        yield Datum(low, high, total, float(stats["SampleCount"]), unit)
        return
    values = item.get("Values") or [item.get("Value", 0)]
    for value, count in zip(values, item.get("Counts") or [1] * len(values), strict=True):
        yield Datum(float(value), float(value), float(value) * float(count), float(count), unit)
