"""The loop through the store, the command line, the review workbook and runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import typer.main
from commands import voc
from test_edit_doors import SAID, _fill
from test_store import an_irritant

from voc_pipeline import pipeline
from voc_pipeline.cli import app
from voc_pipeline.composers.acting import closing_lines
from voc_pipeline.config import Config, load_config
from voc_pipeline.edits import Actions, Registry, open_registry
from voc_pipeline.errors import EditError
from voc_pipeline.loop import expected_of
from voc_pipeline.schema import Edit, Exemplar, Expected, Metric
from voc_pipeline.steps.context import Context
from voc_pipeline.steps.looping import LOOP
from voc_pipeline.store import open_store

A, B, C = (f"IRR-{name * 8}" for name in "ABC")
LATER = date(2036, 1, 7)
RISE = expected_of("x", "verbatim_share", "-30%", LATER, 8)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A store whose registry knows three irritants, and a year of reviews: A is told until May, B all along, C in the end."""
    rows = []
    for number in range(240):
        day = date(2026, 1, 1) + timedelta(days=number)
        said = SAID[0] if day < date(2026, 6, 1) and number % 2 else SAID[2] if day > date(2026, 7, 20) else SAID[1]
        rows.append(f'{number},{day},"{said}"')
    (tmp_path / "reviews.csv").write_text("\n".join(["id,date,text", *rows]), encoding="utf-8")
    settings = "project: loops\nstore: sqlite:///voc.db\noutput: out\nsources:\n  - {name: reviews, kind: review, path: reviews.csv, fields: {id: id, text: text, date: date}}\n"
    (tmp_path / "voc.yaml").write_text(settings, encoding="utf-8")
    config = load_config(tmp_path / "voc.yaml", {"discovery": {"min_segments": 100_000}})
    known = [
        replace(an_irritant(name), exemplars=(Exemplar("v", 0, text, "fr"),), threshold=0.8, generation=0)
        for name, text in zip((A, B, C), SAID, strict=True)
    ]
    with open_store(config.store_url) as store:
        store.save_irritants(known)
    return config


def until(config: Config, day: str) -> Config:
    return config.model_copy(update={"until": date.fromisoformat(day)})


def fall(start: date, weeks: int = 8) -> Expected:
    return expected_of("x", "verbatim_share", "-50%", start, weeks, 20)


def events(registry: Registry, *actions: str) -> list[Edit]:
    return [edit for edit in registry.history() if edit.action in actions]


def test_a_declared_fall_is_measured_by_a_later_run(config: Config) -> None:
    """Declared before its window, a fall is waited for, then called met by the run after it, once; only then it closes, and what comes back reopens it."""
    pipeline.run(until(config, "2026-05-31"))
    with open_registry(config, "anne") as registry:
        actions = Actions(registry)
        actions.cause(A, "the carrier was changed", "karim")
        act = actions.plan(A, "another carrier", "logistics", date(2026, 6, 1), fall(date(2026, 6, 1))).payload["action"]
        actions.done(act)
        with pytest.raises(EditError, match="no action of it has the measured verdict met"):
            actions.close(A)
    last = pipeline.run(until(config, "2026-07-26")).run
    with open_registry(config, "anne") as registry:
        loop = registry.loops()[A]
        assert loop.status == "measured_result" and loop.actions[0].measured is not None
        assert (loop.actions[0].measured.verdict, loop.actions[0].measured.n_after) == ("met", 0)
        assert len(events(registry, "measured")) == 1
        figure = registry._store.metrics(last.id, "action")[0]
        assert (figure.key, figure.value, figure.detail["verdict"]) == (act, -1, "met")
        assert {m.name for m in registry._store.metrics(last.id, "loop")} >= {"owner_share", "result_share"}
        with pytest.raises(EditError, match=f"another result would be declared of {act}, and a window of it was analysed"):
            registry.undo(next(edit.id for edit in events(registry, "plan")))
        with pytest.raises(EditError, match="were analysed"):
            Actions(registry).expect(act, fall(date(2026, 8, 1)))
        Actions(registry).close(A)
    with pytest.raises(EditError, match="its result was measured: met"), open_registry(config, "anne") as registry:
        Actions(registry).drop(act, "other plans")
    earlier, soon, again = (pipeline.run(until(config, day)).run for day in ("2026-07-19", "2026-08-20", "2026-08-26"))
    with open_registry(config, "anne") as registry:
        assert len(events(registry, "measured")) == 1 and registry.loops()[A].status == "closed"
        detail = {"alert": True, "q_value": 0.01}
        for run in (last, earlier, soon, again):
            registry._store.write_metrics(run.id, [Metric("irritant", A, "rate_ratio", 3.0, 1.8, 5.0, 100, detail)])
        for run, n in (
            (last, 0),
            (earlier, 0),
            (soon, 0),
            (again, 1),
            (again, 1),
        ):  # known at the closing, told in the window, after both, done again
            LOOP.run_shard(Context(config, registry._store, run.id), 0)
            assert len(events(registry, "recurred")) == n, run.as_of
        assert registry.loops()[A].status == "reopened"


