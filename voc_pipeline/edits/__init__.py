"""The registry as people work on it: the one engine behind the command line, the review workbook and any page to come.

    with open_registry(load_config("voc.yaml"), author="anne") as registry:
        registry.rename("IRR-ABCD2345", fr="Remboursement tardif", reason="plus juste")
        registry.merge("IRR-EFGH2345", into="IRR-ABCD2345")
        registry.undo()

    with open_registry(load_config("voc.yaml"), author="anne") as registry:
        Actions(registry).cause("IRR-ABCD2345", "Le virement attend une signature manuelle", found_by="Service facturation")

Every edit is a line of the ledger, with author and time; each later run replays them all. Edits wait while a run is at work.
"""

from __future__ import annotations

from voc_pipeline.edits.acting import Actions, Declared
from voc_pipeline.edits.desk import Registry, login_name, open_registry
from voc_pipeline.edits.taking_back import Clash, Review, read_review, take_back
from voc_pipeline.edits.writing import write_review

__all__ = ["Actions", "Clash", "Declared", "Registry", "Review", "login_name", "open_registry", "read_review", "take_back", "write_review"]
