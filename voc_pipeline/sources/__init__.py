"""Readers of feedback: files of any common format into `RawFeedback`; a starter config from a user's own files; a first look at a source."""

from voc_pipeline.sources.guess import guess
from voc_pipeline.sources.preview import Preview, preview
from voc_pipeline.sources.reader import READERS, fingerprint, read

__all__ = ["READERS", "Preview", "fingerprint", "guess", "preview", "read"]
