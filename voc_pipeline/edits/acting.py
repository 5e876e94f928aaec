"""The loop as people work on it: causes, actions and expected results, through the same desk as every other edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from voc_pipeline import loop as pure
from voc_pipeline.edits.desk import Registry
from voc_pipeline.errors import EditError
from voc_pipeline.redact import redact
from voc_pipeline.schema import Action, Edit, Expected, Loop


@dataclass(frozen=True, slots=True)
class Declared:
    """A line of a company's own register: the day it was declared there, and the register's name."""

    on: date
    register: str


class Actions:
    """Causes, actions and results of the irritants of a registry; one edit a method.

    Args:
        registry: Open, of the author.

    Every edit returns the line it wrote and raises `EditError` where it cannot be made, `StoreError` where a run is at work.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    # ------------------------------------------------------------ reading

    def loops(self) -> Mapping[str, Loop]:
        """Every loop as it stands, by irritant."""
        return self.registry.loops()

    def action(self, action_id: str) -> Action:
        """An action by its id."""
        return pure.find_action(self.loops(), action_id.upper())

    # ------------------------------------------------------------ editing

    def cause(self, irritant_id: str, what: str, found_by: str = "", found_on: date | None = None, reason: str = "") -> Edit:
        """Enters what was found to be behind an irritant, by whom and when."""
        return self._do(self.cause_edit(irritant_id, what, found_by, found_on, reason))

    def cause_edit(self, irritant_id: str, what: str, found_by: str = "", found_on: date | None = None, reason: str = "") -> Edit:
        """The edit that `cause` makes, not yet made."""
        if found_on is not None and found_on > _today():
            self._not_to_come(f"cause {irritant_id}", "found", found_on)
        payload: dict[str, Any] = {"what": cleaned(what), "found_by": found_by.strip()}
        return self.registry.edit("cause", irritant_id, payload | ({"found_on": found_on.isoformat()} if found_on else {}), reason)

    def plan(
        self,
        irritant_id: str,
        what: str,
        owner: str,
        due: date | None = None,
        expected: Expected | None = None,
        reason: str = "",
    ) -> Edit:
        """Plans an action, with who answers for it, until when, and what it is expected to change.

        Returns:
            The line written; its payload's `action` is the id of the action.
        """
        return self._do(self.plan_edit(irritant_id, what, owner, due, expected, reason))

    def plan_edit(
        self,
        irritant_id: str,
        what: str,
        owner: str,
        due: date | None = None,
        expected: Expected | None = None,
        reason: str = "",
        state: str = "planned",
        declared: Declared | None = None,
    ) -> Edit:
        """The edit that `plan` makes, not yet made.

        Args:
            irritant_id: Of the irritant.
            what: What will be done.
            owner: Department or person.
            due: Day it is due.
            expected: What it is expected to change.
            reason: Why.
            state: `planned`, `started` or `done`: where a register has it.
            declared: Where it comes from a register.
        """
        told, until = cleaned(what), due.isoformat() if due else ""
        if expected is not None:
            pure.check_groups(f"plan {irritant_id}", expected, self.registry.groups() if expected.control else {})
            self._check_before(f"plan {irritant_id}", expected, declared)
        payload: dict[str, Any] = {"action": pure.action_id(irritant_id, told, owner, until), "what": told, "owner": owner.strip(), "due": until}
        payload |= {"expected": pure.written(expected)} if expected is not None else {}
        payload |= {"state": state} if state != "planned" else {}
        payload |= {"declared": declared.on.isoformat(), "register": declared.register} if declared else {}
        return self.registry.edit("plan", irritant_id, payload, reason)

    def expect(self, action_id: str, expected: Expected, reason: str = "") -> Edit:
        """Declares what an action is expected to change, or declares it anew: before its window only."""
        return self._do(self.expect_edit(action_id, expected, reason))

    def expect_edit(self, action_id: str, expected: Expected, reason: str = "") -> Edit:
        """The edit that `expect` makes, not yet made."""
        action = self.action(action_id)
        if action.expected is not None:
            self._check_before(f"expect {action.id}, as it was declared on {action.declared_on}", action.expected, None)
        pure.check_groups(f"expect {action.id}", expected, self.registry.groups() if expected.control else {})
        self._check_before(f"expect {action.id}", expected, None)
        return self.registry.edit("expect", action.irritant_id, {"action": action.id, "expected": pure.written(expected)}, reason)

    def start(self, action_id: str, reason: str = "") -> Edit:
        """Says that an action was begun."""
        return self._do(self.state_edit("start", action_id, reason))

    def done(self, action_id: str, reason: str = "") -> Edit:
        """Says that an action was carried out; whether it helped, the runs measure."""
        return self._do(self.state_edit("done", action_id, reason))

    def drop(self, action_id: str, reason: str) -> Edit:
        """Gives an action up, with the reason."""
        return self._do(self.state_edit("drop", action_id, reason))

    def state_edit(self, what: str, action_id: str, reason: str = "") -> Edit:
        """The edit that `start`, `done` or `drop` makes, not yet made."""
        action = self.action(action_id)
        return self.registry.edit(what, action.irritant_id, {"action": action.id}, reason)

    def close(self, irritant_id: str, decision: bool = False, reason: str = "") -> Edit:
        """Closes the loop of an irritant: because a measured result says met, or by decision with a reason."""
        return self._do(self.registry.edit("close", irritant_id, {"how": "decision" if decision else "met"}, reason))

    def reopen(self, irritant_id: str, reason: str = "") -> Edit:
        """Opens the loop of an irritant again."""
        return self._do(self.registry.edit("reopen", irritant_id, {}, reason))

    # ------------------------------------------------------------ parts

    def _do(self, edit: Edit) -> Edit:
        return self.registry.do([edit])[0]

    def _check_before(self, where: str, expected: Expected, declared: Declared | None) -> None:
        pure.check_before(where, expected, _today(), self.registry.analysed_until(), declared.on if declared else None)

    def _not_to_come(self, where: str, what: str, day: date) -> None:
        analysed = self.registry.analysed_until()
        if analysed is None or day > analysed:
            raise EditError(where, f"{what} on {day}, which is to come", "a day up to today", "Mend the date")


def _today() -> date:
    return datetime.now(UTC).date()


def cleaned(text: str) -> str:
    """Words as the ledger keeps them: without blanks around, personal data out."""
    return redact(text.strip()).text
