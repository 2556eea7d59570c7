"""A buildspec, version 0.2, and the shell script that runs it.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PHASES = ("install", "pre_build", "build", "post_build")


class BuildspecError(ValueError):
    """The buildspec cannot be run; the text says why."""


@dataclass(frozen=True)
class Phase:
    """One phase: commands, commands that always follow them, and whether a failure ends the build."""

    name: str
    commands: list[str]
    finally_: list[str]
    abort: bool


@dataclass(frozen=True)
class Buildspec:
    """What a buildspec says, with the defaults filled in."""

    variables: dict[str, str]
    parameters: dict[str, str]
    exported: list[str]
    shell: str
    phases: list[Phase]
    artifacts: dict[str, Any] = field(default_factory=dict)
    reports: dict[str, Any] = field(default_factory=dict)

    def script(self, state: Path) -> str:
        """Return a script that runs all phases in one shell and writes how they ended below `state`."""
        lines = [_PROLOGUE.format(state=shlex.quote(str(state)))]
        for phase in self.phases:
            lines.append(f"enter {phase.name.upper()} {int(phase.abort)} && {{")
            lines += [f"[ $failed -eq 0 ] && {{ {_run(command)} }}" for command in phase.commands]
            lines += [f"always=1; {_run(command)}" for command in phase.finally_]
            lines.append("leave; }")
        return "\n".join([*lines, _EPILOGUE])


def read(text: str) -> Buildspec:
    """Parse a buildspec; raise BuildspecError with what is wrong with it."""
    import yaml

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"YAML_FILE_ERROR: {error}") from error
    if not isinstance(document, dict) or str(document.get("version")) != "0.2":
        raise BuildspecError("YAML_FILE_ERROR: the embedded AWS runs buildspecs of version 0.2")
    env = document.get("env") or {}
    if unknown := env.keys() - {"variables", "parameter-store", "exported-variables", "shell"}:
        raise BuildspecError(f"The embedded AWS does not implement {', '.join(sorted(unknown))} in env of a buildspec")
    return Buildspec(
        {name: str(value) for name, value in (env.get("variables") or {}).items()},
        env.get("parameter-store") or {},
        env.get("exported-variables") or [],
        env.get("shell") or "sh",
        [_phase(name, document["phases"][name]) for name in PHASES if name in document.get("phases", {})],
        document.get("artifacts") or {},
        document.get("reports") or {},
    )


def _phase(name: str, document: dict[str, Any]) -> Phase:
    # By default only a failed build phase lets the build go on, to post_build.
    on_failure = document.get("on-failure", "CONTINUE" if name == "build" else "ABORT")
    if on_failure not in ("ABORT", "CONTINUE"):
        raise BuildspecError(f"The embedded AWS does not implement on-failure: {on_failure}")
    commands = [str(command) for command in document.get("commands") or []]
    return Phase(name, commands, [str(c) for c in document.get("finally") or []], on_failure == "ABORT")


def _run(command: str) -> str:
    """Return the shell text that announces a command, evaluates it in this shell, and notes its failure."""
    return f"announce {shlex.quote(command)}; eval {shlex.quote(command)}; note $? {shlex.quote(command)};"


# `failed` is the status of this phase's first failed command; `stopped` says that no further phase may run.
_PROLOGUE = """\
state={state}; failed=0; stopped=0; worst=0; phase=
say() {{ printf '[Container] %s %s\\n' "$(date +%Y/%m/%d\\ %H:%M:%S)" "$1"; }}
announce() {{ say "Running command $1"; }}
note() {{
  if [ "$1" -ne 0 ]; then
    say "Command did not exit successfully $2 exit status $1"
    if [ $worst -eq 0 ]; then printf '%s\\n%s\\n%s' "$phase" "$1" "$2" > "$state/failure"; fi
    failed=$1; worst=$1
  fi
}}
enter() {{
  [ $stopped -eq 0 ] || return 1
  phase=$1; abort=$2; failed=0; printf '%s' "$phase" > "$state/phase"; say "Entering phase $phase"
}}
leave() {{
  if [ $failed -eq 0 ]; then say "Phase complete: $phase State: SUCCEEDED"; return; fi
  say "Phase complete: $phase State: FAILED"
  if [ "$abort" -eq 1 ]; then stopped=1; fi
}}
finish() {{ env -0 > "$state/environment"; }}
trap finish EXIT"""

_EPILOGUE = "exit $worst"
