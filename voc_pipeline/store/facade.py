"""The store as the pipeline sees it: one class, its methods by subject in the modules beside this one."""

from __future__ import annotations

from voc_pipeline.store.audits import Audits
from voc_pipeline.store.dictionary import data_dictionary
from voc_pipeline.store.irritants import Irritants
from voc_pipeline.store.registers import RegisterRows
from voc_pipeline.store.results import Results
from voc_pipeline.store.runs import Runs
from voc_pipeline.store.settling import Settling
from voc_pipeline.store.voices import Voices


class Store(Runs, Settling, Voices, Irritants, Results, Audits, RegisterRows):
    """Everything that outlives a run.

    Safe to share between threads: each thread has a transaction of its own. Every write joins the thread's open `transaction()` or makes
    one, and can be repeated without changing a row.
    """

    @staticmethod
    def dictionary() -> str:
        """Data dictionary of the tables, in Markdown."""
        return data_dictionary()
