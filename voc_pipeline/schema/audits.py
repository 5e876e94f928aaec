"""What people say of a sample of verbatims, set against what the model said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from voc_pipeline.schema.labels import Dimension, Gap, NotValuedCode, Sentiment, Stage


@dataclass(frozen=True, slots=True)
class Stratum:
    """Verbatims that share a source and what the model said of them.

    Attributes:
        source: Name of the source.
        not_valued: Whether the model reads a feeling of not being valued.
        negative: Whether the model reads them as negative.
        size: How many there are, N_h.
        drawn: How many were drawn, n_h; each stands for `size / drawn` verbatims.
    """

    source: str
    not_valued: bool
    negative: bool
    size: int
    drawn: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A verbatim of the sample. `stratum`: rank in `Audit.strata`. `text_key`: of the text people were shown, so that a later text is noticed."""

    verbatim_id: str
    stratum: int
    text_key: str


@dataclass(frozen=True, slots=True)
class Audit:
    """A stratified random sample of a run's verbatims, to be read by one or two people who do not see the model's answers.

    Attributes:
        id: `AUD-` and 8 characters, from the run, the seed and what was drawn: the same draw has the same id.
        model_version: Whose answers it judges.
        lang: Language of the workbook, `fr` or `en`.
        asked: Verbatims asked for.
        sample: In the order of the workbook, which tells nothing of the strata.
    """

    id: str
    run_id: str
    model_version: str
    drawn_at: datetime
    seed: int
    lang: str
    asked: int
    strata: Sequence[Stratum]
    sample: Sequence[Drawn]

    @property
    def population(self) -> int:
        """Verbatims it was drawn from."""
        return sum(stratum.size for stratum in self.strata)


@dataclass(frozen=True, slots=True)
class AuditAnswer:
    """What one person says of one verbatim. None: left blank. A dimension or a gap that does not apply is `"none"`, which is an answer."""

    audit_id: str
    annotator: str
    verbatim_id: str
    sentiment: Sentiment | None = None
    not_valued: bool | None = None
    codes: tuple[NotValuedCode, ...] | None = None
    valued: bool | None = None
    stage: Stage | None = None
    dimension: Dimension | str | None = None
    gap_cue: Gap | str | None = None
    comment: str = field(default="", repr=False)
