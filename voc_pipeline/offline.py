"""Every library's telemetry and unasked downloads, switched off. Called before any of them is imported."""

from __future__ import annotations

import os

SWITCHES = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Environment variables and what they are set to where the user has not set them."""


def switch_off_telemetry() -> None:
    """Set every switch that the user has not set."""
    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)