def test_nobody_chooses_among_declarations_by_undoing(config: Config) -> None:
    """Once the window of an earlier declaration was analysed, what replaced it cannot be taken back."""
    pipeline.run(until(config, "2026-05-31"))
    with open_registry(config, "anne") as registry:
        act = Actions(registry).plan(A, "another carrier", "logistics", None, fall(date(2026, 6, 1))).payload["action"]
        later = Actions(registry).expect(act, RISE)
    pipeline.run(until(config, "2026-07-26"))
    with open_registry(config, "anne") as registry:
        with pytest.raises(EditError, match=f"another result would be declared of {act}"):
            registry.undo(later.id)
        assert registry.loops()[A].actions[0].expected == RISE


def test_a_rejected_irritant_keeps_its_verdict_and_is_late_no_more(config: Config) -> None:
    """Rejecting an irritant ends its measuring: the verdict stays, another run adds no line, and its actions are in no figure of the loop's health."""
    pipeline.run(until(config, "2026-05-31"))
    with open_registry(config, "anne") as registry:
        actions = Actions(registry)
        actions.plan(A, "another carrier", "logistics", date(2026, 6, 1), fall(date(2026, 6, 1)))
        actions.plan(A, "a second one", "logistics", date(2026, 6, 1), replace(fall(date(2026, 6, 8)), weeks=10))
    pipeline.run(until(config, "2026-07-26"))
    with open_registry(config, "anne") as registry:
        assert registry.loops()[A].actions[0].measured is not None
        registry.reject(A, "no irritant of ours")
    run = pipeline.run(until(config, "2026-08-26")).run
    with open_registry(config, "anne") as registry:
        assert [edit.payload["verdict"] for edit in events(registry, "measured")] == ["met"]
        first, second = registry.loops()[A].actions
        assert first.measured is not None and first.measured.verdict == "met" and second.measured is None
        assert not {"late_share", "met_share"} & {metric.name for metric in registry._store.metrics(run.id, "loop")}
    assert " late:" not in voc("action", config.root / "voc.yaml", "list").out


def test_nothing_is_declared_after_its_data_were_seen(config: Config) -> None:
    """A window that a run has looked into is refused; a register that declared before it is taken at its word, told as such, and entered once."""
    pipeline.run(until(config, "2026-07-26"))
    path = config.root / "register.yaml"
    lines = f"- irritant: {A.lower()}\n  action: other carrier\n  owner: logistics\n  state: done\n  declared: 2026-05-20\n  expected: {{metric: verbatim_share, change: -50%, start: 2026-06-01, weeks: 8, before_weeks: 20}}\n"
    lines += f'- irritant: {{examples: ["{SAID[1]}", "Personne ne répond jamais au téléphone."]}}\n  cause: too few people\n  action: more people\n  declared: 2026-05-20\n'
    path.write_text(lines, encoding="utf-8")
    with open_registry(config, "anne") as registry, pytest.raises(EditError, match="nobody declares after seeing"):
        Actions(registry).plan(A, "other carrier", "logistics", None, fall(date(2026, 6, 1)))
    file = config.root / "voc.yaml"
    assert "3 lines would be entered" in voc("action", file, "import", path, "--dry-run").out
    told = voc("action", file, "import", path, "--by", "anne").out
    assert f"{B}" in told and "declared on 2026-05-20, entered on" in told
    assert "0 lines entered" in voc("action", file, "import", path).out
    with open_registry(config) as registry:
        action = registry.loops()[A].actions[0]
        assert (action.declared_on, action.register, action.state) == (date(2026, 5, 20), "register.yaml", "done")
    path.write_text(lines.replace("2026-05-20", "2026-06-02").replace("other carrier", "third carrier") + "- {irritant: x}\n", encoding="utf-8")
    wrong = voc("action", file, "import", path, code=2).err
    assert "its window began on 2026-06-01" in wrong and "action 3: declared" in wrong
    shown = voc("action", file, "show", A).out
    assert "by register.yaml" in shown and "the next run measures it" in shown


