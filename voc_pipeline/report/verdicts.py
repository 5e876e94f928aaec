"""A measured result in the words of the report: for its page, and for a cell of the review workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voc_pipeline.loop.telling import LONGER, UNCOUNTED
from voc_pipeline.report.words import HARD, NARROW, Words
from voc_pipeline.schema import SCORES, Measured


@dataclass(frozen=True, slots=True)
class VerdictTold:
    """The parts of a measured result, each "" where there is nothing to say.

    Attributes:
        verdict: Met, not met, cannot tell.
        change: The change measured.
        interval: From where to where it may lie.
        counted: Mentions or answers behind it.
        why: Why it cannot be told, and what it would take.
    """

    verdict: str
    change: str
    interval: str
    counted: str
    why: str


def verdict_told(t: Words, metric: str, measured: Measured, beside: Sequence[str] = (), controlled: bool = False) -> VerdictTold:
    """A measured result, part by part.

    Args:
        t: Words of a language.
        metric: What was expected to change.
        measured: With a verdict.
        beside: Names of irritants that parted from the one acted on, and are counted with it.
        controlled: Whether it was set against a control group.
    """
    counted = ""
    if measured.why not in UNCOUNTED:
        key = "actions.n.answers" if metric in SCORES else "actions.n"
        counted = t(key, before=t.number(measured.n_before), after=t.number(measured.n_after))
        if beside:
            names = ", ".join(t("actions.quoted", name=name) for name in beside)
            counted += t(f"actions.with.{'one' if len(beside) == 1 else 'many'}", names=names)
    why = ""
    if measured.verdict == "cannot_tell":
        needed = measured.needed_weeks
        takes = (
            t("actions.needed", n=needed)
            if needed
            else t(f"actions.needed.{'controlled' if controlled else 'none'}")
            if measured.why in LONGER
            else ""
        )
        why = _semicolon(t).join(part for part in (t.known(f"actions.why.{measured.why}"), takes) if part)
    change = "" if measured.value is None else _size(t, measured, measured.value)
    return VerdictTold(t(f"actions.verdict.{measured.verdict}"), change, _ends(t, measured), counted, why)


def verdict_sentence(t: Words, metric: str, measured: Measured, controlled: bool = False) -> str:
    """A measured result in one line."""
    told = verdict_told(t, metric, measured, controlled=controlled)
    change = f"{told.change} ({told.interval})" if told.interval else told.change
    first = ", ".join(part for part in (change, told.counted) if part)
    after = _semicolon(t).join(part for part in (first, told.why) if part)
    return f"{told.verdict}{HARD if t.lang == 'fr' else ''}: {after}" if after else told.verdict


def points_told(t: Words, value: float) -> str:
    """Points with their sign."""
    return t.points(value, 0 if value == round(value) else 1)


def _size(t: Words, measured: Measured, value: float) -> str:
    return t.percent(value, 0, sign=True) if measured.relative else points_told(t, value)


def _ends(t: Words, measured: Measured) -> str:
    if measured.value is None or measured.low is None:
        return ""
    high = t("actions.open_end") if measured.high is None else _size(t, measured, measured.high)
    low = _size(t, measured, measured.low)
    return f"de {low} à {high}" if t.lang == "fr" else f"{low} to {high}"


def _semicolon(t: Words) -> str:
    return f"{NARROW}; " if t.lang == "fr" else "; "
