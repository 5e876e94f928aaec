"""People's edits: each a pure function from one standing of the registry to the next, replayed in the order of the ledger.

Runs give the registry its records; people say what becomes of them. How the registry stands is the records as runs gave them and every edit in force,
applied in the order it was written: on the same ledger always the same, whatever was run in between. An edit that can no longer be applied is told as a
conflict and changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from voc_pipeline.errors import EditError, suggest
from voc_pipeline.keys import fold
from voc_pipeline.registry.claims import PREFIX
from voc_pipeline.schema import Edit, Exemplar, Gap, Irritant, IrritantKind, MatchState

LANGUAGES = ("fr", "en")


@dataclass(frozen=True, slots=True)
class Word:
    """What a person said of a match (`confirmed`, `refused`) or of a gap (its number), and when; `owner` is who answers for it, where they spoke as such."""

    said: str
    author: str
    at: datetime
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """The registry as runs and people left it.

    Attributes:
        records: By id, merged and rejected ones among them.
        moves: For each folded text that a person moved, the id it belongs to, or "" where it belongs to none.
        matches: What a person said of an irritant and an entry of the company's registers, by their two ids.
        gaps: The gap of an irritant that a person confirmed, by id.
    """

    records: Mapping[str, Irritant]
    moves: Mapping[str, str] = field(default_factory=dict)
    matches: Mapping[tuple[str, str], Word] = field(default_factory=dict)
    gaps: Mapping[str, Word] = field(default_factory=dict)

    def following(self, irritant_id: str) -> str:
        """Where an id leads, merges followed; itself where it is not merged."""
        seen: set[str] = set()
        while irritant_id in self.records and (record := self.records[irritant_id]).status == "merged" and irritant_id not in seen:
            seen.add(irritant_id)
            irritant_id = record.redirect
        return irritant_id


@dataclass(frozen=True, slots=True)
class Conflict:
    """An edit in force that cannot be applied, and why."""

    edit: Edit
    why: EditError


@dataclass(frozen=True, slots=True)
class Replayed:
    """How the registry stands after its ledger, and the edits that could not be applied."""

    standing: Standing
    conflicts: tuple[Conflict, ...]


def replay(given: Iterable[Irritant], ledger: Sequence[Edit]) -> Replayed:
    """The registry as it stands after every edit in force.

    Args:
        given: Records as runs bore and kept them, parts that people split off left out.
        ledger: All of it, in order; what runs wrote is passed over.

    Returns:
        Standing and conflicts. A part whose split was undone stays known, and leads back to what it was split off.
    """
    standing = Standing({record.id: record for record in sorted(given, key=lambda record: record.id)})
    retired = {record.id for record in standing.records.values() if record.status == "retired"}
    split = [edit for edit in ledger if not edit.run_id and edit.action == "split"]
    standing, conflicts = apply_all(standing, in_force(ledger))
    records = dict(standing.records)
    for name in retired & records.keys():  # an edit taken back leaves a record as the runs had it; only a pin keeps it awake
        if records[name].status in ("active", "retired"):
            records[name] = replace(records[name], status="active" if records[name].pinned else "retired")
    for edit in split:
        if str(edit.payload["child"]) not in records and edit.irritant_id in records:
            part = _part(records[edit.irritant_id], edit)
            records |= {part.id: replace(part, status="merged", redirect=part.parent)} if part.split_on or part.exemplars else {}
    return Replayed(replace(standing, records=dict(sorted(records.items()))), conflicts)


def in_force(ledger: Sequence[Edit]) -> list[Edit]:
    """People's edits that were not undone, in order."""
    taken_back = undone(ledger)
    return [edit for edit in ledger if not edit.run_id and edit.action in _EDITS and edit.id not in taken_back]


def words(records: Mapping[str, Irritant], ledger: Sequence[Edit]) -> Standing:
    """A registry as it stands, with what people in force said of matches and gaps: for those who read it and have no need of a replay."""
    matches: dict[tuple[str, str], Word] = {}
    gaps: dict[str, Word] = {}
    for edit in in_force(ledger):
        if edit.action in _MATCHED:
            matches[edit.irritant_id, str(edit.payload["entry"])] = Word(str(_MATCHED[edit.action]), edit.author, edit.at)
        elif edit.action == "confirm-gap":
            gaps[edit.irritant_id] = Word(str(edit.payload["gap"]), edit.author, edit.at, str(edit.payload.get("owner", "")))
    return Standing(records, {}, matches, gaps)


