"""The command `voc`. Each command is a thin shell: what it does lives in the rooms below."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voc_pipeline.action_commands import app as action_app
from voc_pipeline.command_shape import day
from voc_pipeline.edit_commands import app as irritants_app
from voc_pipeline.errors import AuditError, ConfigError, EditError, VocError
from voc_pipeline.offline import switch_off_telemetry
from voc_pipeline.register_commands import app as registers_app

if TYPE_CHECKING:
    from voc_pipeline.config import Config

app = typer.Typer(
    name="voc",
    help="Voice of the Customer, offline: chats, reviews and surveys in; ranked irritants, Servqual gaps and a report out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

app.add_typer(irritants_app, name="irritants")
app.add_typer(registers_app, name="registers")
app.add_typer(action_app, name="action")

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML settings, such as configs/demo.yaml.", show_default=False)]
Since = Annotated[
    date | None, typer.Option("--since", parser=day("--since"), metavar="DATE", help="First day of the rows to receive.", show_default=False)
]
Until = Annotated[
    date | None,
    typer.Option(
        "--until", parser=day("--until"), metavar="DATE", help="Last day of the rows to receive; figures speak of that day.", show_default=False
    ),
]


@app.command()
def run(
    config: ConfigPath,
    run_id: Annotated[str | None, typer.Option("--run-id", help="Name of the run; default run-0001, run-0002, ...", show_default=False)] = None,
    since: Since = None,
    until: Until = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start a new run even if an unfinished one could go on.")] = False,
    direct: Annotated[bool, typer.Option("--direct", help="Run the same steps in this process, without Prefect.")] = False,
) -> None:
    """Run the pipeline: read the sources, find the irritants, write report and tables.

    An unfinished run of the same settings goes on where it stopped; a run with nothing new re-computes nothing.

    Examples:

        voc run configs/demo.yaml

        voc run configs/demo.yaml --until 2026-09-30 --direct
    """
    from voc_pipeline.composers import running

    running.run_with_progress(_load(config, since, until), run_id, fresh=fresh, direct=direct)


@app.command()
def check(config: ConfigPath) -> None:
    """Validate settings and sources without running: how the first rows map, and every problem at once.

    Example:

        voc check configs/demo.yaml
    """
    from voc_pipeline.composers import checking

    if not checking.check(_load(config)):
        raise typer.Exit(1)


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write the starter settings into.", show_default=False)],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Your own exports: CSV, XLSX, JSON, JSONL or Parquet.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace an existing voc.yaml.")] = False,
) -> None:
    """Look at your own files and write commented starter settings with guessed mappings.

    Example:

        voc init my-project reviews.csv survey.xlsx
    """
    from voc_pipeline.composers import checking

    checking.init(directory, files, force=force)


@app.command()
def annotate(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="CSV, JSONL or Parquet with id, text and optional lang, channel, question.", show_default=False)
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="JSONL to write: same order, one object a row.", show_default=False)],
    model: Annotated[str, typer.Option("--model", help="A model of models/, or a path.")] = "voc-mini",
) -> None:
    """Label a file of verbatims: sentiment, not valued, stage, Servqual dimension and gap cue, segment by segment.

    A chat's text has `client:` and `agent:` at the head of its lines. Texts are redacted before anything is written.

    Example:

        voc annotate verbatims.csv labelled.jsonl
    """
    from voc_pipeline.composers import annotating

    n = annotating.annotate_file(source, target, model)
    typer.echo(f"{n} verbatims -> {target}")


@app.command()
def report(
    config: ConfigPath, run_id: Annotated[str | None, typer.Option("--run-id", help="Which run; default the last.", show_default=False)] = None
) -> None:
    """Write the HTML reports and the tables of a run again, from the store.

    Example:

        voc report configs/demo.yaml
    """
    from voc_pipeline.composers import reading

    reading.report(_load(config), run_id)


@app.command()
def export(
    config: ConfigPath,
    to: Annotated[
        str | None, typer.Option("--to", help="Folder, or database URL such as sqlite:///tables.db or postgresql+psycopg://...", show_default=False)
    ] = None,
    run_id: Annotated[str | None, typer.Option("--run-id", help="Which run; default the last.", show_default=False)] = None,
    for_review: Annotated[
        Path | None,
        typer.Option("--for-review", metavar="FILE.xlsx", help="Workbook to write in which people edit the registry.", show_default=False),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="Language of that workbook: fr or en.")] = "fr",
) -> None:
    """Export the tables of a run: CSV, Parquet and XLSX into a folder, or tables of a database; or a workbook to edit the registry in.

    What was changed in a review workbook comes back with `voc import-review`.

    Examples:

        voc export configs/demo.yaml --to tables/

        voc export configs/demo.yaml --to sqlite:///tables.db

        voc export configs/demo.yaml --for-review review.xlsx --lang en
    """
    if to is None and for_review is None:
        raise ConfigError("voc export", "nowhere to export to", "a folder, a database or a workbook", "Add --to or --for-review")
    if lang not in ("fr", "en"):
        raise ConfigError("--lang", f"{lang!r}", "fr or en", "Choose one of them")
    if for_review is not None:
        from voc_pipeline.composers import reviewing

        reviewing.export_review(_load(config), for_review, lang, run_id)
    if to is not None:
        from voc_pipeline.composers import reading

        reading.export(_load(config), to, run_id)


@app.command("import-review")
def import_review(
    config: ConfigPath,
    file: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="A workbook of `voc export --for-review`, changed.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    author: Annotated[str, typer.Option("--author", help="Who changed it; default the login name.", show_default=False)] = "",
) -> None:
    """Take back a review workbook: every changed cell becomes an edit, with author and time.

    A row that somebody else changed meanwhile is a conflict: it is told, left as it is, and the command ends with 1. Rows that cannot be made are all
    told with their sheet; nothing is changed then, and the command ends with 2.

    Examples:

        voc import-review configs/demo.yaml review.xlsx --dry-run

        voc import-review configs/demo.yaml review.xlsx --author anne
    """
    from voc_pipeline.composers import reviewing

    if not reviewing.import_review(_load(config), file, author, dry_run):
        raise typer.Exit(1)


@app.command()
def audit(
    config: ConfigPath,
    n: Annotated[int, typer.Option("--n", min=1, help="Verbatims to draw.")] = 300,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE.xlsx", help="Workbook to write; default audit-ID.xlsx in the output folder.", show_default=False),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="Language of the workbook: fr or en.")] = "fr",
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="The same seed draws the same verbatims again.")] = 13,
    filled: Annotated[
        list[Path] | None,
        typer.Option("--filled", metavar="FILE.xlsx", help="A workbook that a person filled in; twice for two people.", show_default=False),
    ] = None,
    withdraw: Annotated[
        str | None, typer.Option("--withdraw", metavar="NAME", help="Remove what this person answered to their last audit.", show_default=False)
    ] = None,
) -> None:
    """Have people read a sample of your own verbatims: how good the model is on them, and shares with its errors taken out.

    First draw: a workbook without any of the model's answers, for one or two people to fill in. Then give back what they filled in with --filled:
    F1 with intervals, agreement between the two, corrected shares, of groups too; the reports show them from then on.

    Examples:

        voc audit configs/demo.yaml --n 300 --to audit.xlsx --lang en

        voc audit configs/demo.yaml --filled audit-anne.xlsx --filled audit-karim.xlsx

        voc audit configs/demo.yaml --withdraw Anne
    """
    from voc_pipeline.composers import auditing

    if withdraw is not None:
        if filled:
            raise ConfigError("voc audit", "both --filled and --withdraw", "one of them", "Withdraw first, then give the files back")
        auditing.withdraw(_load(config), withdraw)
        return
    if filled:
        auditing.take_back(_load(config), filled)
        return
    if lang not in ("fr", "en"):
        raise ConfigError("--lang", f"{lang!r}", "fr or en", "Choose one of them")
    auditing.draw_sample(_load(config), n, to, "fr" if lang == "fr" else "en", seed)


@app.command()
def replay(
    config: ConfigPath,
    source: Annotated[str | None, typer.Option("--source", help="Only this source.", show_default=False)] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="A corrected file to read in the source's place; needs --source.", show_default=False)
    ] = None,
) -> None:
    """Read again what the last run quarantined, from the source or from a corrected file, and say what became of each row.

    Example:

        voc replay configs/demo.yaml --source reviews --file corrected.csv
    """
    from voc_pipeline.composers import replaying

    replaying.replay(_load(config), source, file)


@app.command()
def schedule(
    config: ConfigPath,
    cron: Annotated[str, typer.Option("--cron", help='When to run, such as "0 6 * * 1" for Mondays at six.', show_default=False)],
    timezone: Annotated[str, typer.Option("--timezone", help="In which the cron line is read.")] = "Europe/Paris",
) -> None:
    """Serve the flow on a schedule until stopped: one run at a time, late runs collapse into one.

    Without PREFECT_API_URL it starts and owns a Prefect server on the loopback, with a home of its own beside the output.

    Example:

        voc schedule configs/demo.yaml --cron "0 6 * * 1"
    """
    from flows.schedule import serve

    serve(config.resolve(), _load(config), cron, timezone)


@app.command()
def train(
    data: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Labelled verbatims, JSONL (may be gzipped); with --labels, your CONFIG.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Model folder to write; with --labels, models/PROJECT beside CONFIG if not given.", show_default=False),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", help="Your own rows: corrections of the shipped labels, and labels of your own, from 8 rows a value.", show_default=False
        ),
    ] = None,
    encoder: Annotated[str, typer.Option("--encoder", help="Encoder to start from: a model folder, a path or a hub name.")] = "voc-mini",
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Passes over the labelled verbatims.")] = 4,
    parallel: Annotated[
        Path | None,
        typer.Option(
            "--parallel",
            help="CSV of fr,en sentences, may be gzipped: drawn together while labels are learnt and once more after, so that the space stays bilingual.",
            show_default=False,
        ),
    ] = None,
    stars: Annotated[
        Path | None, typer.Option("--stars", help="CSV of stars,title,text, may be gzipped: distant supervision.", show_default=False)
    ] = None,
    feelings: Annotated[
        Path | None,
        typer.Option("--feelings", help="CSV of title,text,ressenti,injustice,anger, may be gzipped: distant supervision.", show_default=False),
    ] = None,
    hold_out: Annotated[
        list[str] | None, typer.Option("--hold-out", help="Origins (field writer or source) never trained on.", show_default=False)
    ] = None,
    distil: Annotated[bool, typer.Option("--distil", help="First distil French into an English encoder with --parallel.")] = False,
) -> None:
    """Train encoder and heads on labelled verbatims; or, with --labels, fit the heads of your configuration's model to your own rows.

    A file of --labels has a column `verbatim_id` or `text`; columns named like the shipped labels correct them, any other is a label of your own.

    Examples:

        voc train data_samples/training/written.jsonl --encoder voc-mini --out models/mine

        voc train data_samples/training/written.jsonl --encoder almanach/camembertv2-base --out models/camembert

        voc train voc.yaml --labels corrected.xlsx
    """
    if labels is not None:
        from rich.console import Console

        from voc_pipeline.composers import adapting

        if len(data) != 1:
            raise ConfigError("voc train --labels", f"{len(data)} files before it", "one configuration", "Call `voc train CONFIG --labels FILE`")
        adapting.show(adapting.adapt(_load(data[0]), labels, out), str(data[0]), Console())
        return
    if out is None:
        raise ConfigError("--out", "not given", "the model folder to write", "Add --out models/NAME")
    from voc_pipeline.composers import training

    training.train(
        data, out, encoder=encoder, epochs=epochs, parallel=parallel, stars=stars, feelings=feelings, hold_out=tuple(hold_out or ()), distil=distil
    )


@app.command()
def evaluate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Labelled verbatims, JSONL (may be gzipped), measured together.", show_default=False),
    ] = None,
    data: Annotated[list[Path] | None, typer.Option("--data", help="The same, file by file.", show_default=False)] = None,
    model: Annotated[str, typer.Option("--model", help="A model of models/, or a path.")] = "voc-mini",
    baseline: Annotated[
        list[Path] | None,
        typer.Option("--baseline", help="Rows the model was trained on: TF-IDF + logistic regression is trained on them.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Where the figures are written.")] = Path("metrics.json"),
) -> None:
    """Measure a model on labelled verbatims: figures with intervals by language and channel, beside the baselines.

    Example:

        voc evaluate --data data_samples/evaluation/written.jsonl
    """
    from voc_pipeline.composers import training

    asked = (*(data or ()), *(files or ()))
    if not asked:
        raise ConfigError("voc evaluate", "no file", "labelled verbatims", "Call `voc evaluate FILE...`")
    training.evaluate(asked, model, tuple(baseline or ()), out)


def _load(path: Path, since: date | None = None, until: date | None = None) -> Config:
    from voc_pipeline.config import load_config

    overrides: dict[str, Any] = {name: own for name, own in (("since", since), ("until", until)) if own is not None}
    config = load_config(path, overrides)
    first, last = config.since, config.until
    if isinstance(first, date) and isinstance(last, date) and first > last:
        raise ConfigError("--since", f"{first} is after --until {last}", "a first day no later than the last", "Swap them")
    return config


def main() -> None:
    """Entry point: our own errors are one clear line, Ctrl-C a quiet end, anything else one line that says how to see more."""
    switch_off_telemetry()
    try:
        app()
    except (AuditError, ConfigError, EditError) as error:
        for problem in error.problems or (error,):
            typer.echo(f"error: {problem}", err=True)
        sys.exit(2)
    except VocError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if _stopped(error):
            sys.exit(130)
        if os.environ.get("VOC_TRACEBACK"):
            raise
        typer.echo(f"error: {type(error).__name__}: {error}\nThis is a fault of voc, not yours. VOC_TRACEBACK=1 shows where it lies.", err=True)
        sys.exit(1)


def _stopped(error: BaseException | None) -> bool:
    """Whether Ctrl-C is what an error comes from: a library stopped while it is imported says so as an ImportError."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


if __name__ == "__main__":
    main()
