"""One HTML file that a person understands: what moved, since when, with examples. Nothing is loaded from elsewhere."""

from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from monitoring import svg
from monitoring.drift import groups
from monitoring.sketch import Live, Names, Numbers
from monitoring.statistics import CATEGORY_RULE, TYPE_RULE, label
from monitoring.svg import figure
from monitoring.window import Window

PAGE = Path(__file__).with_name("report.html")
LOOKED_AT = 3  # columns that are shown in full although none has drifted
NAMES = 10
Entry = dict[str, Any]


def render(window: Window, statistics: dict[str, Any], violations: list[dict[str, str]]) -> str:
    """The report of one window."""
    by_distance = sorted(statistics["features"], key=_distance, reverse=True)
    shown = [each for each in by_distance if each["drift"]["drifted"]] or by_distance[:LOOKED_AT]
    sketches = {label(name): window.column(name) for name in window.expected}
    run = statistics["window"]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=escape(f"{run['project']} · {run['stage']} · model {run['model']}"),
        span=escape(f"{run['start']} to {run['end']} UTC" + ("" if run["complete"] else " (not over yet)")),
        kind="bad" if violations else "good",
        verdict=escape(verdict(statistics, violations)),
        cards="".join(_card(*card) for card in _cards(statistics, violations)),
        rows="".join(map(_row, by_distance)),
        columns="".join(_column(each, sketches[each["name"]]) for each in shown),
        rules=_rules(window, violations),
        quality=_quality(statistics["quality"]),
    )


def verdict(statistics: dict[str, Any], violations: list[dict[str, str]]) -> str:
    """The result in a sentence or two."""
    moved = [each["name"] for each in statistics["features"] if each["drift"]["drifted"]]
    judged = any(each["drift"]["value"] is not None for each in statistics["features"])
    quality = statistics["quality"]
    usual = "Nothing moved." if judged else "Too few requests to judge drift."
    sentences = [f"Drift in {', '.join(moved)}." if moved else usual]
    if quality["violated"]:
        newest = quality["points"][-1]
        sentences.append(
            f"Quality fell: {quality['metric']} is {figure(newest['value'])}, in training {figure(quality['trained'])}."
        )
    others = len([each for each in violations if each["constraint_check_type"] != "baseline_drift_check"])
    others -= quality["violated"]
    return " ".join(sentences + ([f"{others} other rule{'s are' if others > 1 else ' is'} broken."] if others else []))


def _distance(entry: Entry) -> float:
    """How far a column has moved, as a multiple of its threshold."""
    found = entry["drift"]
    return -1.0 if found["value"] is None else found["value"] / found["threshold"]


def _cards(statistics: dict[str, Any], violations: list[dict[str, str]]) -> list[tuple[str, str]]:
    traffic, quality = statistics["traffic"], statistics["quality"]
    newest = quality["points"][-1] if quality["points"] else None
    value = figure(newest["value"]) if newest else "no labels yet"
    return [
        ("requests", "unknown" if traffic["requests"] is None else f"{traffic['requests']:,.0f}"),
        ("refused or failed", "unknown" if traffic["refused"] is None else f"{traffic['refused']:.1%}"),
        ("instances looked at", f"{statistics['dataset']['item_count']:,}"),
        ("broken rules", str(len(violations))),
        (f"{quality['metric']} now (training {figure(quality['trained'])})", value),
    ]


def _card(words: str, value: str) -> str:
    return f"<div class='card'><b>{escape(value)}</b>{escape(words)}</div>"


