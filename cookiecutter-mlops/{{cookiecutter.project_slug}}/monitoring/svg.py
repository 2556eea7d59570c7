"""Three small charts as inline SVG: no plotting library in the image, nothing to load in the report."""

from collections.abc import Callable, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 460, 210, 48, 46, 14
Point = tuple[str, float]


def figure(value: float) -> str:
    """A number as people write it: 13,540 and 0.784, never 1.354e+04."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def bars(names: Sequence[str], then: Sequence[float], now: Sequence[float]) -> str:
    """Shares in training and now, side by side for each name."""
    top = max([*then, *now, 1e-9])
    step = (WIDTH - LEFT) / max(1, len(names))
    parts = _axis(0, top, "{:.0%}".format)
    for place, (name, before, after) in enumerate(zip(names, then, now, strict=True)):
        x = LEFT + place * step
        parts += [_bar(x + step * 0.12, before / top, step * 0.36, "then", f"{name}: {before:.1%} in training")]
        parts += [_bar(x + step * 0.52, after / top, step * 0.36, "now", f"{name}: {after:.1%} now")]
        parts.append(_text(x + step / 2, HEIGHT - BOTTOM + 14, name, "middle", turned=len(names) > 6))
    return _chart(parts, "Distribution in training and now")


def course(points: Sequence[Point], threshold: float) -> str:
    """A distance over time, and the threshold."""
    top = max([threshold * 1.2, *(value for _, value in points)])
    parts = [*_axis(0, top, "{:.2g}".format), _level(threshold / top, "limit", f"threshold {threshold:g}")]
    return _chart([*parts, *_line(points, 0, top)], "Distance from training over time")


def band(points: Sequence[tuple[str, float, float, float]], reference: float) -> str:
    """A metric over time with its interval (name, value, low, high), and its value in training."""
    values = [reference, *(number for _, *numbers in points for number in numbers)]
    low, high = min(values), max(values)
    low, high = low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1)
    scale = _scale(len(points))
    upper = [(scale(n), _y((p[3] - low) / (high - low))) for n, p in enumerate(points)]
    lower = [(scale(n), _y((p[2] - low) / (high - low))) for n, p in enumerate(points)]
    outline = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*upper, *reversed(lower)])
    parts = [*_axis(low, high, figure), f'<polygon class="band" points="{outline}"/>']
    parts += [_level((reference - low) / (high - low), "limit", f"in training {figure(reference)}")]
    return _chart([*parts, *_line([(p[0], p[1]) for p in points], low, high)], "Quality over time, with 95 % intervals")


def curve(points: Sequence[Point], words: str) -> str:
    """Numbers by name or by place, in words."""
    values = [value for _, value in points] or [0.0]
    low, high = min(values), max(values)
    pad = 0.05 * (high - low or abs(high) or 1)
    return _chart([*_axis(low - pad, high + pad, figure), *_line(points, low - pad, high + pad)], words)


def spark(points: Sequence[Point], threshold: float) -> str:
    """A course as small as a word."""
    top = max([threshold, *(value for _, value in points), 1e-9])
    step = 90 / max(1, len(points) - 1)
    line = " ".join(f"{n * step:.1f},{20 - 18 * value / top:.1f}" for n, (_, value) in enumerate(points))
    limit = 20 - 18 * threshold / top
    dots = f'<circle class="dot" cx="{(len(points) - 1) * step:.1f}" cy="{20 - 18 * points[-1][1] / top:.1f}" r="2"/>'
    level = f'<line class="limit" x1="0" x2="90" y1="{limit:.1f}" y2="{limit:.1f}"/>'
    return f'<svg class="spark" viewBox="-3 0 98 24">{level}<polyline class="line" points="{line}"/>{dots}</svg>'


def _line(points: Sequence[Point], low: float, high: float) -> list[str]:
    scale = _scale(len(points))
    places = [(scale(n), _y((value - low) / (high - low))) for n, (_, value) in enumerate(points)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts = [f'<polyline class="line" points="{line}"/>']
    for (x, y), (name, value) in zip(places, points, strict=True):
        title = f"<title>{escape(name)}: {figure(value)}</title>"
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3">{title}</circle>')
    ends = [(0, "start"), (len(points) - 1, "end")] if len(points) > 1 else [(0, "middle")]
    return parts + [_text(places[n][0], HEIGHT - BOTTOM + 16, points[n][0], side) for n, side in ends if points]


def _scale(count: int):
    step = (WIDTH - LEFT - 20) / max(1, count - 1)
    return lambda place: LEFT + 10 + (place * step if count > 1 else (WIDTH - LEFT - 20) / 2)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def _axis(low: float, high: float, shape: Callable[[float], str]) -> list[str]:
    marks = []
    for part in (0, 0.5, 1):
        marks.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{_y(part):.1f}" y2="{_y(part):.1f}"/>')
        marks.append(_text(LEFT - 6, _y(part) + 4, shape(low + part * (high - low)), "end"))
    return marks


def _level(share: float, kind: str, words: str) -> str:
    line = f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH}" y1="{_y(share):.1f}" y2="{_y(share):.1f}"/>'
    return line + _text(WIDTH - 4, _y(share) - 4, words, "end")


def _bar(x: float, share: float, width: float, kind: str, words: str) -> str:
    box = f'x="{x:.1f}" y="{_y(share):.1f}" width="{width:.1f}" height="{_y(0) - _y(share):.1f}"'
    return f'<rect class="{kind}" {box}><title>{escape(words)}</title></rect>'


def _text(x: float, y: float, words: str, anchor: str, turned: bool = False) -> str:
    short = words if len(words) <= 16 else f"{words[:15]}…"
    turn = f' transform="rotate(-35 {x:.1f} {y:.1f})"' if turned else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{"end" if turned else anchor}"{turn}>{escape(short)}</text>'


def _chart(parts: Sequence[str], words: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{escape(words)}</title>{"".join(parts)}</svg>'