def test_a_register_is_imported_again_as_it_goes_on(config: Config) -> None:
    """A state that moved forward is an edit, what is new is entered, what differs otherwise is told with its command; another file name is refused."""
    pipeline.run(until(config, "2026-05-31"))
    file = config.root / "voc.yaml"

    def line(what: str, *more: str, owner: str = "care") -> str:
        return "\n".join([f'- irritant: {{examples: ["{SAID[1]}"]}}', f"  action: {what}", f"  owner: {owner}", "  declared: 2026-05-20", *more, ""])

    def imported(*lines: str, name: str = "register.yaml", code: int = 0) -> str:
        (config.root / name).write_text("".join(lines), encoding="utf-8")
        told = voc("action", file, "import", config.root / name, "--by", "anne", code=code)
        return " ".join((told.err if code else told.out).split())

    expected = "  expected: {metric: verbatim_share, change: -50%, start: 2036-06-01, weeks: 8}"
    first = [line("more people"), line("a robot", "  state: started", expected), line("a callback", "  state: done"), line("a hotline")]
    assert imported(*first).endswith("4 lines entered of register.yaml")
    with open_registry(config) as registry:
        ids = {action.what: action.id for action in registry.loops()[B].actions}
    assert imported(*first).endswith("0 lines entered of register.yaml")
    told = imported(
        line("more people", "  state: started", "  due: 1999-03-31"),
        line("a robot", "  state: dropped", "  reason: too dear", expected.replace("-50%", "-40%")),
        line("a callback", "  state: planned", owner="sales"),
        line("a text message", "  due: 2038-01-01", expected),
    )
    assert f"{ids['more people']} begun" in told and f"{ids['a robot']} given up" in told and "planned: a text message" in told
    assert "To check: due on 2038-01-01, after the last day of its window, 2036-07-26" in told
    for words in (
        f"action 1 ({ids['more people']}): due is empty here, 1999-03-31 in the file",
        f"action 2 ({ids['a robot']}): expected is share of verbatims -50 %",
        f"voc action CONFIG expect {ids['a robot']}",
        f"action 3 ({ids['a callback']}): state is done here, planned in the file: a state only goes forward",
        "owner is care here, sales in the file",
        f"{ids['a hotline']} (a hotline) is in the file no more",
        "3 lines entered of register.yaml; 5 differences not taken, see above",
    ):
        assert words in told, words
    with open_registry(config) as registry:
        assert {action.what: action.state for action in registry.loops()[B].actions} == {
            "more people": "started",
            "a robot": "dropped",
            "a callback": "done",
            "a hotline": "planned",
            "a text message": "planned",
        }
    again = imported(line("a robot", "  state: done", expected), line("a hotline", "  state: started"))
    assert "state is dropped here, done in the file: what was given up stays so" in again and f"{ids['a hotline']} begun" in again
    wrong = imported(*first, name="copy.yaml", code=2)
    assert (
        f"copy.yaml: register.yaml brought lines of it already: action 1 is {ids['more people']}" in wrong and "Import it as register.yaml" in wrong
    )
    assert "reason: none" in imported(line("a callback", "  state: dropped"), code=2)
    assert "line 5: '2026-02-31' is no day" in imported(line("x", "  due: 2026-02-31"), code=2)