def _row(entry: Entry) -> str:
    found = entry["drift"]
    value = "–" if found["value"] is None else f"{found['value']:.3g}"
    course = [(point["hour"], point["value"]) for point in found["hours"]]
    cells = [
        f"<td>{escape(entry['name'])}</td>",
        f"<td class='{'bad' if found['drifted'] else ''}'>{value}</td><td>{found['threshold']:g}</td>",
        f"<td>{escape(found['statistic'].replace('_', ' '))}</td>",
        f"<td>{found['missing']:.1%}</td><td>{found['baseline_missing']:.1%}</td>",
        f"<td>{escape(found['since'] or '')}</td>",
        f"<td>{svg.spark(course, found['threshold']) if course else ''}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _column(entry: Entry, live: Live) -> str:
    found = entry["drift"]
    course = [(point["hour"], point["value"]) for point in found["hours"]]
    names, then, now, examples = distribution(live)
    since = f"drifted since {found['since']}" if found["since"] else "not drifted"
    lists = "".join(f"<li>{_code(value)} in request {_code(key)}</li>" for key, value in examples)
    charts = svg.bars(names, then, now) + (svg.course(course, found["threshold"]) if course else "")
    more = f"<p>Where it grew most, for example:</p><ul>{lists}</ul>" if lists else ""
    head = f"<h3>{escape(entry['name'])} <small>{escape(since)}</small></h3>"
    return f"<section>{head}<div class='charts'>{charts}</div>{more}</section>"


def distribution(live: Live) -> tuple[list[str], list[float], list[float], list[tuple[str, Any]]]:
    """A column as at most about ten bars: names, shares in training, shares now, and examples of what grew most."""
    if isinstance(live, Names):
        return _names(live)
    expected, counts = np.asarray(live.expected["shares"]), live.counts
    place = groups(expected)
    then, now = np.bincount(place, expected), np.bincount(place, counts) / max(1, counts.sum())
    kept = np.unique(place)
    last = {number: int(np.flatnonzero(place == number)[-1]) for number in kept}
    names = [f"≤ {_edge(live, last[number])}" if last[number] < len(live.edges) else "more" for number in kept]
    grown = np.argsort(then[kept] - now[kept])[:3]
    bins = [int(b) for g in grown for b in np.flatnonzero(place == kept[g]) if now[kept[g]] > then[kept[g]]]
    return names, list(then[kept]), list(now[kept]), [live.examples[b] for b in bins if b in live.examples][:5]


def _names(live: Names) -> tuple[list[str], list[float], list[float], list[tuple[str, Any]]]:
    total, known = max(1, sum(live.counts.values())), live.expected["shares"]
    shares = {name: live.counts[name] / total for name in {*known, *live.counts}}
    growth = sorted(shares, key=lambda name: shares[name] - known.get(name, 0.0), reverse=True)
    names = sorted(shares, key=lambda name: max(shares[name], known.get(name, 0.0)), reverse=True)[:NAMES]
    examples = [live.examples[name] for name in growth if name in live.examples and shares[name] > known.get(name, 0.0)]
    return names, [known.get(name, 0.0) for name in names], [shares[name] for name in names], examples[:3]


def _edge(live: Numbers, place: int) -> str:
    value = live.edges[place]
    return str(np.datetime64(int(value), "s").astype("datetime64[D]")) if live.kind == "date" else figure(value)


def _rules(window: Window, violations: list[dict[str, str]]) -> str:
    items = []
    for each in violations:
        of_values = each["constraint_check_type"] in (CATEGORY_RULE, TYPE_RULE)
        breach = window.wrong.get(each["feature_name"]) if of_values else None
        shown = " ".join(_code(value) for _, value in breach.examples) if breach else ""
        items.append(f"<li><b>{escape(each['feature_name'])}</b>: {escape(each['description'])} {shown}</li>")
    return f"<ul>{''.join(items)}</ul>" if items else "<p>No rule is broken.</p>"


def _code(value: Any) -> str:
    return f"<code>{escape(str(value)[:80])}</code>"


def _quality(quality: dict[str, Any]) -> str:
    if not quality["points"]:
        return (
            f"<p>{quality['labels']} answers have ground truth so far, {quality['minimum_labels']} are needed. "
            "Upload it with <code>mlops ground-truth FILE</code>.</p>"
        )
    points = [(each["to"], each["value"], each["low"], each["high"]) for each in quality["points"]]
    words = f"{quality['labels']} answers have ground truth; loss against training {quality['loss']:+.1%}."
    return f"<p>{escape(words)}</p><div class='charts'>{svg.band(points, quality['trained'])}</div>"
