"""Which engine renders: the user's helm where there is one, else the embedded engine."""

from __future__ import annotations

import os

from policylint.errors import SourceError, UsageError
from policylint.render.binary import TIME_LIMIT, HelmBinary, find_helm
from policylint.render.engine import Engine


def choose_engine(helm: str = "") -> Engine:
    """The engine for `--helm HELM` ("" for none, "embedded" for the embedded engine).

    Raises SourceError where neither a helm binary nor the embedded engine is there, naming both ways to get one.
    """
    limit = time_limit()
    if helm != "embedded" and (path := find_helm(helm)):
        return HelmBinary(path, limit)
    from policylint.render.embedded import Embedded, is_installed

    if is_installed():
        return Embedded(limit)
    raise SourceError(
        "no Helm: there is no helm on PATH, and the embedded engine is not installed",
        remedy="install Helm 3 or 4 (or name one with --helm or POLICYLINT_HELM), "
        "or install the embedded engine: pip install 'policylint[embedded]'",
    )


def time_limit() -> float:
    """The seconds a render may take: POLICYLINT_HELM_TIMEOUT, else 180; raises UsageError for what is no number."""
    wish = os.environ.get("POLICYLINT_HELM_TIMEOUT", "")
    try:
        seconds = float(wish) if wish else TIME_LIMIT
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise UsageError(f"POLICYLINT_HELM_TIMEOUT is {wish!r}", remedy="set it to a number of seconds")
    return seconds