def undone(ledger: Sequence[Edit]) -> set[int]:
    """Ranks of edits, undos among them, that an undo in force takes back: one that was undone itself counts for nothing."""
    found: set[int] = set()
    for edit in reversed(ledger):
        if not edit.run_id and edit.action == "undo" and edit.id not in found:
            found.add(int(edit.payload["edit"]))
    return found


_MATCHED = {"confirm": MatchState.CONFIRMED, "refuse": MatchState.REFUSED}


def apply(standing: Standing, edit: Edit) -> Standing:
    """The registry after one edit.

    Raises:
        EditError: It cannot be made on the registry as it stands: told, never guessed.
    """
    if edit.action not in _EDITS:
        raise EditError(f"edit {edit.action!r}", "is no edit of the registry", "", suggest(edit.action, ACTIONS))
    return _EDITS[edit.action](standing, edit)


def apply_all(standing: Standing, edits: Iterable[Edit]) -> tuple[Standing, tuple[Conflict, ...]]:
    """The registry after some edits in turn; those that cannot be made are told, and change nothing.

    As `apply` one by one, but the sentences that people moved, of which there may be thousands, are held once and not copied at every edit.
    """
    moves, conflicts = dict(standing.moves), []
    standing = replace(standing, moves=moves)
    for edit in edits:
        try:
            if edit.action == "move":
                moves |= _moved(standing, edit)
            else:
                standing = apply(standing, edit)
        except EditError as why:
            conflicts.append(Conflict(edit, why))
    return standing, tuple(conflicts)


def open_record(standing: Standing, edit: Edit) -> Irritant:
    """The record that a line speaks of, if it stands open to edits.

    Raises:
        EditError: No such record, or it was merged or rejected.
    """
    return _open(standing, edit)


def child_id(parent: Irritant, keywords: Sequence[str], examples: Sequence[Mapping[str, Any]]) -> str:
    """The id of a part that is split off: from what it is split off and what it is split on, so the same split gives the same id."""
    words = [parent.id, *sorted(map(fold, keywords)), *sorted(fold(str(example["text"])) for example in examples)]
    digest = base64.b32encode(hashlib.sha256("\n".join(words).encode()).digest()).decode()
    return f"{PREFIX[parent.kind]}-{digest[:8]}"


# ---------------------------------------------------------------- one function an edit


def rename(standing: Standing, edit: Edit) -> Standing:
    """Gives a record a label in one language or both."""
    record = _open(standing, edit)
    labels = {lang: str(edit.payload[lang]).strip() for lang in LANGUAGES if edit.payload.get(lang) is not None}
    if not labels or not all(labels.values()):
        raise EditError(_where(edit), "no label, or an empty one", "a label in French, in English or in both", "Give one")
    status = {**record.label_status, **dict.fromkeys(labels, "edited")}
    return _with(
        standing, replace(record, label_fr=labels.get("fr", record.label_fr), label_en=labels.get("en", record.label_en), label_status=status)
    )


def merge(standing: Standing, edit: Edit) -> Standing:
    """Lets a record go on in another: its id leads there for ever, and what it claims goes there."""
    record, into = _open(standing, edit), _found(standing, edit, str(edit.payload.get("into", "")))
    if into.id == record.id:
        raise EditError(_where(edit), "merged into itself", "another record", "Name another one")
    _refuse_closed(standing, edit, into)
    if into.kind is not record.kind:
        raise EditError(_where(edit), f"{into.id} is a {into.kind.value}, {record.id} a {record.kind.value}", "two of one kind", "Name another one")
    return _with(standing, replace(record, status="merged", redirect=into.id))