def test_lines_of_a_register_that_read_alike_are_told_apart(config: Config) -> None:
    """The same words on the same day for two irritants are two actions, whatever the order they come back in."""
    pipeline.run(until(config, "2026-05-31"))
    file, path = config.root / "voc.yaml", config.root / "register.yaml"
    line = "- {{irritant: {0}, action: a course, owner: care, declared: 2026-05-20, state: {1}}}\n"
    for states in (("planned", "planned"), ("started", "planned")):
        path.write_text(line.format(A, states[0]) + line.format(B, states[1]), encoding="utf-8")
        voc("action", file, "import", path)
    path.write_text(line.format(B, "done") + line.format(A, "started"), encoding="utf-8")
    assert "1 line entered of register.yaml\n" in voc("action", file, "import", path).out
    with open_registry(config) as registry:
        assert {i: [one.state for one in loop.actions] for i, loop in registry.loops().items()} == {A: ["started"], B: ["done"]}


def test_only_the_newest_run_is_asked_to_measure(config: Config) -> None:
    """A plan changes no count: a run that was overtaken stays as it was, the newest is done again."""
    first, second = until(config, "2026-05-31"), until(config, "2026-07-26")
    pipeline.run(first)
    pipeline.run(second)
    with open_registry(config, "anne") as registry:
        Actions(registry).plan(A, "another carrier", "logistics")
    assert pipeline.run(first).nothing_new
    assert not pipeline.run(second).nothing_new
    with open_registry(config, "anne") as registry:
        registry.undo()
        registry.pin(A)
    assert not pipeline.run(first).nothing_new


def test_what_is_wrong_with_a_line_of_the_loop_is_said(config: Config) -> None:
    """A merged irritant, an action that is not there, a cause to come: each is refused with what to do; undo takes a plan back."""
    pipeline.run(until(config, "2026-05-31"))
    with open_registry(config, "anne") as registry:
        actions = Actions(registry)
        actions.plan(B, "more people", "care", None, RISE)
        with pytest.raises(EditError, match="no such action"):
            actions.done("ACT-NOWHERE")
        assert registry.groups() == {"channel": {"review"}, "lang": {"fr"}}
        for control in ("regoin=Bretagne", "lang=de"):
            with pytest.raises(EditError, match=r"no attribute of the data|no verbatim has lang=de"):
                actions.plan(A, "another carrier", "logistics", None, replace(RISE, control=control))
            with pytest.raises(EditError, match=r"no attribute of the data|no verbatim has lang=de"):
                actions.expect(registry.loops()[B].actions[0].id, replace(RISE, control=control))
        with pytest.raises(EditError, match="which is to come"):
            actions.cause(B, "too few people", found_on=LATER)
        registry.merge(B, into=A)
        assert set(registry.loops()) == {A} and registry.loops()[A].actions[0].what == "more people"
        with pytest.raises(EditError, match="was merged into"):
            actions.cause(B, "too few people")
        registry.undo()
        registry.undo(1)
        assert registry.loops() == {}
        written = actions.cause(A, "dit par Mme Martin au 06 12 34 56 78")
        assert "06 12" not in str(written.payload) and "Martin" not in str(written.payload)


# ---------------------------------------------------------------- on the command line

COMMANDS = typer.main.get_command(app).commands["action"].commands  # type: ignore[attr-defined]  # both are groups


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_documented(name: str) -> None:
    """Every command has help with an example of itself, and help for each of its options."""
    command = COMMANDS[name]
    assert f"voc action configs/demo.yaml {name}" in (command.help or "")
    assert all(getattr(option, "help", None) for option in command.params if option.name != "help")


