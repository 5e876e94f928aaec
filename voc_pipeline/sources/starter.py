"""Drafts of sources written out as a commented YAML file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from voc_pipeline.schema import SourceKind
from voc_pipeline.sources.values import fold


@dataclass(slots=True)
class Draft:
    """The source block that a file (or several alike) will get."""

    name: str
    kind: SourceKind
    path: str
    layout: dict[str, Any]
    fields: dict[str, Any]
    formats: tuple[str, ...]
    rows: str
    identity: Literal["id", "position"] = "id"
    likert: tuple[int, int] | None = None
    notes: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def _quoted(value: Any) -> str:
    if isinstance(value, str):
        return yaml.safe_dump(value, allow_unicode=True, default_style='"', width=10**9).strip()
    if isinstance(value, list | tuple):
        return f"[{', '.join(_quoted(item) for item in value)}]"
    return str(value)


def _plain(name: str) -> str:
    """A name bare where YAML reads it as itself."""
    return name if yaml.safe_load(name) == name else _quoted(name)


def _comment(text: str) -> str:
    """Text that stays on one comment line whatever a column is called."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


_EXPLAINED = {
    "id": "identifies a row for good / identifie la ligne",
    "text": "the customer's words / les mots du client",
    "title": "title / titre",
    "date": "when it was said / date de l'avis",
    "customer": "stored only as a keyed hash / gardé seulement sous forme d'empreinte",
    "channel": "channel / canal",
    "lang": "language / langue",
    "conversation": "groups the rows of one conversation / regroupe les tours",
}


def written(drafts: Sequence[Draft], directory: Path) -> str:
    """The YAML of a whole config around the drafts."""
    project = re.sub(r"[^A-Za-z0-9 _.-]+", "", fold(directory.name)).strip() or "voc"
    lines = [
        "# Starter configuration, guessed from your files: read it once, correct it, then `voc check` and `voc run`.",
        "# Configuration de départ, devinée d'après vos fichiers : relisez-la, corrigez-la, puis `voc check` et `voc run`.",
        "# Paths start from the folder of this file. / Les chemins partent du dossier de ce fichier.",
        f"project: {_quoted(project)}",
        "store: sqlite:///out/voc.db   # or / ou postgresql+psycopg://user@host/base",
        "output: out",
        "# key of hashed ids: set VOC_KEY in the environment / clé des empreintes : variable d'environnement VOC_KEY",
        "",
        "sources:",
    ]
    for draft in drafts:
        lines += _source_lines(draft)
    lines += [
        "",
        "languages: [fr, en]",
        "window_days: 365   # days before the latest verbatim that figures stand on / période des chiffres",
        "",
        "# Who owns an irritant: the first rule that matches / à qui revient un irritant : la première règle qui convient",
        "owners:",
        "  - {department: Facturation, stages: [pay]}",
        "  - {department: Service client, stages: [support, claim]}",
        "  - {department: Expérience client}   # everything else / tout le reste",
        "",
        "report:",
        f"  title: {_quoted(project)}",
        "  languages: [fr, en]",
        "",
    ]
    return "\n".join(lines)


def _source_lines(draft: Draft) -> list[str]:
    lines = [
        f"  # {_comment(draft.rows)}",
        f"  - name: {draft.name}",
        f"    kind: {draft.kind.value}   # chat, review or / ou survey",
        f"    path: {_quoted(draft.path)}",
    ]
    if draft.layout:
        lines += [
            "    format:   # what is left out is detected / le reste est détecté",
            *(f"      {name}: {_quoted(value)}" for name, value in draft.layout.items()),
        ]
    if draft.identity == "position":
        lines += [
            "    # No column identifies a row, so its place does: never re-sort the file.",
            "    # Aucune colonne n'identifie la ligne, sa place le fait : ne retriez pas le fichier.",
            "    identity: position",
        ]
    if draft.notes.get("date"):
        lines.append(f"    # WARNING, dates: {_comment(draft.notes['date'])}. Check! / À vérifier !")
    if draft.formats:
        lines.append(f"    date_formats: {_quoted(draft.formats)}")
    if draft.likert:
        lines.append(f"    likert: {_quoted(draft.likert)}   # scale of expectation and perception / échelle attentes-perceptions")
    lines += ["    timezone: Europe/Paris", "    languages: [fr, en]", "    fields:"]
    for setting in _EXPLAINED:
        if setting in draft.fields:
            note = draft.notes.get(setting, "") if setting != "date" else ""
            lines.append(f"      {setting}: {_quoted(draft.fields[setting])}   # {_EXPLAINED[setting]}{'; ' + _comment(note) if note else ''}")
        elif setting in {"date", "customer"}:
            lines.append(f"      # {setting}: ...   # none found / rien trouvé ({_EXPLAINED[setting]})")
    if "turns" in draft.fields:
        lines.append("      turns:")
        lines += [f"        {name}: {_quoted(value)}" for name, value in draft.fields["turns"].items()]
        if draft.notes.get("roles"):
            lines.append(f"        # {_comment(draft.notes['roles'])}")
    if "questions" in draft.fields:
        lines.append("      questions:   # column, and the wording put to the customer / colonne, et question posée")
        for question in draft.fields["questions"]:
            lines += [f"        - field: {_quoted(question['field'])}", f"          question: {_quoted(question['question'])}"]
    if "scores" in draft.fields:
        lines.append("      scores:   # with their scale; a value off it is set aside / avec leur échelle")
        lines += [
            f"        {name}: {{field: {_quoted(score['field'])}, low: {score['low']}, high: {score['high']}}}"
            for name, score in draft.fields["scores"].items()
        ]
    for setting in ("expectation", "perception", "weight", "attributes"):
        if draft.fields.get(setting):
            lines.append(f"      {setting}:{'   # to cross the figures by / pour croiser les résultats' if setting == 'attributes' else ''}")
            lines += [f"        {_plain(name)}: {_quoted(column)}" for name, column in draft.fields[setting].items()]
    if draft.left_out:
        lines.append(f"      # left out / laissées de côté: {_comment(', '.join(draft.left_out[:30]))}")
    return lines
