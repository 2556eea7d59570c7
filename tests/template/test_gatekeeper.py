"""The gatekeeper under any order of events: one run at a time, a daily cap, nothing lost, nothing doubled."""

import sys
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from cookiecutter_mlops import scaffold

sys.path.insert(0, str(scaffold.template() / "{{cookiecutter.project_slug}}" / "functions"))

from retrain import decide
from retrain.state import Rules, Run, State, Work, dump, load

RULES = Rules(quiet=600, cool_down=900, daily_cap=3, run_limit=36_000)
KINDS = st.sampled_from(["data", "schedule", "alarm", "commit"])


class Gatekeeper(RuleBasedStateMachine):
    """Events come, runs start, get to Train and end, people pause and resume, and the clock jumps, in any order."""

    executions = Bundle("executions")

    def __init__(self):
        super().__init__()
        self.now, self.arrived, self.done, self.executed = 1_795_608_000.0, 0, 0, 0
        self.state = decide.refreshed(State(), self.now)
        self.today, self.started = decide.day(self.now), {}

    @rule(kind=KINDS, times=st.integers(1, 4))
    def work_arrives(self, kind, times):
        self.arrived += times
        self.decided(decide.arrived(self.state, (Work(kind, kind),) * times, self.now, RULES))

    @rule(target=executions)
    def start_is_taken_by_the_pipeline(self):
        """The crash between lock and start: some locks get their execution late, or never."""
        self.executed += 1
        if waiting := [run for run in self.state.runs if run.execution is None]:
            self.state = decide.started(self.state, waiting[0].token, f"e{self.executed}")
        return f"e{self.executed}"

    @rule(execution=executions, data=st.integers(0, 3))
    def execution_is_in_train(self, execution, data):
        known = self.state.run(execution)
        run = Run(execution, (Work("commit", "commit"),), 0, execution)
        facts = {"code_sha256": "c", "settings_sha256": "s", "data_version": str(data)}
        state, decision = decide.admit(self.state, run, facts, None, self.now, RULES)
        if not known and (state.run(execution) or (decision.decision == "wait" and not decision.again)):
            self.arrived += 1  # a push asks for one training of its own
        if decision.decision == "start" and not known:
            self.count_start()
        self.state = state
        assert sum(run.admitted for run in state.runs) <= 1

    @rule(execution=consumes(executions), succeeded=st.booleans(), twice=st.booleans())
    def run_ends(self, execution, succeeded, twice):
        run = self.state.run(execution)
        self.done += sum(work.count for work in run.works) if run else 0
        for _ in range(1 + twice):
            self.state = decide.ended(self.state, execution, succeeded, self.now, RULES)

    @rule(seconds=st.sampled_from([-90_000, 1, 700, 4_000, 40_000, 90_000]))
    def time_goes_by(self, seconds):
        expired = [run for run in self.state.runs if run.execution and run.expires <= self.now + seconds]
        self.done += sum(work.count for run in expired for work in run.works)
        self.now += seconds
        self.today = max(self.today, decide.day(self.now))  # a clock that goes back does not begin a day again
        self.decided(decide.arrived(self.state, (), self.now, RULES))

    @rule()
    def person_pauses(self):
        self.state, _ = decide.paused(self.state, "ana")

    @rule()
    def budget_is_spent(self):
        self.state, _ = decide.stopped(self.state, self.now)

    @rule()
    def person_resumes(self):
        self.decided(decide.resumed(self.state, self.now, RULES))

    def decided(self, outcome):
        state, decision = outcome
        if decision and decision.decision == "start":
            assert not decide.refreshed(self.state, self.now).runs  # the lock was free
            assert not state.paused
            assert not state.stopped_until
            self.count_start()
        self.state = state

    def count_start(self):
        self.started[self.today] = self.started.get(self.today, 0) + 1

    @invariant()
    def nothing_is_lost_and_nothing_doubled(self):
        held = [work for run in self.state.runs for work in run.works]
        assert sum(work.count for work in [*self.state.pending, *held]) + self.done == self.arrived

    @invariant()
    def no_day_has_more_starts_than_the_cap(self):
        assert all(starts <= RULES.daily_cap for starts in self.started.values())

    @invariant()
    def table_keeps_all_of_it(self):
        assert load(dump(self.state)) == self.state

    def teardown(self):
        """Whatever happened: without pause and after enough time, what is left is taken up."""
        state = replace(self.state, paused="", runs=())
        later = self.now + 40 * 86_400
        state, decision = decide.arrived(state, (), later, RULES)
        assert decision.decision == "start" if state.runs else not state.pending


Gatekeeper.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestAnyOrderOfEvents = Gatekeeper.TestCase


def test_status_says_until_when_what_arrives_by_itself_waits():
    state = replace(State(), starts=1, cool_until=1_795_608_600.0)
    assert decide.left(state, 1_795_608_000.0, RULES) == (
        "2 of 3 trainings are left today; data, drift and schedules start one from 2026-11-25 12:10 UTC on"
    )
    assert decide.left(state, 1_795_608_600.0, RULES) == "2 of 3 trainings are left today"
