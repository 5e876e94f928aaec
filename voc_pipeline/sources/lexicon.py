"""Words that columns and roles are called by, French and English, as patterns over folded names (see `values.fold`)."""

from __future__ import annotations

from collections.abc import Mapping

from voc_pipeline.schema import Dimension

ID = r"(id|identifiant|ref|reference|numero|num|no|n|key|uuid|guid|code|respondent|repondant|reponse id|response id|review id|ticket)"
CUSTOMER = r"\b(customer|client|clients|user|member|account|compte|abonne|adherent|contact|subscriber|buyer|acheteur|utilisateur|membre)\b"
CONVERSATION = r"\b(conversation|thread|chat|session|ticket|dialog|dialogue|case|discussion)\b"
TEXT = (
    r"\b(text|texte|verbatim|verbatims|comment|comments|commentaire|commentaires|avis|review|reviews|body|message|"
    r"messages|content|contenu|feedback|reponse libre|answer|description|remarque|remarques|libre|opinion|"
    r"temoignage|retour)\b"
)
TITLE = r"\b(title|titre|subject|objet|headline|summary|sujet|resume)\b"
DATE = (
    r"\b(date|time|timestamp|created|cree|creation|at|on|jour|day|horodatage|heure|published|publie|publication|"
    r"submitted|soumis|le|sent|envoye|started|debut)\b"
)
STARS = r"\b(stars|star|etoile|etoiles|rating|note|notation|score|evaluation|rate)\b"
NPS = r"\b(nps|recommand\w*|recommend\w*|promoter|promoteur)\b"
CSAT = r"\b(csat|satisfaction|satisfait|satisfied|sat)\b"
CES = r"\b(ces|effort|facilite|ease)\b"
CHANNEL = r"\b(channel|canal|touchpoint|origine|provenance)\b"
LANG = r"\b(lang|langue|language|locale)\b"
ROLE = r"\b(role|author type|sender type|type auteur|type|from|sender|author|auteur|emetteur|expediteur|speaker|locuteur|who|qui|direction|sens)\b"
PERSONAL = (
    r"\b(nom|prenom|name|firstname|lastname|surname|mail|email|e mail|courriel|phone|tel|telephone|mobile number|"
    r"portable|adresse|address|iban|ip|naissance|birth|birthday|pseudo|username|login|agent|conseiller|vendeur)\b"
)
TURNS = r"\b(turns|messages|tours|echanges|transcript|history|lines|events|dialog|dialogue|conversation)\b"
QUESTION = r"(^q\d+\b|\b(pourquoi|why|what|que|quoi|how|question|raison|reason|ameliorer|improve|suggestion|suggestions|autre|other)\b)"
CUSTOMER_ROLES = frozenset({
    "customer", "client", "visitor", "user", "visiteur", "utilisateur", "end user", "consumer", "abonne", "requester",
    "demandeur", "in", "incoming", "entrant", "inbound", "contact", "guest", "lead", "member", "adherent", "usager",
})  # fmt: skip
AGENT_ROLES = frozenset({
    "agent", "bot", "conseiller", "conseillere", "operator", "operateur", "assistant", "system", "systeme", "admin",
    "support", "advisor", "adviser", "employee", "staff", "out", "outgoing", "sortant", "outbound", "robot", "chatbot",
    "vendeur", "teleconseiller", "rep",
})  # fmt: skip
DIMENSIONS: Mapping[Dimension, str] = {
    Dimension.TANGIBLES: r"(tangib|materiel|apparence)",
    Dimension.RELIABILITY: r"(fiab|reliab)",
    Dimension.RESPONSIVENESS: r"(reactiv|responsiv|rapidite|serviabil|empressement)",
    Dimension.ASSURANCE: r"(assurance|confiance|assur)",
    Dimension.EMPATHY: r"(empath|attention|ecoute|personnalis)",
}
EXPECTED = r"(\b(e|exp|att|expected|expectation|expectations|attente|attentes|attendu|ideal|souhaite)\b)"
PERCEIVED = r"(\b(p|perc|per|perceived|perception|perceptions|percu|percue|vecu|ressenti)\b)"
WEIGHTED = r"(\b(w|weight|poids|importance|points)\b)"
