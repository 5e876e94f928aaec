"""Where edits are made: checked against the registry as it stands, written to the ledger, applied, all of them or none."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from voc_pipeline import loop
from voc_pipeline import registry as pure
from voc_pipeline.config import Config
from voc_pipeline.edits.checking import loops_of, refusals
from voc_pipeline.edits.counting import Known, Place, counted
from voc_pipeline.errors import EditError, suggest
from voc_pipeline.keys import fold
from voc_pipeline.redact import redact
from voc_pipeline.schema import Edit, Irritant, Loop, Mention, Role, Segment, Verbatim
from voc_pipeline.store import Store, exclusive, open_store
from voc_pipeline.workbooks import folded


@contextmanager
def open_registry(config: Config, author: str = "") -> Iterator[Registry]:
    """The registry of a project, to read and to edit.

    Args:
        config: Settings.
        author: Who edits; by default the login name.

    Raises:
        StoreError: The store cannot be opened.
    """
    with open_store(config.store_url) as store:
        yield Registry(store, config.store_url, author)


def login_name() -> str:
    """The name of who is at work on this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


class Registry:
    """The registry of one store: how it stands, its ledger, and an edit a method.

    Args:
        store: Open.
        url: Of the store, held while edits are written so that no run is at work.
        author: Who edits; by default the login name.

    Every edit returns the line it wrote and raises `EditError` where it cannot be made, `StoreError` where a run is at work.
    """

    def __init__(self, store: Store, url: str, author: str = "") -> None:
        self._store, self._url, self.author = store, url, author.strip() or login_name()

    # ------------------------------------------------------------ reading

    def standing(self) -> pure.Standing:
        """The registry as it stands now."""
        return self._replayed().standing

    def conflicts(self) -> tuple[pure.Conflict | loop.LoopConflict, ...]:
        """Edits in force that could not be applied."""
        replayed, ledger = self._replayed(), self._store.edits()
        return (*replayed.conflicts, *loops_of(ledger, replayed.standing)[1])

    def loops(self) -> dict[str, Loop]:
        """Where each irritant stands in its loop; those that nobody did anything about are not among them."""
        run = self._store.last_done_run()
        loops = loops_of(self._store.edits(), self.standing())[0]
        return loop.with_figures(loops, self._store.metrics(run.id, "action") if run else ())

    def analysed_until(self) -> date | None:
        """Last day that any run has analysed; None before the first."""
        return max((run.as_of for run in self._store.runs() if run.as_of is not None), default=None)

    def groups(self) -> dict[str, set[str]]:
        """Values of each attribute that verbatims have, channel and language among them."""
        return self._store.groups()

    def record(self, irritant_id: str) -> Irritant:
        """The record of an id; of one that was merged, the record it was merged into.

        Raises:
            StoreError: No such id.
        """
        return self._store.irritant(irritant_id)

    def history(self, irritant_id: str | None = None) -> list[Edit]:
        """The ledger in order: all of it, or what touches one record."""
        ledger = self._store.edits()
        return ledger if irritant_id is None else [edit for edit in ledger if irritant_id in touched(edit)]

    def mentions(self) -> list[Mention]:
        """Mentions of the last finished run, the counted ones."""
        run = self._store.last_done_run()
        return [mention for mention in self._store.mentions(run.id) if not mention.fallback] if run else []

    def held(self) -> dict[Place, str]:
        """The record that each sentence of `mentions` tells of."""
        return {(mention.verbatim_id, mention.position): mention.irritant_id for mention in self.mentions()}

    def known(self) -> Known:
        """The registry and what its sentences tell of, for who makes many edits."""
        return Known(self.standing(), self.held())

    # ------------------------------------------------------------ editing

    def rename(self, irritant_id: str, fr: str | None = None, en: str | None = None, reason: str = "") -> Edit:
        """Gives a record a label in French, in English, or in both."""
        return self._one("rename", irritant_id, {name: label for name, label in (("fr", fr), ("en", en)) if label is not None}, reason)

    def merge(self, irritant_id: str, into: str, reason: str = "") -> Edit:
        """Merges a record into another: its id leads there for ever."""
        return self._one("merge", irritant_id, {"into": into}, reason)

    def split(
        self,
        irritant_id: str,
        keywords: Sequence[str] = (),
        examples: Sequence[Place] = (),
        fr: str | None = None,
        en: str | None = None,
        reason: str = "",
    ) -> Edit:
        """Splits a part off a record: sentences that hold one of the keywords, or are nearer to the examples than to the rest.

        Args:
            irritant_id: What it is split off.
            keywords: Words or beginnings of words; without a label, the part is named after the record and the first of them.
            examples: Where sentences of the part stand.
            fr: French label of the part.
            en: English label.
            reason: Why.

        Returns:
            The line written; its payload's `child` is the id of the part, `takes` how many of the `known` sentences are its own (of a split by
            examples: how many examples), `unsaid` those of the keywords that nobody says.
        """
        return self.do([self.split_edit(irritant_id, keywords, examples, fr, en, reason)])[0]

    def split_edit(
        self,
        irritant_id: str,
        keywords: Sequence[str],
        examples: Sequence[Place] = (),
        fr: str | None = None,
        en: str | None = None,
        reason: str = "",
        known: Known | None = None,
    ) -> Edit:
        """The edit that `split` makes, not yet made; `known` is what `known` gave, where many are made.

        Raises:
            EditError: Words and examples at once, a sentence that is not there, or a split that takes none of the sentences known.
        """
        parent = self._store.irritant(irritant_id)
        words = [word.strip() for word in keywords if word.strip()]
        if words and examples:
            raise EditError(f"split {irritant_id}", "both words and examples", "one of them", "Make two splits of it")
        found = list({fold(str(one["text"])): one for one in map(self.sentence, reversed(examples))}.values())[::-1]
        labels = {"fr": fr, "en": en}
        if words and not fr and not en:
            labels = {lang: f"{label} ({words[0]})" for lang, label in (("fr", parent.label_fr), ("en", parent.label_en)) if label}
        payload: dict[str, Any] = {"child": pure.child_id(parent, words, found), **{lang: label for lang, label in labels.items() if label}}
        payload |= {"keywords": words} if words else {"examples": found}
        known = known or self.known()
        if (words or found) and not known.stands(str(payload["child"])):  # a part that stands holds its sentences already
            sentences = known.holders(irritant_id, self._texts(known.around(irritant_id)))
            payload |= counted(known, irritant_id, sentences, words, found)
        return self.edit("split", irritant_id, payload, reason)

    def reject(self, irritant_id: str, reason: str = "") -> Edit:
        """Rejects a record: what it would claim is counted as rejected, and it never comes back under a new id."""
        return self._one("reject", irritant_id, {}, reason)

    def restore(self, irritant_id: str, reason: str = "") -> Edit:
        """Opens a rejected record again."""
        return self._one("restore", irritant_id, {}, reason)

    def pin(self, irritant_id: str, reason: str = "") -> Edit:
        """Holds a record: no run retires it."""
        return self._one("pin", irritant_id, {}, reason)

    def unpin(self, irritant_id: str, reason: str = "") -> Edit:
        """Lets go of it."""
        return self._one("unpin", irritant_id, {}, reason)

    def owner(self, irritant_id: str, owner: str, reason: str = "") -> Edit:
        """Gives a record to a department; "" takes it from all."""
        return self._one("owner", irritant_id, {"owner": owner}, reason)

    def note(self, irritant_id: str, inclusion: str = "", exclusion: str = "", reason: str = "") -> Edit:
        """Notes what a record covers, or does not."""
        payload = {name: text for name, text in (("inclusion", inclusion), ("exclusion", exclusion)) if text.strip()}
        return self._one("note", irritant_id, payload, reason)

    def move(self, place: Place, to: str, reason: str = "") -> Edit:
        """Says where a sentence belongs: to a record, or with "" to none. The same words go there wherever they are said."""
        return self.do([self.move_edit(place, to, reason)])[0]

    def move_edit(self, place: Place, to: str, reason: str = "", held: Mapping[Place, str] | None = None) -> Edit:
        """The edit that `move` makes, not yet made; `held` is what `held` gave, where many are made."""
        held_by = (self.held() if held is None else held).get(place, "")
        return self.edit("move", held_by, {**self.sentence(place), "to": to}, reason)

    def confirm(self, irritant_id: str, entry_id: str, reason: str = "") -> Edit:
        """Confirms that an irritant contradicts a promise, breaks a standard, or tells of a researched need: an entry of a register."""
        return self.do([self.match_edit("confirm", irritant_id, entry_id, reason)])[0]

    def refuse(self, irritant_id: str, entry_id: str, reason: str = "") -> Edit:
        """Refuses it: they do not speak of one thing."""
        return self.do([self.match_edit("refuse", irritant_id, entry_id, reason)])[0]

    def match_edit(self, action: str, irritant_id: str, entry_id: str, reason: str = "") -> Edit:
        """The edit that `confirm` and `refuse` make, not yet made.

        Raises:
            EditError: The last run read no such entry.
        """
        run = self._store.last_done_run()
        known = {entry.id.upper(): (register, entry) for register, entry in self._store.entries(run.id)} if run else {}
        if entry_id.upper() not in known:
            remedy = (
                suggest(entry_id, [entry.id for _, entry in known.values()]) if known else "Name a file under `registers:`, then `voc run CONFIG`"
            )
            raise EditError(f"{action} {irritant_id} {entry_id}", "no such entry in the registers of the last run", "the id of one", remedy)
        register, entry = known[entry_id.upper()]
        return self.edit(action, irritant_id, {"entry": entry.id, "register": str(register), "words": entry.fr or entry.en}, reason)

    def confirm_gap(self, irritant_id: str, gap: int | None = None, reason: str = "", for_owner: bool = False) -> Edit:
        """Takes a person's word for the gap of an irritant, up to a confidence of .9; the owner's is the only way to 1.

        It is the owner's where the author bears the name of the record's owner, or declares to speak for them. Nobody checks who an author is.

        Args:
            irritant_id: The irritant.
            gap: 1 to 4; by default the gap that the last run read.
            reason: Why.
            for_owner: Whether the author declares to speak for the owner.
        """
        return self.do([self.gap_edit(irritant_id, gap, reason, for_owner)])[0]

    def gap_edit(self, irritant_id: str, gap: int | None, reason: str = "", for_owner: bool = False, owner: str | None = None) -> Edit:
        """The edit that `confirm_gap` makes, not yet made; `owner` is who owns the record by then, by default who owns it now.

        Raises:
            EditError: Nobody owns the record that it is to be said for.
        """
        run = self._store.last_done_run()
        read = next((one.gap for one in self._store.gaps(run.id) if one.irritant_id == irritant_id), None) if run else None
        if gap is None and read is None:
            raise EditError(f"confirm-gap {irritant_id}", "the last run read no gap there", "1, 2, 3 or 4", "Say which gap it is")
        record = self.standing().records.get(irritant_id)
        owner = owner if owner is not None else record.owner if record is not None else ""
        if for_owner and record is not None and not owner:
            raise EditError(
                f"confirm-gap {irritant_id}", "nobody owns it", "an owner to speak for", f"`voc irritants CONFIG owner {irritant_id} NAME` names one"
            )
        spoken = {"owner": owner} if owner and (for_owner or folded(self.author) == folded(owner)) else {}
        return self.edit("confirm-gap", irritant_id, {"gap": int(gap if gap is not None else read or 0), **spoken}, reason)

    def undo(self, edit_id: int | None = None, reason: str = "") -> Edit:
        """Takes an edit back; an undo too.

        Args:
            edit_id: Its rank in the ledger; by default the last edit of a person.
            reason: Why.
        """
        people = {edit.id: edit for edit in self._store.edits() if not edit.run_id}
        if edit_id is None:
            edit_id = max(people, default=0)
        if edit_id not in people:
            raise EditError(f"undo {edit_id}", "is no edit of a person", "the number of one", "`voc irritants CONFIG history` shows them all")
        return self._one("undo", people[edit_id].irritant_id, {"edit": edit_id}, reason)

    # ------------------------------------------------------------ the engine

    def edit(self, action: str, irritant_id: str, payload: dict[str, Any], reason: str = "") -> Edit:
        """An edit by this author, now, its words redacted; not yet made.

        Raises:
            EditError: A label holds personal data.
        """
        for lang in ("fr", "en"):
            label = str(payload.get(lang) or "")
            if label and redact(label, lang).text != label:
                raise EditError(f"{action} {irritant_id}", f"the label {label!r} holds personal data", "object and failure", "Leave it out")
        payload |= {name: redact(str(payload[name])).text for name in ("inclusion", "exclusion") if payload.get(name)}
        return Edit(_now(), self.author, "", action, irritant_id, payload, redact(reason.strip()).text)

    def do(self, edits: Sequence[Edit], dry: bool = False) -> list[Edit]:
        """Makes edits in their order: all of them, or none.

        Args:
            edits: What `edit` made.
            dry: Only check them.

        Returns:
            The lines written, with their ranks and the time they were written at, so that the ledger is in the order of its times whoever began first;
            what was given where `dry`.

        Raises:
            EditError: One cannot be made; ``problems`` holds every one that cannot.
            StoreError: A run is at work.
        """
        if dry:
            self._check(edits)
            return list(edits)
        with exclusive(self._url), self._store.transaction():
            self._check(edits)
            now = _now()
            written = [replace(edit, at=now, id=self._store.append_edit(replace(edit, at=now))) for edit in edits]
            self._store.write_standing(self._replayed().standing.records.values())
        return written

    def _check(self, edits: Sequence[Edit]) -> None:
        if refused := [why for _, why in self.refusals(edits)]:
            refused[0].problems = tuple(refused)
            raise refused[0]

    def refusals(self, edits: Sequence[Edit]) -> list[tuple[int, EditError]]:
        """Which of some edits cannot be made in their order, by place, and why; none is made."""
        return refusals(edits, self._store.given_irritants(), self._store.edits(), self.analysed_until)

    def _one(self, action: str, irritant_id: str, payload: dict[str, Any], reason: str) -> Edit:
        return self.do([self.edit(action, irritant_id, payload, reason)])[0]

    def _replayed(self) -> pure.Replayed:
        return pure.replay(self._store.given_irritants(), self._store.edits())

    def _texts(self, places: Sequence[Place]) -> dict[Place, str]:
        """What is said at some places."""
        wanted = set(places)
        said = self._store.verbatims(ids={verbatim_id for verbatim_id, _ in wanted})
        return {(v.id, s.position): s.text for v in said for s in v.segments if (v.id, s.position) in wanted}

    def sentence(self, place: Place) -> dict[str, Any]:
        """A sentence of a customer, as edits keep it: `verbatim_id`, `position`, `text`, `lang`.

        Raises:
            EditError: There is none.
        """
        verbatim: Verbatim | None = next(iter(self._store.verbatims(ids=[place[0]])), None)
        segment: Segment | None = next((s for s in verbatim.segments if s.position == place[1]), None) if verbatim else None
        if verbatim is None or segment is None or segment.role is not Role.CUSTOMER:
            found = "no such verbatim" if verbatim is None else "no such sentence of it" if segment is None else "words of the agent"
            raise EditError(f"{place[0]}:{place[1]}", found, "a sentence of a customer", "The table `mentions` has verbatim_id and position of each")
        return {"verbatim_id": verbatim.id, "position": segment.position, "text": segment.text, "lang": verbatim.lang}


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def touched(edit: Edit) -> set[str]:
    """Ids of the records an edit speaks of."""
    return {edit.irritant_id, *(str(edit.payload.get(name, "")) for name in ("into", "to", "child"))} - {""}
