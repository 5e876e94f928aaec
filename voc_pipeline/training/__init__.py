"""Labelled verbatims in, `models/<name>/` out: weights, calibration, metrics, model card."""
