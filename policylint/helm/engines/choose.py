"""Which engine renders: the user's helm where there is one, else the embedded engine."""

from __future__ import annotations

import importlib

from policylint.errors import SourceError
from policylint.helm.engines.binary import TIME_LIMIT, HelmBinary, find_helm
from policylint.helm.engines.engine import Engine
from policylint.helm.engines.library import is_installed


def choose_engine(helm: str = "", time_limit: float = TIME_LIMIT) -> Engine:
    """The engine for `--helm HELM` ("" for none, "embedded" for the embedded engine); `time_limit`
    in seconds.

    Raises SourceError where neither a helm binary nor the embedded engine is there, naming both
    ways to get one.
    """
    if helm != "embedded" and (path := find_helm(helm)):
        return HelmBinary(path, time_limit)
    if is_installed():
        # By name: much hangs on it that a run with a helm binary need not wait for.
        embedded = importlib.import_module("policylint.helm.engines.embedded")
        engine: Engine = embedded.Embedded(time_limit)
        return engine
    raise SourceError(
        "no Helm: there is no helm on PATH, and the embedded engine is not installed",
        remedy="install Helm 3 or 4 (or name one with --helm or POLICYLINT_HELM), "
        "or install the embedded engine: pip install 'policylint[embedded]'",
    )
