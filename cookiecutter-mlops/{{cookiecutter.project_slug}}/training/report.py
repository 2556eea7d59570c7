"""report.html: how a candidate did, beside what, and what it looks at. One file, nothing is loaded from elsewhere."""

from html import escape
from pathlib import Path
from string import Template
from typing import Any

from monitoring import svg
from monitoring.svg import figure
from training.evaluate import Verdict

PAGE = Path(__file__).with_name("report.html")


def page(evaluation: dict[str, Any], verdict: Verdict) -> str:
    """The report of one training: evaluation.json, of which anything may be missing, and the verdict on it."""
    explained, rows = evaluation.get("explanation") or {}, evaluation.get("rows") or {}
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=escape(f"Training of commit {evaluation.get('commit')} on data {evaluation.get('data_version')}"),
        rows=escape(f"{_told(rows.get('train'))} rows to learn from, {_told(rows.get('holdout'))} to be judged on"),
        kind="good" if verdict.passed else "bad",
        verdict=escape(verdict.sentence()),
        metrics="".join(_metric(name, evaluation) for name in evaluation.get("metrics") or {}),
        checks="".join(_cells(check.name, check.rule, check.value, "ok" if check.passed else "failed")
                       for check in verdict.checks),
        hidden="" if explained else "hidden",
        importance=_importance(explained.get("importance") or {}),
        dependence="".join(_curve(column, points, explained["answer"])
                           for column, points in (explained.get("dependence") or {}).items()),
    )  # fmt: skip


def _metric(name: str, evaluation: dict[str, Any]) -> str:
    return _cells(name, *(_told((evaluation.get(kind) or {}).get(name)) for kind in ("metrics", "baseline_metrics")))


def _told(value: Any) -> str:
    return figure(value) if isinstance(value, int | float) else "–"


def _importance(columns: dict[str, dict[str, float]]) -> str:
    top = max([entry["mean"] for entry in columns.values()], default=0.0) or 1.0
    return "".join(
        f"<tr><td>{escape(name)}</td><td>{figure(entry['mean'])} ± {figure(entry['spread'])}</td>"
        f"<td><meter max='1' value='{max(0.0, entry['mean'] / top):.3f}'></meter></td></tr>"
        for name, entry in sorted(columns.items(), key=lambda item: -item[1]["mean"])
    )


def _curve(column: str, points: list[list[Any]], answer: str) -> str:
    named = [(value if isinstance(value, str) else figure(value), mean) for value, mean in points]
    return f"<section><h3>{escape(column)}</h3>{svg.curve(named, f'{answer} by {column}')}</section>"


def _cells(*texts: str) -> str:
    return f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in texts)}</tr>"
