"""What runs in the loop is held to its own role: an action that is taken away stops the loop where it is needed.

That each permission of each role is needed is proven by deciding the recorded requests again (`permissions.py`); here
one action of each role is really taken away, the first that it uses, and the loop is really stopped by it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest

from cookiecutter_mlops import watch
from cookiecutter_mlops.localaws.iam import usage
from cookiecutter_mlops.localaws.iam.conditions import wildcard
from cookiecutter_mlops.loop import LoopProject
from tests.localaws.conftest import wait_for
from tests.loop import permissions
from tests.loop.test_loop import WORKER

pytestmark = pytest.mark.xdist_group("released")  # one worker, one project

# Where the loop stops without a role's first action, in this order.
TRAIN = [
    ("train-pipeline", "Source"),
    ("check-build", "Check"),
    ("package-build", "Package"),
    ("train-build", "Train"),
    ("training", "Train"),
]
RELEASE = [
    ("release-pipeline", "Source"),
    ("deploy-prod-build", "Deploy-prod"),
    ("prod-endpoint", "Deploy-prod"),
    ("verify-prod-build", "Verify-prod"),
]


class Iam:
    """The roles of a project, and what they were refused."""

    def __init__(self, project: LoopProject) -> None:
        self.project, self.client = project, project.client("iam")
        self.home, self.kept = project.path / ".mlops" / "local", {}

    def name(self, role: str) -> str:
        return f"{self.project.path.name}-{role}"

    def first_action(self, role: str) -> str:
        """Return the action that a role used first of those that it needs, as its policy writes it."""
        needed = [p.action for p in usage.needed(self.client, self.home) if p.role == self.name(role)]
        requests = usage.requests(self.home)[self.name(role)]
        return next(a for r in requests for a in needed if wildcard(a.lower()).fullmatch(r.action.lower()))

    def take(self, role: str, action: str) -> None:
        """Take an action away from every policy of a role that has it."""
        name = self.name(role)
        for policy in self.client.list_role_policies(RoleName=name)["PolicyNames"]:
            found = self.client.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            less = usage.without(found["Statement"], action)
            if less == found["Statement"]:
                continue
            self.kept[name, policy] = found
            if less:
                self._put(name, policy, found | {"Statement": less})
            else:
                self.client.delete_role_policy(RoleName=name, PolicyName=policy)
        assert any(key[0] == name for key in self.kept), f"{role} has no {action}"

    def give_back(self, role: str | None = None) -> None:
        for name, policy in [key for key in self.kept if role is None or key[0] == self.name(role)]:
            self._put(name, policy, self.kept.pop((name, policy)))

    def refused(self) -> list[tuple[str, str]]:
        """Return role and action of every refusal, newest last."""
        return [(entry["role"], entry["action"]) for entry in usage.entries(self.home) if not entry["allowed"]]

    def _put(self, role: str, policy: str, document: dict) -> None:
        self.client.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


@pytest.fixture
def iam(released) -> Iterator[Iam]:
    """Roles that have all their permissions again in the end."""
    iam = Iam(released)
    yield iam
    iam.give_back()


class Taken:
    """The first action of some roles, taken away until the loop has been stopped by it."""

    def __init__(self, iam: Iam, roles: Sequence[str]) -> None:
        self.iam, self.seen = iam, len(iam.refused())
        self.actions = {role: iam.first_action(role) for role in roles}
        for role, action in self.actions.items():
            iam.take(role, action)

    def refused(self) -> str:
        """Return whose first action is refused since this was asked last, as soon as it is, and give it back."""
        (role,) = wait_for(self._refused, seconds=120)
        self.iam.give_back(role)
        return role

    def _refused(self) -> set[str]:
        new = self.iam.refused()[self.seen :]
        found = {role for role in self.actions for who, action in new if self._is(role, who, action)}
        self.seen += len(new) if found else 0
        return found

    def _is(self, role: str, who: str, action: str) -> bool:
        return who == self.iam.name(role) and wildcard(self.actions[role].lower()).fullmatch(action.lower()) is not None


def stops(project: LoopProject, taken: Taken, pipeline: str) -> Iterator[tuple[str, str]]:
    """Start a pipeline; yield role and stage wherever it is stopped, and let it go on with what was taken away."""
    codepipeline = project.client("codepipeline")
    execution = codepipeline.start_pipeline_execution(name=pipeline)["pipelineExecutionId"]
    while watch.follow(codepipeline, pipeline, execution) == "Failed":
        failed = [a.stage for a in watch.actions(codepipeline, pipeline, execution) if a.status == "Failed"]
        yield taken.refused(), (stage := failed[-1])
        codepipeline.retry_stage_execution(
            pipelineName=pipeline, pipelineExecutionId=execution, stageName=stage, retryMode="FAILED_ACTIONS"
        )


def nothing_starts(project: LoopProject, taken: Taken, pipeline: str, step: Callable[[], object]) -> str:
    """Do what starts a pipeline, and return who was refused; it does not start."""
    codepipeline = project.client("codepipeline")
    known = [execution["pipelineExecutionId"] for execution in watch.executions(codepipeline, pipeline)]
    step()
    role = taken.refused()
    assert [execution["pipelineExecutionId"] for execution in watch.executions(codepipeline, pipeline)] == known
    return role


@pytest.mark.slow
def test_loop_stops_at_each_role_whose_first_action_is_taken_away(released, iam):
    taken = Taken(iam, ["train-events", "release-events", *(role for role, _ in [*TRAIN, *RELEASE])])
    kinds = ("-build", "-pipeline", "-events", "-training", "-endpoint")
    used = {role for role in usage.requests(iam.home) if role.endswith(kinds)}
    assert used == {iam.name(role) for role in taken.actions}
    toml = released.path / "project.toml"
    toml.write_text(toml.read_text().replace("learning_rate = 0.1", "learning_rate = 0.09"))
    released.run("git", "commit", "--quiet", "--all", "--message", "Learn more slowly")
    assert nothing_starts(released, taken, released.outputs["train_pipeline"], released.push) == "train-events"
    assert list(stops(released, taken, released.outputs["train_pipeline"])) == TRAIN
    approve = partial(released.mlops, "approve")
    assert nothing_starts(released, taken, released.outputs["release_pipeline"], approve) == "release-events"
    assert list(stops(released, taken, released.outputs["release_pipeline"])) == RELEASE
    told = released.mlops("local", "logs", "codebuild/salary-prediction-train").stdout
    assert "is not authorized to perform: ecr:GetAuthorizationToken on resource" in told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "action", "event"),
    [
        ("prod-invoke", "sagemaker:InvokeEndpoint", {"instances": [WORKER]}),
        ("prod-launch", "ssm:GetParameter", {"kind": "monitor"}),
        ("retrain", "dynamodb:GetItem", {"action": "status"}),
    ],
)
def test_function_is_refused_what_is_taken_away(released, iam, function, action, event):
    iam.take(f"{function}-function", action)
    released.client("lambda").invoke(FunctionName=iam.name(function), Payload=json.dumps(event))
    assert iam.refused()[-1] == (iam.name(f"{function}-function"), action)


def test_first_release_needs_the_permissions_that_it_needed(released):
    assert released.invoke_function({"instances": [WORKER]})["predictions"]
    permissions.check(released, "first_release")
