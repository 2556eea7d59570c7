"""The map of calls as SVG: a dot a call, a colour a group. No plotting library in the image."""

from html import escape

import numpy as np

WIDTH, HEIGHT, MARGIN, LEGEND = 640, 440, 16, 240
# Okabe & Ito: told apart by the colour-blind, too; further groups begin anew.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
GREY = "#999999"


def draw(places: np.ndarray, members: np.ndarray, names: list[str], other: str) -> str:
    """Coordinates from 0 to 1 (calls × 2) as a chart with a legend."""
    dots = [
        f'<circle cx="{MARGIN + x * (WIDTH - 2 * MARGIN):.1f}" cy="{HEIGHT - MARGIN - y * (HEIGHT - 2 * MARGIN):.1f}" '
        f'r="3" fill="{_colour(member)}" fill-opacity="0.6"/>'
        for (x, y), member in zip(places.tolist(), members.tolist(), strict=True)
    ]
    entries = list(enumerate(names)) + ([(-1, other)] if (members < 0).any() else [])
    legend = [_entry(line, member, name, int((members == member).sum())) for line, (member, name) in enumerate(entries)]
    box = f'viewBox="0 0 {WIDTH + LEGEND} {max(HEIGHT, 20 * len(entries) + 30)}"'
    style = 'font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {box} {style}>'
    return "\n".join([head, "<title>Map of calls</title>", *dots, *legend, "</svg>\n"])


def _entry(line: int, member: int, name: str, calls: int) -> str:
    y = 24 + 20 * line
    dot = f'<circle cx="{WIDTH + 8}" cy="{y - 4}" r="5" fill="{_colour(member)}"/>'
    return f'{dot}<text x="{WIDTH + 20}" y="{y}">{escape(name)} ({calls})</text>'


def _colour(member: int) -> str:
    return GREY if member < 0 else COLOURS[member % len(COLOURS)]
