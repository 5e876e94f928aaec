"""Settings of customers' stories: how long a thing is remembered, what counts as the customer's own doing, and how the cumulative score is weighted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from voc_pipeline.schema import SourceKind


class Stories(BaseModel):
    """One customer over all channels.

    Attributes:
        score: `default` weighs peak, end and mean by 0.4, 0.4 and 0.2; `refit` measures on `outcome` whether other weights do better than a plain mean,
            and uses them only if they do.
        outcome: `nps`, `csat`, `stars`, or `churn:<attribute>`, an attribute that says yes (1, true, oui) for customers who left.
        half_life_days: After so many days a contact that was not valued weighs half. A quarter by default: how often a customer is commonly asked how they
            are doing; no half-life is established, so that it is yours to set.
        silence_days: An irritant that is told again after a longer silence is a new episode.
        solicited: Kinds of source where the company asks and the customer answers: they tell how the story stands, and are no contact of the customer's making.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: Literal["default", "refit"] = "default"
    outcome: str = Field(default="nps", pattern=r"^(nps|csat|stars|churn:.+)$")
    half_life_days: Annotated[float, Field(gt=0)] = 90.0
    silence_days: Annotated[float, Field(gt=0)] = 90.0
    solicited: tuple[SourceKind, ...] = (SourceKind.SURVEY,)
