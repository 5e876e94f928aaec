"""Charts as small SVG drawn by hand: coloured by the page's own style (light, dark, print), no font, script or address of their own.

Each chart either carries its reading as a label (`role="img"`) or stands in a table cell beside the same figures in words, and is then hidden from screen readers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from voc_pipeline.schema import Interval

Format = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a trend. `text` is what hovering it says."""

    label: str
    at: Interval
    text: str


def whisker(estimate: Interval, low: float, high: float, zero: float | None = None, tone: str = "", width: int = 160) -> Markup:
    """A dot with its interval on a line from `low` to `high`; a hair line at `zero`."""
    x = _scale(low, high, 6, width - 6)
    left, right = (x(min(max(end, low), high)) for end in (estimate.low, estimate.high))
    parts = [f'<line class="axis" x1="6" x2="{width - 6}" y1="9" y2="9"/>']
    if zero is not None and low <= zero <= high:
        parts.append(f'<line class="zero" x1="{x(zero)}" x2="{x(zero)}" y1="1" y2="17"/>')
    parts.append(f'<line class="span" x1="{left}" x2="{right}" y1="9" y2="9"/>')
    if low <= estimate.value <= high:
        parts.append(f'<circle class="dot" cx="{x(estimate.value)}" cy="9" r="4.2"/>')
    classes = " ".join(word for word in ("whisker", tone, "small-base" if estimate.small_base else "") if word)
    return Markup(
        f'<svg class="{classes}" viewBox="0 0 {width} 18" width="{width}" height="18" aria-hidden="true" focusable="false">{"".join(parts)}</svg>'
    )


def dumbbell(first: Interval, second: Interval, low: float, high: float, width: int = 300) -> Markup:
    """Two estimates with their intervals on one line, the distance between them shaded: `first` hollow, `second` full."""
    x = _scale(low, high, 8, width - 8)
    a, b = sorted((x(first.value), x(second.value)))
    parts = [
        f'<line class="axis" x1="8" x2="{width - 8}" y1="17" y2="17"/>',
        *(f'<line class="tick" x1="{x(at)}" x2="{x(at)}" y1="14" y2="20"/>' for at in range(math.ceil(low), math.floor(high) + 1)),
        f'<rect class="distance" x="{a}" width="{round(b - a, 1)}" y="13" height="8"/>',
        f'<line class="span expected" x1="{x(first.low)}" x2="{x(first.high)}" y1="11" y2="11"/>',
        f'<line class="span" x1="{x(second.low)}" x2="{x(second.high)}" y1="23" y2="23"/>',
        f'<circle class="dot hollow" cx="{x(first.value)}" cy="17" r="5.5"/>',
        f'<circle class="dot" cx="{x(second.value)}" cy="17" r="5.5"/>',
    ]
    return Markup(
        f'<svg class="dumbbell" viewBox="0 0 {width} 34" width="{width}" height="34" aria-hidden="true" focusable="false">{"".join(parts)}</svg>'
    )


def sparkline(values: Sequence[float], label: str, width: int = 96, height: int = 26) -> Markup:
    """A trend as small as a word, its last point marked; nothing to read with fewer than two values."""
    if len(values) < 2:
        return Markup("")
    x = _scale(0, len(values) - 1, 3, width - 5)
    y = _scale(0, max(max(values), 1e-9), height - 4, 4)
    points = " ".join(f"{x(i)},{y(value)}" for i, value in enumerate(values))
    area = f"{x(0)},{height - 3} {points} {x(len(values) - 1)},{height - 3}"
    return Markup(
        f'<svg class="spark" role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" focusable="false">'
        f'<polygon class="area" points="{area}"/><polyline class="line" points="{points}"/>'
        f'<circle class="dot" cx="{x(len(values) - 1)}" cy="{y(values[-1])}" r="2.6"/></svg>'
    )


def trend(points: Sequence[Point], label: str, write: Format, tone: str = "", zero: bool = True, width: int = 360, height: int = 168) -> Markup:
    """A line through time with the band of its intervals; points on a base under 30 are hollow.

    Args:
        points: In order of time, one or more.
        label: What the chart says, for those who cannot see it.
        write: How a value of the axis is written.
        tone: Class that colours it.
        zero: Whether the axis must hold zero.
    """
    if not points:
        return Markup("")
    lowest = min(point.at.low for point in points)
    highest = max(point.at.high for point in points)
    ticks = _ticks(min(lowest, 0.0) if zero else lowest, max(highest, 0.0) if zero else highest)
    left, right, top, bottom = 46, 12, 10, 24
    x = _scale(0, max(len(points) - 1, 1), left + 6, width - right - 6)
    y = _scale(ticks[0], ticks[-1], height - bottom, top)
    grid = "".join(
        f'<line class="{"zero" if at == 0 else "grid"}" x1="{left}" x2="{width - right}" y1="{y(at)}" y2="{y(at)}"/>'
        f'<text class="tick" x="{left - 6}" y="{y(at) + 4}" text-anchor="end">{escape(write(at))}</text>'
        for at in ticks
    )
    band = " ".join(
        [f"{x(i)},{y(p.at.high)}" for i, p in enumerate(points)] + [f"{x(i)},{y(p.at.low)}" for i, p in reversed(list(enumerate(points)))]
    )
    line = " ".join(f"{x(i)},{y(p.at.value)}" for i, p in enumerate(points))
    shown = sorted({0, (len(points) - 1) // 2, len(points) - 1})
    names = "".join(
        f'<text class="tick" x="{x(i)}" y="{height - 6}" text-anchor="{"start" if i == 0 else "end" if i == len(points) - 1 else "middle"}">{escape(points[i].label)}</text>'
        for i in shown
    )
    dots = "".join(
        f'<circle class="dot{" hollow" if p.at.small_base else ""}" cx="{x(i)}" cy="{y(p.at.value)}" r="3"><title>{escape(p.text)}</title></circle>'
        for i, p in enumerate(points)
    )
    return Markup(
        f'<svg class="trend {tone}" role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {height}" focusable="false">'
        f'{grid}<polygon class="band" points="{band}"/><polyline class="line" points="{line}"/>{dots}{names}</svg>'
    )


def bounds(estimates: Sequence[Interval], zero: bool = False) -> tuple[float, float]:
    """Ends of an axis that holds estimates with their intervals, and zero if asked; never of no length."""
    low = min([e.low for e in estimates] + ([0.0] if zero else []), default=0.0)
    high = max([e.high for e in estimates] + ([0.0] if zero else []), default=1.0)
    margin = (high - low) * 0.04 or 0.5
    return low - margin if low else 0.0, high + margin


def shade(value: float, most: float) -> int:
    """Shade of a heat map's cell, 0 (nothing) to 5."""
    return 0 if value <= 0 or most <= 0 else min(5, 1 + int(value / most * 4.999))


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    length = (high - low) or 1.0
    return lambda value: round(start + (value - low) / length * (end - start), 1)


def _ticks(low: float, high: float, about: int = 3) -> list[float]:
    """Round values that hold [low, high], about `about` steps apart."""
    raw = (high - low) / about or 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * unit for unit in (1, 2, 2.5, 5, 10) if power * unit >= raw - 1e-12)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(step * i, 10) for i in range(first, max(last, first + 1) + 1)]