def split(standing: Standing, edit: Edit) -> Standing:
    """Makes a part of a record's mentions a record of its own: those that hold one of some words, or are nearer to some examples than to the rest."""
    record = _open(standing, edit)
    child = _again(standing, edit, _part(record, edit))
    if not child.split_on and not child.exemplars:
        raise EditError(_where(edit), "neither words nor examples", "what to split on", "Give a keyword or examples")
    if not (child.label_fr or child.label_en):
        raise EditError(_where(edit), "the new part has no label", "a label in French, in English or in both", "Give one")
    return _with(standing, child)


def reject(standing: Standing, edit: Edit) -> Standing:
    """Closes a record: what it would claim is counted as rejected, and nothing that resembles it is proposed again."""
    return _with(standing, replace(_open(standing, edit), status="rejected"))


def restore(standing: Standing, edit: Edit) -> Standing:
    """Opens a rejected record again, under its id."""
    record = _found(standing, edit, edit.irritant_id)
    if record.status != "rejected":
        raise EditError(
            _where(edit), f"is {record.status}", "a rejected record", "Undo a merge with `undo`; a retired one comes back when it is told"
        )
    return _with(standing, replace(record, status="active"))


def pin(standing: Standing, edit: Edit) -> Standing:
    """Holds a record: no run retires it; a retired one is back."""
    record = _open(standing, edit)
    return _with(standing, replace(record, pinned=True, status="active"))


def unpin(standing: Standing, edit: Edit) -> Standing:
    """Lets go of it."""
    return _with(standing, replace(_open(standing, edit), pinned=False))


def owner(standing: Standing, edit: Edit) -> Standing:
    """Gives a record to a department; "" takes it from all."""
    return _with(standing, replace(_open(standing, edit), owner=str(edit.payload.get("owner", "")).strip()))


def note(standing: Standing, edit: Edit) -> Standing:
    """Notes what a record covers, or does not."""
    record = _open(standing, edit)
    covers, leaves = (str(edit.payload.get(name, "")).strip() for name in ("inclusion", "exclusion"))
    if not covers and not leaves:
        raise EditError(_where(edit), "an empty note", "what it covers, or what it does not", "Write one")
    return _with(standing, replace(record, inclusion=_and(record.inclusion, covers), exclusion=_and(record.exclusion, leaves)))


def move(standing: Standing, edit: Edit) -> Standing:
    """Says where a sentence belongs, here and wherever else the same words are said: to a record, or to none."""
    return replace(standing, moves={**standing.moves, **_moved(standing, edit)})


def confirm(standing: Standing, edit: Edit) -> Standing:
    """Says that a record and an entry of the company's registers speak of one thing."""
    return _matched(standing, edit, MatchState.CONFIRMED)


def refuse(standing: Standing, edit: Edit) -> Standing:
    """Says that they do not."""
    return _matched(standing, edit, MatchState.REFUSED)


def confirm_gap(standing: Standing, edit: Edit) -> Standing:
    """Takes a person's word for the gap of an irritant; the owner's, where the line names whom they spoke for."""
    record, number = _open(standing, edit), str(edit.payload.get("gap", ""))
    if number not in {str(int(gap)) for gap in Gap}:
        raise EditError(_where(edit), f"{number!r} is no gap", "1, 2, 3 or 4", "Gap 5 is computed from a survey, never confirmed")
    if record.kind is not IrritantKind.IRRITANT:
        raise EditError(_where(edit), f"{record.id} is a {record.kind.value}", "an irritant", "Only what fails has a gap")
    return replace(standing, gaps={**standing.gaps, record.id: Word(number, edit.author, edit.at, str(edit.payload.get("owner", "")))})


_EDITS: Mapping[str, Callable[[Standing, Edit], Standing]] = {
    "rename": rename,
    "merge": merge,
    "split": split,
    "reject": reject,
    "restore": restore,
    "pin": pin,
    "unpin": unpin,
    "owner": owner,
    "note": note,
    "move": move,
    "confirm": confirm,
    "refuse": refuse,
    "confirm-gap": confirm_gap,
}
ACTIONS = (*_EDITS, "undo")
"""What people can do."""


# ---------------------------------------------------------------- moves and parts


