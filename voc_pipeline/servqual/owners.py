"""Who owns an irritant, by the company's rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voc_pipeline.config import OwnerRule
from voc_pipeline.keywords import found
from voc_pipeline.schema import Dimension, Gap, Stage


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules of ownership look at. `stage` is the default one, which the company's own stage maps to; `words` the labels and keywords."""

    stage: Stage
    dimension: Dimension | None = None
    gap: Gap | None = None
    theme: str = ""
    words: tuple[str, ...] = ()


def owner(facts: Facts, rules: Sequence[OwnerRule]) -> str:
    """The department that owns an irritant: that of the first rule whose every list holds its fact; an empty list holds everything.

    Args:
        facts: What is known of the irritant.
        rules: In order of precedence. A keyword is sought as whole words in any of `facts.words`; one that ends in `*` by its beginning.

    Returns:
        The department, or "" where no rule matches.
    """
    for rule in rules:
        if (
            (not rule.stages or facts.stage in rule.stages)
            and (not rule.dimensions or facts.dimension in rule.dimensions)
            and (not rule.gaps or facts.gap in rule.gaps)
            and (not rule.themes or facts.theme in rule.themes)
            and (not rule.keywords or any(found(rule.keywords, words) for words in facts.words))
        ):
            return rule.department
    return ""
