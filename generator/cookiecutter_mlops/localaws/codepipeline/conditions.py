"""Variables in an action's configuration, a stage's conditions on them, and the order of its actions."""

import re
from typing import Any

from cookiecutter_mlops.localaws.codepipeline.exceptions import ActionFailed
from cookiecutter_mlops.localaws.extension import NotEmulated

REFERENCE = re.compile(r"#\{([^.}]+)\.([^}]+)\}")
OPERATORS = {
    "EQ": lambda value, wanted: value == wanted,
    "NE": lambda value, wanted: value != wanted,
    "CONTAINS": lambda value, wanted: wanted in value,
    "MATCHES": lambda value, wanted: re.fullmatch(wanted, value) is not None,
}


def resolve(text: str, variables: dict[str, dict[str, str]]) -> str:
    """Return the text with each `#{namespace.name}` replaced; a name that nothing set fails the action, as on AWS."""

    def value(match: re.Match[str]) -> str:
        namespace, name = match.groups()
        try:
            return variables[namespace][name]
        except KeyError:
            raise ActionFailed(f"Variable #{{{namespace}.{name}}} was not set", "ConfigurationError") from None

    return REFERENCE.sub(value, text)


def may_enter(stage: dict[str, Any], variables: dict[str, dict[str, str]]) -> bool:
    """Tell whether the stage's entry conditions hold; one that fails skips the stage or fails the execution."""
    for condition in _conditions(stage):
        for rule in condition["rules"]:
            if not _holds(rule, variables):
                if condition.get("result") == "SKIP":
                    return False
                raise ActionFailed(f"The entry condition {rule['name']} of stage {stage['name']} does not hold")
    return True


def check(stage: dict[str, Any]) -> None:
    """Refuse a stage with conditions that nobody would look at."""
    for member in ("onFailure", "onSuccess"):
        if stage.get(member):
            raise NotEmulated(f"CreatePipeline with {member} of a stage")
    for condition in _conditions(stage):
        for rule in condition["rules"]:
            settings = rule.get("configuration") or {}
            if rule["ruleTypeId"]["provider"] != "VariableCheck" or settings.get("Operator") not in OPERATORS:
                raise NotEmulated(f"the rule {rule['name']} of stage {stage['name']}: only VariableCheck is looked at")


def run_order(action: dict[str, Any]) -> int:
    """Return an action's place in its stage; actions of one place run side by side."""
    return action.get("runOrder") or 1


def _conditions(stage: dict[str, Any]) -> list[dict[str, Any]]:
    return (stage.get("beforeEntry") or {}).get("conditions") or []


def _holds(rule: dict[str, Any], variables: dict[str, dict[str, str]]) -> bool:
    settings = {name: resolve(value, variables) for name, value in rule["configuration"].items()}
    return OPERATORS[settings["Operator"]](settings["Variable"], settings["Value"])
