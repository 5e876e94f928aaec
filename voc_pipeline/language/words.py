"""Word lists of the language room. French first, English beside it."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# Before a full stop these do not end a sentence, whatever follows.
TITLES = frozenset(
    """
    m mm mr mrs ms mme mmes mlle mlles dr drs pr prof st ste sts me mgr sr jr n no nos n° nº ex p pp pg art fig cf al vs av bd bld blvd rte imp all chap vol ed éd env approx
    c-à-d c.-à-d e.g i.e p.ex par.ex viz resp réf ref tél tel port appt apt bât bat étg arr dpt dép
    """.split()
)
# These end one only before a capital letter.
CLOSING_ABBREVIATIONS = frozenset(
    "etc ect cie co inc ltd corp sa s.a sarl a.m p.m am pm h min mn sec s km kg g m² go mo to ko € ttc ht svp stp nb max mini maxi dept tt u.s u.k p.s r.a.s".split()
)
ABBREVIATIONS = CLOSING_ABBREVIATIONS | frozenset(
    "qq qqn qqch bcp tjrs tjs pb rdv janv févr fevr avr juil sept oct nov déc dec lun mar mer jeu ven sam dim jan feb apr aug mon tue wed thu fri sun ave rd".split()
)

# Words that open a clause after a full stop typed without a blank.
OPENERS = frozenset(
    """
    le la les un une des du l d j c il elle on nous vous ils elles je tu ça ca cela ce cette ces et mais ou donc car puis alors ensuite enfin bref si quand comme pour par
    sans avec dans en au aux à de mon ma mes son sa ses notre nos votre vos leur leurs très trop pas plus aucun aucune bonjour merci super bon bonne aussi après apres même
    depuis pourtant cependant toujours jamais tout toute tous toutes rien surtout malgré franchement dommage impossible suite qui que quel quelle ne n qu
    the a an i we you he she it they this that these those and but or so then my our your their his her its very too not no never also after even when if while because please
    thanks thank still just there what which who how why
    """.split()
)

# French words that drop their vowel before another.
ELIDED = frozenset("c d j l m n s t qu jusqu lorsqu puisqu quoiqu quelqu".split())

# After these an emoji stands for a word.
FACE_HOLDERS = frozenset("j l d le la les un une des de du mon ma mes i the a an my".split())

# Words that often start a sentence in French typed without marks, and words after which they do not.
FRENCH_RESTARTS = frozenset(
    "je j' j il elle ils elles on nous vous c' ce cela ça ca jai cest merci bonjour bref franchement aucun aucune impossible jamais personne rien très tres dommage résultat ensuite donc".split()
)
FRENCH_HOLDERS = frozenset(
    """
    que qu' qui dont où ou si quand lorsque lorsqu' comme car parce puisque puisqu' mais et ni ne n' se s' je j' tu il elle on nous vous ils elles le la les l' me m' te t' lui leur y en
    de d' du des à a au aux pour par sans avec dans sur sous chez entre vers avant après depuis pendant est sont était suis ai as ont avons avez très trop plus moins pas ce cette ces un une , - :
    """.split()
)

# Places in a long stretch of English where a new sentence may start.
ENGLISH_RESTARTS = re.compile(
    r"(?<=\s)(?:(?:and|but|so|then|because|however|also|plus)\s+(?:then\s+)?(?:i|we|he|she|they|it|you|there|this|that|the|my|when|after|now|nobody|no\s+one)\b"
    r"|(?:i|we|he|she|they|it)(?:['’](?:m|ve|d|ll|s|re)|\s+(?:am|was|were|have|had|has|will|would|could|called|asked|tried|told|said|got|went|waited|ordered|paid|bought|love|hate|want|need|never|still|just|don['’]?t|didn['’]?t|can['’]?t|won['’]?t))\b"
    r"|(?:however|then|after\s+that|nobody|no\s+one|there\s+(?:is|was|were|are)|please|thanks|avoid|never\s+again)\b)",
    re.IGNORECASE,
)

_FRENCH = """
au aux avec ce ces cet cette ceci cela ça celui celle ceux celles chaque chacun chacune ci comme comment dans de des du d donc dont elle elles en encore entre est et étaient étais
était étant été êtes étiez étions eu eue eues eurent eus eusse eut eux fus fut furent fusse fût ici il ils j je jusqu jusque l la là le les leur leurs lors lorsque lorsqu lui m ma
mais me même mêmes mes mien mienne miens miennes moi mon n ne ni nos notre nous nôtre nôtres on ont or ou où par parce pas pendant plus plusieurs plutôt point pour pourquoi puis
puisque puisqu qu quand quant que quel quelle quelles quels quelque quelques qui quoi quoique s sa sans sauf se selon ses seulement si sien sienne siens siennes soi sois soit
soient serai serais serait seraient sera seras seront serez serons soyez soyons suis sommes es sont sous sur t ta tandis tant te tel telle telles tels tes toi ton tous tout toute
toutes très trop tu un une vers via voici voilà vos votre vous vôtre vôtres y a ai aie aient aies ait as aura aurai auraient aurais aurait auras aurez auriez aurions aurons auront
avaient avais avait avant avez aviez avions avoir avons ayant ayez ayons être étante fait faire fais font faisait faites fasse faut faudrait fallait peut peux peuvent pouvez pouvoir
pu pouvait pourrait va vais vas vont allez allait aller vient viens veux veut voulez doit dois devez doivent dit dis afin ailleurs ainsi alors après assez aucun aucune aucuns aussi
aussitôt autant autre autres autrement auprès beaucoup bien bon bref car certes certain certaine certains certaines cependant chez contre d'abord dehors déjà depuis derrière dès desquels
desquelles dessus dessous devant durant également enfin ensuite envers environ hors jamais juste lequel laquelle lesquels lesquelles auquel auxquels auxquelles duquel là-bas loin longtemps
maintenant malgré mieux moins moment néanmoins non notamment oui ouais parfois parmi partout peu peut-être pourtant près presque quasi quasiment rien sinon soudain souvent surtout
tellement toujours toutefois trois deux quatre cinq six sept huit neuf dix cent mille vraiment voire franchement simplement absolument actuellement apparemment évidemment finalement
heureusement malheureusement normalement personnellement pratiquement uniquement totalement complètement carrément clairement
aujourd'hui hier demain bonjour bonsoir salut merci cordialement madame monsieur mme mr svp stp etc quelqu'un quelqu personne chose choses fois
jai cest ya pk pq pcq tjrs tjs bcp slt bjr bsr svp stp dsl mdr ptdr lol qd qqn qqch tt ts ds pr ac vs ms ke koi kom pcke dc jvais jsuis chui chuis jsp nn ouai bah ben euh hein ok
"""
_ENGLISH = """
a about above after again against ain all almost also although always am among an and another any anyone anything anyway are aren't around as at back be became because been before
behind being below between both but by can can't cannot could couldn't did didn't do does doesn't doing don't done down during each either else enough even ever every everyone
everything few for from further get gets getting go goes going gone got gotten had hadn't has hasn't have haven't having he he'd he'll he's her here here's hers herself him himself
his how however i i'd i'll i'm i've if in instead into is isn't it it's its itself just keep know least less let let's like lot lots made make makes many may maybe me might mine more most
much must my myself need neither never no nobody none nor not nothing now of off often on once one only onto or other others our ours ourselves out over own perhaps please put quite
rather really said same say says see seem seems several shall she she's should shouldn't since so some someone something sometimes somewhere still such take than thank thanks that
that's the their theirs them themselves then there there's these they they'd they'll they're they've thing things this those though through thus to together too toward towards two
three try tried under until up upon us use used using very via want wants was wasn't way we we'd we'll we're we've well went were weren't what what's whatever when where whether which
while who whole whom whose why will with within without won't would wouldn't yes yet you you'd you'll you're you've your yours yourself hi hello hey dear sir madam ok okay pls plz
im ive dont didnt cant wont isnt wasnt doesnt couldnt thats theres u ur today yesterday tomorrow basically actually literally totally absolutely completely simply definitely
"""
STOP_WORDS = {"fr": frozenset(_FRENCH.split()), "en": frozenset(_ENGLISH.split())}

# Opinion and service words that mark a short text as French or English by themselves, however their letters look elsewhere.
TELLING = {
    "fr": frozenset(
        """
        nul nuls nulle nulles ras r.a.s bof bien moyen moyenne moyens parfait parfaite super top génial géniale genial excellent excellente correct correcte satisfait satisfaite satisfaisant déçu déçue decu decue
        décevant decevant mauvais mauvaise médiocre mediocre lamentable lamentables honteux honteuse scandaleux inadmissible inacceptable catastrophique horrible cher chère chere chers trop
        rapide rapides lent lente lents long longue attente livraison accueil prix qualité qualite service client clients clientèle colis commande commandé remboursement facture appli forfait réseau
        reseau conseiller conseillère conseillers magasin vendeur vendeuse personnel sympa sympathique agréable agreable efficace pratique simple facile compliqué complique recommande
        arnaque voleurs escroc escrocs fuir éviter eviter dommage bravo félicitations continuez chapeau impeccable nickel niquel rien néant neant aucun aucune idem voir sans avis pareil
        oui non peut-être jamais toujours panne débit debit connexion ligne téléphone telephone boutique technicien rdv rendez-vous garantie reçu recu perdu cassé casse cassée abîmé abime manque
        foutage gueule minable pourri pourrie naze zéro zero pointé pire horrible honte mdr ptdr nickel tip-top mouais ouais beurk pff pfff bah beau belle joli jolie gentil gentille content contente contents
        ravi ravie merci mercii svp slt bjr cdt déçus ravis parfaits produit produits commande conforme arrivé arrivée arrive livré livrée livre suivi emballage soigné soignée horaires horaire fermé
        """.split()
    ),
    "en": frozenset(
        """
        meh great good bad poor useless awful terrible rubbish worst best better nice fine amazing awesome brilliant disappointing disappointed shocking appalling disgusting rude friendly helpful unhelpful
        slow fast quick quickly easy cheap expensive overpriced delivery delayed late refund staff service customer support order ordered package parcel broken works working worked never nothing none
        everything avoid scam love loved hate hated happy unhappy satisfied unsatisfied recommend recommended quality price prices value money lovely fantastic pathetic joke nope yep yeah nah
        thanks thank thx cheers perfect excellent ok okay n/a waste time phone app website store shop queue waiting wait still stolen lost bill billing again bro lol wtf smh ugh yikes cool wow
        crap garbage trash stuff fair average decent solid reliable unreliable confusing clunky buggy crashes sucks suck
        """.split()
    ),
    "es": frozenset(
        "el la los las un una y o de del que no en es se muy malo mala bien por con para su lo le mi me nadie nunca pero servicio gracias bueno buena todo nada hola más mas está esta fue son".split()
    ),
    "it": frozenset(
        "il lo la gli le un una e di del della che non è per con molto mai ho sono mi ma servizio grazie buono male tutto niente ottimo pessimo ciao più stato arrivato al nel anche".split()
    ),
    "pt": frozenset(
        "o a os as um uma e de do da que não nao em é muito mal bem por com para meu minha nunca mas serviço obrigado obrigada bom boa tudo nada olá mais foi péssimo ao no na".split()
    ),
    "de": frozenset(
        "der die das den dem ein eine und ist nicht sehr schlecht gut nie wieder ich sie wir es zu mit auf für war aber kein keine danke bitte alles nichts hallo mein auch noch immer".split()
    ),
    "nl": frozenset(
        "de het een en is niet zeer slecht goed nooit ik ze wij we te met op voor was maar geen dank bedankt alles niets hallo mijn ook nog altijd heel erg van dat".split()
    ),
}

# Nouns of customers' accounts that the treebanks hardly hold.
FRENCH_NOUNS = frozenset(
    "client clients cliente clientes clientèle colis box sav appli applis application mail mails fibre wifi forfait hotline chatbot rdv remboursement facture livraison livreur".split()
)

# English verbs of accounts (lemmas) that break a noun phrase, and adjectives that name no thing by themselves.
ENGLISH_VERBS = frozenset(
    """
    accept add agree allow answer apply appear arrive ask avoid become begin believe book break bring buy call cancel care change charge check choose close come complain confirm connect contact continue
    cost decide deliver deserve drop end expect explain fail fall feel fill find finish fix follow forget give happen hang hate hear help hold hope ignore improve include insist install joined join
    learn leave lie listen live look lose love manage mean meet miss move need notice offer open order pass pay phone pick place play prefer promise prove provide pull push reach read realise
    realize receive refuse remain remember remove repair repeat replace reply request resolve respond return ring run send serve show sit solve speak spend stand start stay stop suggest switch talk teach tell think
    train travel treat trust turn understand update visit wait walk wish wonder work worry write cannot
    """.split()
) - frozenset("order call charge change update offer phone book repair request reply answer return place help care contact cost visit train".split())
ENGLISH_ADJECTIVES = frozenset(
    """
    good bad great nice poor awful terrible horrible useless slow fast quick easy hard happy unhappy sorry sure able unable new old big small long short high low late early cheap expensive rude polite
    kind friendly helpful clear unclear better best worse worst wrong right true false broken damaged different available full empty free next last first second ridiculous disappointed disappointing shocking
    appalling disgusting amazing excellent perfect fantastic lovely okay fine glad aware due extra absolute complete entire
    """.split()
)


@cache
def stop_words(lang: str) -> frozenset[str]:
    """Words that carry no topic, lower case, with and without their accents; empty for a language without a list."""
    listed = STOP_WORDS.get(lang, frozenset())
    return listed | {_bare(word) for word in listed}


def _bare(word: str) -> str:
    """The word without its accents."""
    return "".join(mark for mark in unicodedata.normalize("NFD", word) if not unicodedata.combining(mark))
