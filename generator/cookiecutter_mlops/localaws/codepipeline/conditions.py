"""Variables in an action's configuration, and a stage's conditions on them."""

import re
from typing import Any

from cookiecutter_mlops.localaws.codepipeline.exceptions import ActionFailed

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
    for condition in (stage.get("beforeEntry") or {}).get("conditions") or []:
        for rule in condition.get("rules") or []:
            if not _holds(rule, variables):
                if condition.get("result") == "SKIP":
                    return False
                raise ActionFailed(f"The entry condition {rule['name']} of stage {stage['name']} does not hold")
    return True


def _holds(rule: dict[str, Any], variables: dict[str, dict[str, str]]) -> bool:
    if rule["ruleTypeId"]["provider"] != "VariableCheck":
        raise NotImplementedError(f"the rule {rule['ruleTypeId']['provider']} of a stage condition")
    settings = {name: resolve(value, variables) for name, value in rule["configuration"].items()}
    return OPERATORS[settings["Operator"]](settings["Variable"], settings["Value"])
