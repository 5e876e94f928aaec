"""The language room: language id, sentences, lemmas, noun phrases. French first, English beside it.

The only door to spaCy, to the language detector and to the lemmatiser: each is loaded when first used, once, and works offline.
"""

from voc_pipeline.language.detection import detect
from voc_pipeline.language.phrases import lemmas, noun_phrases, terms
from voc_pipeline.language.splitting import sentences
from voc_pipeline.language.words import stop_words

__all__ = ["detect", "lemmas", "noun_phrases", "sentences", "stop_words", "terms"]
