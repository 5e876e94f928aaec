"""Quality on the user's own data: a stratified sample read by people, and what it says of the model. Pure statistics, and the workbook people fill in.

**Sample.** Strata are source x (the model reads not valued) x (the model reads negative). Each stratum gives its proportional part, small ones are
topped up, and a verbatim drawn stands for N_h / n_h verbatims. All figures but agreement use these weights, spread again over what was answered.

**Intervals** are 95 %, by a bootstrap over customers whose replicates keep the strata's sizes. Two people who disagree count half each.
"""

from __future__ import annotations

from voc_pipeline.audit.agreement import GATES, Agreement, alpha, interval_of_alpha
from voc_pipeline.audit.figures import Answered, audit_figures
from voc_pipeline.audit.filled import Filled, audit_of, filled_rows, read_filled
from voc_pipeline.audit.groups import group_figures
from voc_pipeline.audit.sampling import MINIMUM, audit_id, draw
from voc_pipeline.audit.workbook import write_workbook

__all__ = [
    "GATES",
    "MINIMUM",
    "Agreement",
    "Answered",
    "Filled",
    "alpha",
    "audit_figures",
    "audit_id",
    "audit_of",
    "draw",
    "filled_rows",
    "group_figures",
    "interval_of_alpha",
    "read_filled",
    "write_workbook",
]
