"""Load what the later stages of most runs come to, while helm still renders."""

from __future__ import annotations

import importlib

from policylint.helm.render.rendering import Rendering

LATER = (
    "hashlib",
    "policylint.kubernetes.validity.workloads",
    "policylint.kubernetes.validity.services",
    "policylint.kubernetes.validity.config",
    "policylint.kubernetes.validity.storage",
    "policylint.kubernetes.validity.rbac",
    "policylint.engine.expressions",
    "policylint.pipeline.lines",
    "policylint.pipeline.whole",
    "policylint.report.formats.text",
    "policylint.pipeline.blame.causes",
)
"""The modules that bring the most, those first that most runs use."""


def load_ahead(rendering: Rendering) -> None:
    """Load them for as long as a render is under way: one that is done waits for no more than one
    of them."""
    for name in LATER:
        if rendering.is_done:
            return
        importlib.import_module(name)
