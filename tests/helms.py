"""How tests find real helm binaries: POLICYLINT_HELM3 and POLICYLINT_HELM4, else helm3, helm4 and
helm on PATH.

A missing helm is a skip, and a failure where POLICYLINT_REQUIRE_HELM=1 says that both must be there
(CI).
"""

from __future__ import annotations

import os
import shutil
from functools import cache

import pytest

from policylint.errors import SourceError
from policylint.helm.engines.binary import HelmBinary

LINES = ("3", "4")


@cache
def find(line: str) -> str:
    """The path of a helm of this line, "" where there is none."""
    named = os.environ.get(f"POLICYLINT_HELM{line}", "")
    if named:
        return named
    paths = (shutil.which(name) for name in (f"helm{line}", "helm"))
    return next((path for path in paths if path and _line(path) == line), "")


def helm(line: str) -> HelmBinary:
    """The engine of a real helm of this line; skips the test where there is none."""
    path = find(line)
    if path:
        return HelmBinary(path)
    if os.environ.get("POLICYLINT_REQUIRE_HELM") == "1":
        pytest.fail(f"no Helm {line}: set POLICYLINT_HELM{line}")
    pytest.skip(f"no Helm {line}: set POLICYLINT_HELM{line}")


def any_helm() -> HelmBinary:
    """A real helm of whichever line is there."""
    return helm(next((line for line in LINES if find(line)), "4"))


def _line(path: str) -> str:
    try:
        return HelmBinary(path).line
    except SourceError:
        return ""
