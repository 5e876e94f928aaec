"""Words shown to people for the codebook's labels, in French and English: dictionaries only, `<LABELS>[key][lang]`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from voc_pipeline.schema import Dimension, Gap, NotValuedCode, Sentiment, Stage

Wording = Mapping[str, str]
"""Language (`fr`, `en`) to words."""

STAGE_LABELS: Mapping[str, Wording] = MappingProxyType(
    {
        Stage.DISCOVER: {"fr": "Découverte", "en": "Discovery"},
        Stage.CHOOSE: {"fr": "Choix et devis", "en": "Choice and quote"},
        Stage.BUY: {"fr": "Achat et souscription", "en": "Purchase and sign-up"},
        Stage.DELIVER: {"fr": "Livraison et installation", "en": "Delivery and installation"},
        Stage.USE: {"fr": "Usage", "en": "Use"},
        Stage.PAY: {"fr": "Facture et paiement", "en": "Billing and payment"},
        Stage.SUPPORT: {"fr": "Aide et assistance", "en": "Help and support"},
        Stage.CLAIM: {"fr": "Réclamation et retour", "en": "Claim and return"},
        Stage.LOYALTY: {"fr": "Fidélité et renouvellement", "en": "Loyalty and renewal"},
        Stage.LEAVE: {"fr": "Départ", "en": "Leaving"},
        Stage.TRANSITION: {"fr": "Interstice", "en": "Between stages"},
        Stage.UNKNOWN: {"fr": "Indéterminé", "en": "Unknown"},
    }
)

SENTIMENT_LABELS: Mapping[str, Wording] = MappingProxyType(
    {
        Sentiment.NEGATIVE: {"fr": "Négatif", "en": "Negative"},
        Sentiment.NEUTRAL: {"fr": "Neutre", "en": "Neutral"},
        Sentiment.POSITIVE: {"fr": "Positif", "en": "Positive"},
        Sentiment.MIXED: {"fr": "Partagé", "en": "Mixed"},
    }
)

GAP_LABELS: Mapping[int, Wording] = MappingProxyType(
    {
        Gap.KNOWLEDGE: {"fr": "Écart 1 · écoute : le besoin n'est pas connu", "en": "Gap 1 · knowledge: the need is not known"},
        Gap.SPECIFICATION: {
            "fr": "Écart 2 · conception : la règle elle-même crée le problème",
            "en": "Gap 2 · design: the rule itself makes the problem",
        },
        Gap.DELIVERY: {
            "fr": "Écart 3 · exécution : la norme existe, elle n'est pas tenue",
            "en": "Gap 3 · delivery: the standard exists, it is not kept",
        },
        Gap.COMMUNICATION: {
            "fr": "Écart 4 · promesse : ce qui est annoncé n'est pas ce qui est vécu",
            "en": "Gap 4 · promise: what is said is not what is lived",
        },
    }
)

GAP_NAMES: Mapping[int, Wording] = MappingProxyType(
    {
        Gap.KNOWLEDGE: {"fr": "Écoute", "en": "Knowledge"},
        Gap.SPECIFICATION: {"fr": "Conception", "en": "Design"},
        Gap.DELIVERY: {"fr": "Exécution", "en": "Delivery"},
        Gap.COMMUNICATION: {"fr": "Promesse", "en": "Promise"},
    }
)
"""Short names, for table heads and charts."""

REFUTING_QUESTIONS: Mapping[int, Wording] = MappingProxyType(
    {
        Gap.KNOWLEDGE: {
            "fr": "Une étude, un test ou une remontée interne traite-t-elle déjà de ce besoin ? "
            "Si oui, le besoin est connu : ce n'est pas un écart 1.",
            "en": "Does any study, test or internal report already cover this need? If so the need is known: this is not gap 1.",
        },
        Gap.SPECIFICATION: {
            "fr": "Si chacun appliquait parfaitement la procédure écrite, le client vivrait-il encore ce problème ? "
            "Si non, ou si certains sites ou agents y échappent, ce n'est pas un écart 2.",
            "en": "If everyone followed the written procedure perfectly, would the customer still meet this problem? "
            "If not, or if some sites or agents escape it, this is not gap 2.",
        },
        Gap.DELIVERY: {
            "fr": "Existe-t-il une norme écrite (délai, geste, rappel) que ces cas enfreignent et qui est tenue ailleurs ? "
            "Si elle n'existe pas, ou si elle a été respectée, ce n'est pas un écart 3.",
            "en": "Is there a written standard (delay, gesture, call-back) that these cases break and that is kept elsewhere? "
            "If there is none, or if it was met, this is not gap 3.",
        },
        Gap.COMMUNICATION: {
            "fr": "Quel texte (publicité, site, contrat, devis, argument de vente) a fait cette promesse ? "
            "S'il n'en existe aucun, ou s'il disait déjà ce qui a été vécu, ce n'est pas un écart 4.",
            "en": "Which text (advert, site, contract, quote, sales pitch) made this promise? "
            "If there is none, or if it already said what was lived, this is not gap 4.",
        },
    }
)
"""The question whose answer would refute the reading of a gap (codebook 3.3, documents and dispersion)."""

DIMENSION_LABELS: Mapping[str, Wording] = MappingProxyType(
    {
        Dimension.TANGIBLES: {"fr": "Éléments tangibles", "en": "Tangibles"},
        Dimension.RELIABILITY: {"fr": "Fiabilité", "en": "Reliability"},
        Dimension.RESPONSIVENESS: {"fr": "Réactivité", "en": "Responsiveness"},
        Dimension.ASSURANCE: {"fr": "Assurance", "en": "Assurance"},
        Dimension.EMPATHY: {"fr": "Empathie", "en": "Empathy"},
    }
)

CODE_LABELS: Mapping[str, Wording] = MappingProxyType(
    {
        NotValuedCode.NOT_HEARD: {"fr": "Pas écouté", "en": "Not heard"},
        NotValuedCode.JUST_A_NUMBER: {"fr": "Un numéro parmi d'autres", "en": "Just a number"},
        NotValuedCode.LOYALTY_UNREWARDED: {"fr": "Fidélité ignorée", "en": "Loyalty unrewarded"},
        NotValuedCode.DISRESPECT: {"fr": "Manque de respect", "en": "Disrespect"},
        NotValuedCode.INDIFFERENCE: {"fr": "Indifférence", "en": "Indifference"},
        NotValuedCode.IGNORED: {"fr": "Sans réponse", "en": "Ignored"},
        NotValuedCode.REPEAT_SELF: {"fr": "Obligé de se répéter", "en": "Made to repeat"},
        NotValuedCode.PASSED_AROUND: {"fr": "Renvoyé de service en service", "en": "Passed around"},
        NotValuedCode.BROKEN_PROMISE: {"fr": "Promesse personnelle non tenue", "en": "Broken promise"},
    }
)
