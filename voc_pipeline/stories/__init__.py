"""One customer's story over all channels: experience is cumulative, and what is told to the third agent was told before.

Contacts are put in the order of time, irritants followed from one to the next, and the worst, the last and the mean moment weighed together. Stories
are kept under hashed ids and read as shares; no score is one of an agent, and none is of a customer whose id the source does not give.
"""

from __future__ import annotations

from voc_pipeline.stories.contacts import Said, contacts_of
from voc_pipeline.stories.figures import seam_figures, story_figures
from voc_pipeline.stories.refitting import Refit, refitted
from voc_pipeline.stories.telling import DEFAULT, Weights, stories_of

__all__ = ["DEFAULT", "Refit", "Said", "Weights", "contacts_of", "refitted", "seam_figures", "stories_of", "story_figures"]