def test_the_loop_on_the_command_line(config: Config) -> None:
    """Each step says what it did; the list tells owner, due date and result, and what is late or expects nothing."""
    pipeline.run(until(config, "2026-05-31"))
    file = config.root / "voc.yaml"
    assert "No action yet" in voc("action", file).out
    assert (
        "cause: another carrier (found by karim)"
        in voc("action", file, "cause", A, "another carrier", "--found-by", "karim", "--on", "2026-05-30").out
    )
    planned = voc("action", file, "plan", A, "the old carrier", "--owner", "logistics", "--due", "2026-05-20", "--by", "anne").out
    act = next(word for word in planned.split() if word.startswith("ACT-"))
    assert "To check: due on 2026-05-20, before the day of the plan" in planned
    wrong = voc("action", file, "plan", A, "x", "--due", "31/03/2026", code=2).err
    assert wrong == "error: --due: '31/03/2026' is no day. Expected: a day of the calendar, such as 2026-05-20. Write it so.\n"
    assert "Did you mean" not in voc("action", file, "show", "IRR-NOPE", code=2).err
    assert "(anne)" in planned and f"expect {act}" in planned
    listed = voc("action", file, "list").out
    assert f"1 late: {act} (due 2026-05-20)" in listed and f"1 without an expected result: {act}" in listed
    declared = ("--metric", "verbatim_share", "--change", "-30%", "--start", str(LATER), "--weeks", "8")
    assert "share of verbatims -30 %, 2036-01-07 to 2036-03-02" in voc("action", file, "expect", act.lower(), *declared).out
    assert "Did you mean 'csat'" in voc("action", file, "expect", act, "--metric", "cast", "--change", "+1", code=2).err
    voc("action", file, "start", act)
    voc("action", file, "done", act)
    assert "close it by decision" in voc("action", file, "close", A, code=2).err
    assert "closed by decision" in voc("action", file, "close", A, "--decision", "--reason", "offer withdrawn").out
    assert "closed by decision: offer withdrawn" in voc("action", file, "list").out
    assert "reopened" in voc("action", file, "reopen", A).out
    assert "given up" in voc("action", file, "drop", act, "--reason", "other plans").out
    shown = voc("action", file, "show", A).out
    for words in (": reopened", "another carrier", f"{act} dropped", "declared on", "owner: "):
        assert words in shown, words
    assert f"{act} planned: the old carrier" in " ".join(voc("irritants", file, "history", A).out.split())
    said = voc("run", file, "--until", "2026-05-31", "--fresh", "--direct").out
    assert "1 action" not in said, "what was given up is not told"
    with open_registry(config, "anne") as registry:
        lines = closing_lines(registry._store, registry, registry._store.last_done_run())
        assert not lines
        Actions(registry).plan(B, "more people", "care")
        Actions(registry).plan(B, "a robot", "care", None, RISE)
        lines = closing_lines(registry._store, registry, registry._store.last_done_run())
        assert lines[0].startswith("2 actions: 1 without an expected result, 1 not measured yet")


# ---------------------------------------------------------------- as a workbook


def test_the_sheet_of_actions_comes_back_as_edits(config: Config, tmp_path: Path) -> None:
    """An empty row becomes a cause and a plan, a changed one the next state; what somebody changed meanwhile is a conflict; nothing is done twice."""
    pipeline.run(until(config, "2026-05-31"))
    file, path, second = config.root / "voc.yaml", tmp_path / "review.xlsx", tmp_path / "second.xlsx"
    voc("export", file, "--for-review", path, "--lang", "en")
    asked = {"what_will_be_done": "the old carrier", "owner_of_the_action": "logistics", "due": "2026-06-20", "what_is_to_change": "NPS"}
    more = {
        "by how much (-50% or -2)": "+5",
        "first_day_of_the_window": "07/01/2036",
        "weeks_of_the_window": "8",
        "cause found (to add)": "new carrier, says Mme Durand (06 12 34 56 78)",
    }
    _fill(path, "Actions", "irritant", A, **asked, **more)
    assert "2 edits would be made" in voc("import-review", file, path, "--dry-run").out
    assert "2 edits made, 0 conflicts" in voc("import-review", file, path, "--author", "anne").out
    again = voc("import-review", file, path).out
    assert "0 edits made, 0 conflicts" in again, again
    with open_registry(config) as registry:
        action = registry.loops()[A].actions[0]
        assert action.expected is not None and (action.expected.change, action.expected.start, action.author) == (5, LATER, "anne")
    voc("export", file, "--for-review", second, "--lang", "en")
    _fill(second, "Actions", "action", action.id, state_of_the_action="done")
    _fill(second, "Actions", "irritant", C, what_will_be_done="nothing much", decision_on_the_loop="close by decision", reason="small")
    with open_registry(config, "karim") as registry:
        Actions(registry).start(action.id)
    taken = voc("import-review", file, second, "--author", "anne", code=1).out
    assert "2 edits made, 1 conflict" in taken and f"yours, not done: {A} {action.id} carried out" in taken and f"{action.id} begun (karim," in taken
    _fill(second, "Actions", "action", action.id, owner_of_the_action="somebody else")
    assert "Drop it, and plan another" in voc("import-review", file, second, code=2).err