def _moved(standing: Standing, edit: Edit) -> dict[str, str]:
    """Where a move says that a folded text belongs."""
    text, to = fold(str(edit.payload.get("text", ""))), str(edit.payload.get("to", ""))
    if not text:
        raise EditError(_where(edit), "no sentence", "the words that move", "Name a verbatim and the rank of its sentence")
    if to:
        _refuse_closed(standing, edit, _found(standing, edit, to))
    return {text: to}


def _part(record: Irritant, edit: Edit) -> Irritant:
    """The record that a split makes."""
    keywords = tuple(str(word).strip() for word in edit.payload.get("keywords", ()) if str(word).strip())
    examples = tuple(Exemplar(e["verbatim_id"], int(e["position"]), e["text"], e["lang"]) for e in edit.payload.get("examples", ()))
    labels = {lang: str(edit.payload.get(lang) or "").strip() for lang in LANGUAGES}
    return Irritant(
        id=str(edit.payload["child"]),
        kind=record.kind,
        label_fr=labels["fr"],
        label_en=labels["en"],
        label_status={lang: "edited" if label else "missing" for lang, label in labels.items()},
        theme=record.theme,
        keywords=keywords,
        exemplars=examples,
        threshold=record.threshold,
        generation=record.generation,
        first_run=record.first_run,
        owner=record.owner,
        parent=record.id,
        split_on=keywords,
    )


def _again(standing: Standing, edit: Edit, part: Irritant) -> Irritant:
    """The part as a split makes it: one that went back into the whole comes out again under its id, with its owner, its notes and its pin."""
    before = standing.records.get(part.id)
    if before is None:
        return part
    led = standing.following(part.id)
    if led == part.id or led != standing.following(edit.irritant_id):
        merged, rejected = f"Undo the merge of {part.id} into {led}", f"Restore {part.id}"
        remedy = merged if led != part.id else rejected if before.status == "rejected" else f"Use {part.id}"
        raise EditError(_where(edit), f"the same split made {part.id} before", "a new split, or one whose part was merged back", remedy)
    return replace(part, owner=before.owner, pinned=before.pinned, inclusion=before.inclusion, exclusion=before.exclusion)


def _with(standing: Standing, record: Irritant) -> Standing:
    return replace(standing, records={**standing.records, record.id: record})


def _matched(standing: Standing, edit: Edit, state: MatchState) -> Standing:
    record, entry = _open(standing, edit), str(edit.payload.get("entry", ""))
    if not entry:
        raise EditError(_where(edit), "no entry", "the id of an entry of a register, such as PRO-01", "`voc registers CONFIG` lists them")
    if record.kind is not IrritantKind.IRRITANT:
        raise EditError(_where(edit), f"{record.id} is a {record.kind.value}", "an irritant", "Only irritants are held against registers")
    return replace(standing, matches={**standing.matches, (record.id, entry): Word(str(state), edit.author, edit.at)})


def _and(notes: tuple[str, ...], more: str) -> tuple[str, ...]:
    return (*notes, more) if more and more not in notes else notes


def _where(edit: Edit) -> str:
    return f"{edit.action} {edit.irritant_id}".strip()


def _found(standing: Standing, edit: Edit, irritant_id: str) -> Irritant:
    if irritant_id not in standing.records:
        near = suggest(irritant_id, standing.records).rpartition("Did you mean")
        remedy = "".join(near[1:]) if near[1] else "`voc irritants CONFIG list` shows them all"
        raise EditError(_where(edit), f"no record {irritant_id or '(no id)'}", "an id of the registry", remedy)
    return standing.records[irritant_id]


def _open(standing: Standing, edit: Edit) -> Irritant:
    """The record of an edit, if it can be edited."""
    record = _found(standing, edit, edit.irritant_id)
    _refuse_closed(standing, edit, record)
    return record


def _refuse_closed(standing: Standing, edit: Edit, record: Irritant) -> None:
    if record.status == "merged":
        led = standing.following(record.id)
        raise EditError(_where(edit), f"{record.id} was merged into {led}", "a record that stands", f"Edit {led}, or undo the merge first")
    if record.status == "rejected":
        raise EditError(_where(edit), f"{record.id} was rejected", "a record that stands", f"Restore {record.id} first")
