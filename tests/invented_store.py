"""A store in memory, filled with the invented year of an invented telecom operator: what the report is tested on. Its figures are the product's own statistics."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from invented_audit import read_by

from voc_pipeline import prioritise, servqual
from voc_pipeline.audit import audit_figures, group_figures
from voc_pipeline.config import Config, CustomStage, Fields, Journey, Seam, Source
from voc_pipeline.loop import measured_payload, replay_loops, written
from voc_pipeline.loop.health import Standing, health_figures
from voc_pipeline.prioritise.maturity import maturity_figures
from voc_pipeline.prioritise.responses import response_figures
from voc_pipeline.registers import Entry, Register
from voc_pipeline.schema import (
    Annotation,
    Dimension,
    Edit,
    Exemplar,
    Expected,
    FirstResponse,
    Gap,
    GapReading,
    Irritant,
    IrritantKind,
    Match,
    MatchState,
    Measured,
    Mention,
    Metric,
    NotValuedCode,
    Passage,
    Role,
    Segment,
    SegmentAnnotation,
    Sentiment,
    SourceKind,
    Stage,
    Timing,
    Verbatim,
)
from voc_pipeline.steps.grounding import Documents, document_metrics
from voc_pipeline.steps.measuring import tellings_of, voices_of
from voc_pipeline.steps.telling import told_figures
from voc_pipeline.store.nouns import Run, ScoreRow

MODEL = "voc-mini-0f3a91"
AS_OF, BEFORE = date(2026, 10, 31), date(2026, 9, 30)
REGIONS = ("Île-de-France", "Bretagne", "Occitanie", "Grand Est", "Hauts-de-France")
PLANS = ("Fibre 500", "Fibre Max", "Mobile 20", "Duo")


@dataclass(frozen=True)
class Planted:
    """Something customers tell of: label, place, and the words they have for it. `swing`: weight in the last two months over the rest."""

    id: str
    kind: IrritantKind
    fr: str
    en: str
    weight: float
    stage: Stage
    dimension: Dimension | None
    gap: Gap | None
    owner: str
    quotes: tuple[tuple[str, str], ...]
    codes: tuple[NotValuedCode, ...] = ()
    swing: float = 1.0
    status: Mapping[str, str] = field(default_factory=lambda: {"fr": "derived", "en": "category"})


def _id(prefix: str, number: int) -> str:
    return f"{prefix}-{hashlib.sha256(f'{prefix}{number}'.encode()).hexdigest().upper().translate(str.maketrans('0189', 'ABCD'))[:8]}"


THEMES = {
    "Prélèvement en double": "billing_error",
    "Facture incompréhensible": "billing_error",
    "Rappel promis jamais passé": "promise_not_kept",
    "Rendez-vous technicien manqué": "appointment_missed",
    "Transferts sans fin entre services": "transferred_around",
    "Boutique sans pouvoir": "transferred_around",
    "Frais non annoncés": "hidden_fees",
    "Réponse toute faite du robot": "answer_unhelpful",
    "Remboursement tardif": "refund_late",
    "Technicien soigneux": "service_quality_poor",
}
"""Canonical categories of the records that have one: two themes hold two irritants each."""


def _irritants() -> list[Planted]:
    s, d, g, c = Stage, Dimension, Gap, NotValuedCode
    rows: list[tuple[object, ...]] = [
        ("Prélèvement en double", "Double direct debit", 9, s.PAY, d.RELIABILITY, g.DELIVERY, "Facturation", 9.0, (c.IGNORED,),
         ["J'ai été prélevée deux fois le même jour et personne ne rembourse.", "Deux fois 39 € en août, deux fois en septembre, on se fiche de moi.",
          "g u 2 prélèvement ce moi ci et aucune reponse", "Charged twice and told to wait ten working days, again."]),
        ("Rappel promis jamais passé", "Promised call-back never made", 8, s.SUPPORT, d.RESPONSIVENESS, g.DELIVERY, "Service client", 1.4, (c.BROKEN_PROMISE, c.IGNORED),
         ["On devait me rappeler mardi, puis jeudi, puis plus rien.", "Trois rappels promis, zéro reçu. À quoi bon laisser mon numéro ?",
          "Le conseiller jure qu'on rappelle, le téléphone ne sonne jamais.", "Promised a call twice, sat by the phone twice."]),
        ("Rendez-vous technicien manqué", "Missed technician visit", 8, s.DELIVER, d.RELIABILITY, g.DELIVERY, "Interventions", 1.0, (c.INDIFFERENCE,),
         ["Journée posée pour le technicien, il n'est jamais venu.", "Troisième rendez-vous manqué, mon patron s'impatiente.",
          "Le technicien note « client absent » alors que j'étais devant la porte.", "Engineer no-show, third Saturday lost."]),
        ("Transferts sans fin entre services", "Endless transfers between departments", 6, s.TRANSITION, d.EMPATHY, g.SPECIFICATION, "Service client", 1.0, (c.PASSED_AROUND, c.REPEAT_SELF),
         ["La boutique renvoie au téléphone, le téléphone à la boutique.", "Six personnes, six fois mon histoire depuis le début.",
          "Personne n'a le dossier de l'autre, je fais le facteur.", "Sales blame technical, technical blame sales, and I hold the line."]),
        ("Frais non annoncés", "Unannounced fees", 6, s.PAY, d.ASSURANCE, g.COMMUNICATION, "Marketing", 1.6, (c.DISRESPECT,),
         ["Mise en service gratuite sur l'affiche, 49 € sur la facture.", "Le prix a doublé au bout d'un an, c'était écrit nulle part.",
          "Frais de dossier surprise, le vendeur avait juré le contraire.", "Free activation, they said. The bill says otherwise."]),
        ("Débit inférieur à l'offre", "Speed below the advertised one", 6, s.USE, d.RELIABILITY, g.COMMUNICATION, "Réseau", 0.9, (),
         ["1 Gb/s promis, 80 Mb/s le soir, tous les soirs.", "La fibre rame plus que mon vieil ADSL.", "Visio impossible après 18 h alors que l'offre dit illimité.",
          "Advertised gigabit, delivered a trickle."]),
        ("Nouveaux clients mieux traités", "New customers get a better deal", 5, s.LOYALTY, d.EMPATHY, g.KNOWLEDGE, "Marketing", 1.0, (c.LOYALTY_UNREWARDED,),
         ["Douze ans chez vous et le voisin paie moitié moins en arrivant.", "La fidélité ne compte pour rien, il faut menacer de partir.",
          "Une remise pour les nouveaux, un sourire pour les anciens.", "Ten years in, and the newcomer gets my discount."]),
        ("Réponse toute faite du robot", "Scripted bot answer", 5, s.SUPPORT, d.EMPATHY, g.SPECIFICATION, "Digital", 12.0, (c.JUST_A_NUMBER, c.NOT_HEARD),
         ["Le robot me répond à côté et me souhaite une belle journée.", "Impossible de parler à un humain, même en tapant « conseiller ».",
          "Trois fois la même réponse copiée-collée, personne ne lit.", "A bot that thanks me for my patience is not an answer."]),
        ("Box livrée au mauvais endroit", "Router delivered to the wrong place", 4, s.DELIVER, d.RELIABILITY, g.DELIVERY, "Logistique", 0.5, (),
         ["Ma box est partie au point relais d'une autre ville.", "Colis déposé chez un voisin que je ne connais pas.", "Livraison annoncée, introuvable, puis annulée.",
          "My router toured three counties."]),
        ("Résiliation semée d'obstacles", "Obstacles to cancelling", 4, s.LEAVE, d.ASSURANCE, g.SPECIFICATION, "Service client", 1.0, (c.DISRESPECT, c.PASSED_AROUND),
         ["Il faut un courrier recommandé pour partir, un clic pour venir.", "On me passe trois services pour m'empêcher de résilier.",
          "Résiliation demandée en mars, toujours prélevé en juin.", "Leaving took five calls and a letter."]),
        ("Application qui déconnecte", "App that logs out", 3, s.USE, d.TANGIBLES, g.DELIVERY, "Digital", 1.2, (),
         ["L'appli me demande le mot de passe à chaque ouverture.", "Mise à jour, et depuis plus moyen de voir mes factures.", "L'application plante sur l'écran de paiement.",
          "The app forgets me every morning."]),
        ("Facture incompréhensible", "Bill nobody can read", 3, s.PAY, d.TANGIBLES, g.SPECIFICATION, "Facturation", 1.0, (),
         ["Quatre pages de lignes et pas un total clair.", "Des « ajustements » chaque mois, sans un mot d'explication.", "Ma facture, il faut un traducteur.",
          "Three credits, two charges, no sense."]),
        ("Ton méprisant au téléphone", "Contemptuous tone on the phone", 3, s.SUPPORT, d.ASSURANCE, g.DELIVERY, "Service client", 1.0, (c.DISRESPECT, c.NOT_HEARD),
         ["Elle m'a parlé comme à un enfant de cinq ans.", "« Vous n'avez qu'à lire le contrat », et elle raccroche.", "Ton moqueur quand j'ai dit mon âge.",
          "Sighed at me down the line."]),
        ("Remboursement tardif", "Late refund", 3, s.CLAIM, d.RESPONSIVENESS, g.DELIVERY, "Facturation", 0.4, (c.IGNORED,),
         ["Remboursement promis sous dix jours, j'attends depuis deux mois.", "Le dossier est « en cours » depuis le printemps.", "Avoir accepté, argent jamais vu.",
          "Eight weeks for forty euros."]),
        ("Boutique sans pouvoir", "Shop that cannot help", 2, s.BUY, d.EMPATHY, g.SPECIFICATION, "Réseau de boutiques", 1.0, (c.PASSED_AROUND,),
         ["En boutique on vend, mais on ne répare rien.", "Le vendeur n'a pas le droit d'ouvrir mon dossier.", "Une heure d'attente pour un numéro de téléphone.",
          "The shop sells, and shrugs."]),
        ("Portabilité ratée", "Failed number transfer", 2, s.TRANSITION, d.RELIABILITY, g.DELIVERY, "Mobile", 1.0, (),
         ["Mon numéro est resté coincé entre deux opérateurs dix jours.", "Ni l'ancien ni le nouveau ne savent où est ma ligne.", "Portabilité lancée deux fois, perdue deux fois.",
          "Ten days without a number."]),
        ("Accessibilité oubliée", "Accessibility forgotten", 1.2, s.SUPPORT, d.EMPATHY, g.KNOWLEDGE, "", 1.0, (c.NOT_HEARD,),
         ["Je suis sourd et l'on me demande d'appeler.", "Les gros caractères ont disparu de l'espace client.", "Le formulaire est illisible avec un lecteur d'écran.",
          "No text relay anywhere."]),
        ("", "", 1, s.UNKNOWN, None, None, "", 1.0, (), ["Le décodeur fait un bruit de machine à laver.", "Le décodeur chauffe comme un four.", "Ce boîtier siffle la nuit.", "The box hums."]),
    ]
    kept = []
    for number, (fr, en, weight, stage, dimension, gap, owner, swing, codes, quotes) in enumerate(rows):
        status = {"fr": "derived" if fr else "missing", "en": "category" if en else "missing"}
        told = tuple((("en" if i == 3 else "fr"), text) for i, text in enumerate(quotes))  # type: ignore[arg-type, var-annotated]  # rows of plain literals
        kept.append(Planted(_id("IRR", number), IrritantKind.IRRITANT, fr, en, weight, stage, dimension, gap, owner, told, codes, swing, status))  # type: ignore[arg-type]  # rows of plain literals
    return kept


def _others(kind: IrritantKind, rows: Sequence[tuple[str, str, float, Stage, str, str]]) -> list[Planted]:
    prefix = "STR" if kind is IrritantKind.STRENGTH else "SUG"
    return [
        Planted(_id(prefix, i), kind, fr, en, weight, stage, None, None, "", (("fr", one), ("fr", two)))
        for i, (fr, en, weight, stage, one, two) in enumerate(rows)
    ]


PLANTED = (
    *_irritants(),
    *_others(
        IrritantKind.STRENGTH,
        [
            ("Technicien soigneux", "Careful technician", 6, Stage.DELIVER, "Technicien aimable, ponctuel, il a même balayé.", "Raccordement propre, explications claires, bravo."),
            ("Conseillère à l'écoute", "Adviser who listens", 5, Stage.SUPPORT, "Enfin quelqu'un qui m'a écoutée jusqu'au bout.", "Elle a pris mon dossier à cœur et m'a rappelée elle-même."),
            ("Fibre stable", "Stable fibre", 4, Stage.USE, "Pas une coupure depuis un an.", "Le débit tient même le dimanche soir."),
            ("Souscription simple", "Easy sign-up", 3, Stage.BUY, "Commande en cinq minutes, sans piège.", "Tout était clair au moment de signer."),
            ("Application pratique", "Handy app", 2, Stage.USE, "Je suis ma conso en un geste.", "L'appli m'évite bien des appels."),
            ("Boutique accueillante", "Welcoming shop", 2, Stage.BUY, "Accueil chaleureux à la boutique de Rennes.", "On prend le temps de vous expliquer."),
            ("Prix juste", "Fair price", 2, Stage.CHOOSE, "Rapport qualité-prix imbattable.", "Un tarif honnête qui ne bouge pas."),
            ("Réparation rapide", "Fast repair", 1.5, Stage.SUPPORT, "Panne réglée dans l'heure.", "Box remplacée dès le lendemain."),
            ("Chat efficace", "Effective chat", 1.2, Stage.SUPPORT, "Une réponse utile en trois messages.", "Le tchat a tout réglé sans attente."),
            ("Itinérance généreuse", "Generous roaming", 0.8, Stage.USE, "En Italie, tout a marché sans frais.", "Un mois au Portugal comme à la maison."),
            ("Geste commercial spontané", "Unasked goodwill gesture", 0.6, Stage.LOYALTY, "Un mois offert sans que je demande, ça fait plaisir.", "On a reconnu l'erreur et on m'a remercié d'être resté."),
        ],
    ),
    *_others(
        IrritantKind.SUGGESTION,
        [
            ("Paiement à date choisie", "Choose the payment date", 3, Stage.PAY, "Laissez-nous choisir la date du prélèvement.", "Un prélèvement après la paie serait bienvenu."),
            ("Créneaux d'intervention le soir", "Evening visit slots", 3, Stage.DELIVER, "Proposez des rendez-vous après 18 heures.", "Un créneau le samedi matin aiderait ceux qui travaillent."),
            ("Suivi du dossier en ligne", "Follow a case online", 2, Stage.CLAIM, "Il faudrait suivre sa réclamation comme un colis.", "Un simple historique en ligne nous éviterait d'appeler."),
            ("Un seul interlocuteur", "One contact person", 2, Stage.SUPPORT, "Donnez-nous un conseiller attitré.", "Une seule personne par dossier, s'il vous plaît."),
            ("Facture d'une page", "One-page bill", 1.5, Stage.PAY, "Une facture en une page suffirait.", "Mettez le total en haut, en gros."),
            ("Offre senior", "Plan for seniors", 1, Stage.CHOOSE, "Pensez à une offre simple pour les anciens.", "Ma mère n'a besoin que d'appeler."),
            ("Contrôle parental par profil", "Parental control by profile", 1, Stage.USE, "Un contrôle parental par enfant serait utile.", "Des horaires différents pour chaque écran."),
            ("Recyclage des box", "Router recycling", 0.8, Stage.LEAVE, "Reprenez les vieilles box en boutique.", "Un point de collecte pour les décodeurs."),
            ("Alerte avant hors forfait", "Warning before overage", 0.8, Stage.USE, "Prévenez avant le dépassement, pas après.", "Une alerte à 80 % de la data."),
            ("Version sombre de l'appli", "Dark mode in the app", 0.5, Stage.USE, "Un mode sombre, merci pour mes yeux.", "L'appli éblouit la nuit."),
        ],
    ),
)

CONFIG = Config(
    project="ondelia-demo",
    response_seconds={"chat": 90.0},
    sources=(
        Source(name="chat", kind=SourceKind.CHAT, path="chat.json", fields=Fields.model_validate({"id": "id", "turns": {"path": "turns", "role": "role", "text": "text"}})),
        Source(name="avis", kind=SourceKind.REVIEW, path="avis.csv", fields=Fields(id="id", text="texte")),
        Source(
            name="enquete",
            kind=SourceKind.SURVEY,
            path="enquete.xlsx",
            fields=Fields.model_validate(
                {
                    "id": "id",
                    "questions": [{"field": "q1", "question": "Pourquoi cette note ?"}],
                    "expectation": {"reliability": "a"},
                    "perception": {"reliability": "p"},
                }
            ),
        ),
    ),
    journey=Journey(
        company="Ondélia",
        stages=(CustomStage(id="first_bill", label_fr="Première facture", label_en="First bill", maps_to=Stage.PAY, keywords=("facture",), moment_of_truth=True),),
        transitions=(Seam.model_validate({"id": "shop_to_phone", "from": "buy", "to": "support", "owner": "Service client"}),),
    ),
)

ENTRIES = [
    (Register.PRIORITIES, Entry(id="PRI-1", fr="Être livré à l'heure", owner="logistics")),
    (Register.STANDARDS, Entry(id="NOR-1", en="Calls are answered within three minutes", owner="customer_care", stage="support")),
    (Register.PROMISES, Entry(id="PRO-1", fr="Un conseiller vous rappelle sous 24 heures", en="An adviser calls you back within 24 hours", owner="marketing", source="site", date=date(2026, 1, 5), until=date(2027, 1, 5))),
    (Register.PROMISES, Entry(id="PRO-2", fr="Un arbre planté pour chaque forfait")),
]  # fmt: skip
"""Registers of the invented operator; a promise that nobody contradicts is among them."""
MATCHES = [
    Match(PLANTED[0].id, "promises", "PRO-1", 0.61, 0.44, MatchState.PROPOSED),
    Match(PLANTED[1].id, "standards", "NOR-1", 0.58, 0.44, MatchState.CONFIRMED, "Anne", datetime(2026, 10, 5, 9)),
    Match(PLANTED[1].id, "priorities", "PRI-1", 0.47, 0.44, MatchState.REFUSED, "Anne", datetime(2026, 10, 5, 9)),
    Match(PLANTED[2].id, "promises", "PRO-1", 0.40, 0.44, MatchState.NEAR),
]


def _waited(number: int) -> FirstResponse:
    """A minute or two for a person; now and then a robot first, nobody but a robot, nobody, no times, or clocks that disagree."""
    odd = number % 23
    if odd in (0, 1):
        return FirstResponse(Timing.BACKWARDS if odd else Timing.UNTIMED, person=True, robot=False)
    robot = 2.0 + number % 5 if odd in (2, 3, 4, 5) else None
    person = None if odd in (5, 6) else 40.0 + number * 37 % 101
    return FirstResponse(Timing.TIMED, person is not None, robot is not None, person, robot)


class InventedStore:
    """The reads of the store over lists. `extra` rows (verbatim, annotation, mentions) go beside the invented ones.

    Args:
        n: Verbatims of the year.
        runs: One or two runs.
        words: Replaces the words of every quote, to test what hostile words do.
    """

    def __init__(self, n: int = 1200, runs: int = 2, words: str = "") -> None:
        self.reads: list[str] = []
        self._verbatims: dict[str, Verbatim] = {}
        self._annotations: dict[str, Annotation] = {}
        self._all_mentions: list[Mention] = []
        self._scores: list[ScoreRow] = []
        chance = random.Random(7)
        for number in range(n):
            self._say(number, chance, words)
        exemplars: dict[str, list[Exemplar]] = {}
        for mention in sorted(self._all_mentions, key=lambda m: (-m.score, m.verbatim_id)):
            verbatim = self._verbatims[mention.verbatim_id]
            text = next(s.text for s in verbatim.segments if s.position == mention.position)
            exemplars.setdefault(mention.irritant_id, []).append(Exemplar(mention.verbatim_id, mention.position, text, verbatim.lang))
        self._irritants = [
            Irritant(p.id, p.kind, p.fr, p.en, p.status, THEMES.get(p.fr, ""), tuple(p.fr.lower().split()[:2] or ("décodeur", "bruit")), tuple(exemplars.get(p.id, [])[:3]), 0.6, 1, "run-0001", owner=p.owner)
            for p in sorted(PLANTED, key=lambda p: p.id)
        ]
        self._runs: list[Run] = []
        self._metrics: dict[str, list[Metric]] = {}
        self._gaps: dict[str, list[GapReading]] = {}
        for ordinal, as_of in enumerate((BEFORE, AS_OF) if runs == 2 else (AS_OF,), start=1):
            self._run(ordinal, as_of)

    # ---------------------------------------------------------------- the reads

    def runs(self) -> Sequence[Run]:
        self.reads.append("runs")
        return self._runs

    def irritants(self, kind: IrritantKind | None = None, active: bool = True) -> Sequence[Irritant]:
        return [one for one in self._irritants if kind in (None, one.kind) and (not active or one.status == "active")]

    def edits(self) -> Sequence[Edit]:
        """What a person decided after the second run, and what it bore."""
        if not self._irritants:
            return []
        first, second = PLANTED[0].id, PLANTED[1].id
        done = [
            ("rename", first, {"fr": PLANTED[0].fr, "en": PLANTED[0].en}),
            ("owner", first, {"owner": PLANTED[0].owner}),
            ("merge", second, {"into": first}),
            ("undo", second, {"edit": 3}),
            ("move", first, {"text": "rien à voir", "to": ""}),
        ]
        people = [Edit(self._runs[-1].started_at + timedelta(hours=1), "Anne Roux", "", *one, "vu en atelier", n) for n, one in enumerate(done, start=1)]
        born = Edit(self._runs[-1].started_at, "voc", self._runs[-1].id, "born", second, {"exemplars": 16}, "proposed by discovery", 6)
        return [*people, born, *self._acted()]

    def _acted(self) -> list[Edit]:
        """Two actions: one declared before and measured by the last run, one that expects nothing and is late."""
        before, on = self._runs[0].started_at - timedelta(days=1), PLANTED[1].id
        fall = Expected("verbatim_share", -0.3, True, date(2026, 7, 6), 12)
        plan = {"action": "ACT-AAAAAAAA", "what": "Rappel tenu par le même conseiller", "owner": "Service client", "due": "2026-07-01", "expected": written(fall)}
        other = {"action": "ACT-BBBBBBBB", "what": "Nouvel agenda", "owner": "", "due": "2026-07-01", "declared": "2026-05-04", "register": "actions.yaml"}
        measured = Measured("cannot_tell", -0.2, -0.5, 0.3, True, -0.3, "wide", 6.1, 4.8, 61, 30, 40, date(2026, 9, 27))
        action = replay_loops([Edit(before, "Anne Roux", "", "plan", on, plan)], (), str)[0][on].actions[0]
        lines = [("cause", on, {"what": "Les rappels changent de main", "found_by": "Karim"}), ("plan", on, plan), ("plan", PLANTED[2].id, other)]
        people = [Edit(before, "Anne Roux", "", *line, "", n) for n, line in enumerate(lines, start=7)]
        return [*people, Edit(self._runs[-1].started_at, "voc", self._runs[-1].id, "measured", on, measured_payload(action, measured), "computed from the data", 10)]

    def mentions(self, run_id: str) -> Sequence[Mention]:
        until = next(run.as_of for run in self._runs if run.id == run_id)
        assert until is not None
        return [m for m in self._all_mentions if (day := self._verbatims[m.verbatim_id].date) is None or day.date() <= until]

    def entries(self, run_id: str) -> Sequence[tuple[Register, Entry]]:
        return ENTRIES if self._irritants else []

    def matches(self, run_id: str) -> Sequence[Match]:
        return MATCHES if self._irritants else []

    def gaps(self, run_id: str) -> Sequence[GapReading]:
        return self._gaps[run_id]

    def metrics(self, run_id: str, scope: str | None = None) -> Sequence[Metric]:
        return [metric for metric in self._metrics[run_id] if scope in (None, metric.scope)]

    def verbatims(self, *, ids: Collection[str] | None = None) -> Iterator[Verbatim]:
        return (self._verbatims[key] for key in sorted(self._verbatims if ids is None else ids) if key in self._verbatims)

    def annotations(self, model_version: str, since: date | None = None, until: date | None = None, ids: Collection[str] | None = None) -> Iterator[Annotation]:
        for key in sorted(self._annotations if ids is None else ids):
            day = self._verbatims[key].date
            if day is None or ((since is None or since <= day.date()) and (until is None or day.date() <= until)):
                yield self._annotations[key]

    def rename(self, irritant_id: str, **changes: object) -> None:
        """Changes a record, as a person would."""
        self._irritants = [replace(one, **changes) if one.id == irritant_id else one for one in self._irritants]  # type: ignore[arg-type]  # the changes are names of fields with values of their types

    # ---------------------------------------------------------------- the invention

    def _say(self, number: int, chance: random.Random, words: str) -> None:
        key = hashlib.sha256(f"verbatim {number}".encode()).hexdigest()[:32]
        kind = chance.choices((SourceKind.CHAT, SourceKind.REVIEW, SourceKind.SURVEY), (4, 4, 3))[0]
        moment = datetime(2025, 11, 1, 9, tzinfo=UTC) + timedelta(days=chance.randrange(365), minutes=chance.randrange(500))
        late = moment.month == 10 and moment.year == 2026
        mood = chance.choices(("irritant", "strength", "suggestion", "none"), (50, 24, 10, 16))[0]
        pool = [p for p in PLANTED if p.kind == mood]
        told = []
        if pool:
            weights = [p.weight * (p.swing if late else 1.0) for p in pool]
            told = chance.choices(pool, weights)
            if mood == "irritant" and chance.random() < 0.3:
                other = chance.choices(pool, weights)[0]
                told += [other] if other is not told[0] else []
        lang = chance.choices(("fr", "en"), (8, 2))[0] if mood == "irritant" else "fr"
        lines = [words or chance.choice([text for of, text in p.quotes if of == lang] or [p.quotes[0][1]]) for p in told] or [chance.choice(("RAS", "ok", "Bonjour, à quelle heure ouvre la boutique ?", "bof"))]
        opener = "" if chance.random() < 0.4 or words else chance.choice(("Bonjour.", f"Client depuis {chance.randrange(1, 20)} ans.", "Je vous écris encore.", f"Dossier ouvert il y a {chance.randrange(2, 60)} jours."))
        pieces = ([opener] if opener and told else []) + lines
        customer = f"{chance.randrange(420):032x}" if chance.random() < 0.85 else ""
        text, segments = "", []
        for position, piece in enumerate(pieces):
            head = ("client: " if kind is SourceKind.CHAT else "") if not text else ("\nagent: Je regarde cela.\nclient: " if kind is SourceKind.CHAT else " ")
            text += head
            segments.append(Segment(position, len(text), len(text) + len(piece), piece, Role.CUSTOMER))
            text += piece
        first = len(pieces) - len(lines)
        negative = mood == "irritant"
        scores: dict[str, float] = {}
        if kind is SourceKind.SURVEY:
            low = negative and any(p.weight > 4 for p in told)
            scores["nps"] = float(chance.choice((0, 1, 2, 3, 5) if low else (4, 5, 6, 7) if negative else (8, 9, 9, 10) if mood == "strength" else (6, 7, 8)))
            scores["csat"] = float(min(5, max(1, round(scores["nps"] / 2))))
        if kind is SourceKind.REVIEW:
            scores["stars"] = float(chance.choice((1, 1, 2, 3) if negative else (4, 5, 5) if mood == "strength" else (3, 4)))
        verbatim = Verbatim(
            id=key, source={"chat": "chat", "review": "avis", "survey": "enquete"}[kind], row_id=f"L{number:05d}", position=number + 1, kind=kind, channel=str(kind), lang=lang,
            text=text, text_key=key, question="", date=moment if chance.random() > 0.02 else None, customer=customer, respondent=key if kind is SourceKind.SURVEY else "",
            scores=scores, attributes={"region": chance.choice(REGIONS), "plan": chance.choices(PLANS, (5, 4, 3, 0.4))[0]}, segments=tuple(segments), response=_waited(number) if kind is SourceKind.CHAT else None,
        )  # fmt: skip
        if kind is SourceKind.SURVEY and chance.random() < 0.7:
            for dimension, shift in zip(Dimension, (-0.2, -1.6, -1.9, -0.5, -1.1), strict=True):
                expected = chance.choice((5, 6, 6, 7, 7))
                perceived = min(7.0, max(1.0, round(expected + shift + chance.gauss(0, 0.9))))
                self._scores.append(ScoreRow("enquete", key, customer, verbatim.date, f"expectation.{dimension}", float(expected)))
                self._scores.append(ScoreRow("enquete", key, customer, verbatim.date, f"perception.{dimension}", perceived))
        codes = tuple(sorted({code for p in told for code in p.codes if chance.random() < 0.5}))
        stage = told[0].stage if told else Stage.UNKNOWN
        gap = told[0].gap if told else None
        dimension = told[0].dimension if told else None
        sentiment = {"irritant": Sentiment.NEGATIVE, "strength": Sentiment.POSITIVE, "suggestion": Sentiment.NEUTRAL, "none": Sentiment.NEUTRAL}[mood]
        if negative and chance.random() < 0.08:
            sentiment = Sentiment.MIXED
        answers, passages = [], []
        for segment in segments:
            p = told[segment.position - first] if told and segment.position >= first else None
            painful = p is not None and negative
            answers.append(
                SegmentAnnotation(
                    position=segment.position, sentiment=Sentiment.NEGATIVE if painful else Sentiment.NEUTRAL, p_negative=0.9 if painful else 0.1, p_positive=0.9 if mood == "strength" else 0.05,
                    p_not_valued=0.8 if painful and codes else 0.1, p_suggestion=0.1, theme="long_wait" if p else "", p_theme=0.8 if p else 0.0, stage=p.stage if p else Stage.UNKNOWN, p_stage=0.7,
                    dimension=p.dimension if p else None, p_dimension=0.6, gap_cue=p.gap if p and chance.random() < 0.8 else (chance.choice(list(Gap)) if painful and p and p.gap else None), p_gap_cue=0.6,
                )
            )  # fmt: skip
            if p is not None:
                passages.append(Passage((segment.position,), p.stage, answers[-1].dimension, answers[-1].gap_cue, "", 0.8))
                self._all_mentions.append(Mention(key, segment.position, p.id, round(0.6 + 0.39 * chance.random(), 4)))
            elif chance.random() < 0.05:
                self._all_mentions.append(Mention(key, segment.position, PLANTED[0].id, 0.41, fallback=True))
        self._verbatims[key] = verbatim
        self._annotations[key] = Annotation(
            verbatim_id=key, sentiment=sentiment, p_sentiment={str(sentiment): 0.8}, not_valued=bool(codes), p_not_valued=round(0.5 + 0.5 * chance.random(), 3) if codes else 0.1,
            not_valued_codes=codes, intensity=2 if codes else 0, valued=mood == "strength" and chance.random() < 0.3, stage=stage, p_stage={str(stage): 0.7}, dimension=dimension,
            p_dimension={}, gap_cue=gap, p_gap_cue={}, passages=tuple(passages), abstained=(), segments=tuple(answers), model_version=MODEL,
        )  # fmt: skip

    def _run(self, ordinal: int, as_of: date) -> None:
        start = as_of - timedelta(days=364)
        run = Run(f"run-{ordinal:04d}", ordinal, CONFIG.project, "c", "r", "f", MODEL, None, as_of, as_of, start, "done", datetime(2026, 11, 2, tzinfo=UTC))
        self._runs.append(run)
        inside = {key: v for key, v in self._verbatims.items() if v.date is None or start <= v.date.date() <= as_of}
        assert isinstance(CONFIG.journey, Journey)
        voices = voices_of(inside, self._annotations, CONFIG.journey)
        tellings = tellings_of(self._all_mentions, inside, self._annotations, CONFIG.journey)
        kinds = {p.id: p.kind for p in PLANTED}
        before = self._metrics.get("run-0001", [])
        metrics = prioritise.measure(voices, tellings, CONFIG.priority, as_of, kinds, before, moments=[own.id for own in CONFIG.journey.stages if own.moment_of_truth],
                                     themes={p.id: THEMES.get(p.fr, "") for p in PLANTED}, owners={p.id: p.owner for p in PLANTED})  # fmt: skip
        metrics += servqual.gap5(self._scores) + prioritise.coverage(900, 760, 40)
        metrics += told_figures(inside, self._annotations, voices, tellings, self._scores, CONFIG, as_of, kinds)
        n = len(voices)
        counts = {"received": n + 41, "analysed": n, "duplicate": 22, "rejected": 9, "quarantined": 10, "duplicate.exact_duplicate": 15, "duplicate.near_duplicate": 7,
                  "rejected.empty": 7, "rejected.language": 2, "quarantined.bad_date": 6, "quarantined.id_conflict": 4, "known": 0, "replaced": 3}  # fmt: skip
        metrics += [Metric("run", "", f"count.{name}", float(value)) for name, value in counts.items()]
        metrics += [Metric("quality", f"{head}_{name}", "value", value, value - 0.04, value + 0.04, 412, {"set": "voc-eval"}) for head, name, value in
                    (("sentiment", "macro_f1", 0.74), ("not_valued", "f1", 0.71), ("not_valued", "average_precision", 0.78), ("stage", "macro_f1", 0.62), ("dimension", "macro_f1", 0.55), ("gap_cue", "macro_f1", 0.49))]  # fmt: skip
        if inside:
            self.audited = read_by(("Anne", "Karim"), list(inside.values()), {key: self._annotations[key] for key in inside}, run.id)
            metrics += audit_figures(self.audited, MODEL, [self._annotations[key] for key in inside], {key: v.customer for key, v in inside.items()}, replicates=40)
            metrics += group_figures(self.audited, MODEL, metrics, replicates=40)
        loose = [(m.verbatim_id, m.position) for m in self._all_mentions if m.fallback and m.verbatim_id in inside][:6]
        told = [(m.verbatim_id, m.position) for m in self._all_mentions if m.irritant_id == PLANTED[0].id and m.verbatim_id in inside][:3]
        metrics += [Metric("remainder", f"{n:02d}", "size", 9.0 - n, n=100, detail={"quotes": [list(place)], "nearest": PLANTED[n].id, "nearest_score": 0.4}) for n, place in enumerate(loose or told, start=1)]
        metrics += [Metric("remainder", "", "growth", 0.04, n=900, detail={"p_value": 0.01, "warning": True, "before": 0.11, "previous_run": "run-0001"})]
        metrics += [Metric("drift", PLANTED[0].id, "effect", 0.41, n=90, detail={"q_value": 0.01, "flagged": True, "recent": 0.52, "earlier": 0.61, "n_recent": 20, "n_earlier": 70, "examples": [list(place) for place in told]})]
        metrics += maturity_figures(voices, tellings, kinds, ["chat", "review", "survey", "shop"], {voice.verbatim_id: True for voice in voices if voice.channel == "chat"}, {})
        metrics += response_figures(voices, {key: v.response for key, v in inside.items() if v.kind is SourceKind.CHAT}, CONFIG.response_seconds)
        metrics += health_figures([Standing(p.id, p.owner, as_of) for p in PLANTED if p.kind is IrritantKind.IRRITANT], replay_loops(self._acted(), (), str)[0], as_of)
        self._metrics[run.id] = metrics
        customers = {key: v.customer for key, v in inside.items()}
        spreads = servqual.dispersions(voices, [t for t in tellings if kinds[t.irritant_id] is IrritantKind.IRRITANT])
        held = Documents(tuple(self.entries(run.id)), tuple(self.matches(run.id)), frozenset(kinds), tuple(Register), tuple(spreads), {PLANTED[2].id: servqual.Confirmation(Gap.DELIVERY, "Anne", PLANTED[2].owner)})
        metrics += document_metrics(held, voices, tellings)
        grounds = held.grounds()
        self._gaps[run.id] = [servqual.read_gap(p.id, [t for t in tellings if t.irritant_id == p.id], customers, grounds[p.id]) for p in PLANTED if p.kind is IrritantKind.IRRITANT]
