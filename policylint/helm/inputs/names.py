"""Names that reach helm as words of a command line, checked as Helm and Kubernetes check them."""

from __future__ import annotations

from pathlib import Path

from policylint.errors import SourceError, UsageError
from policylint.runtime.patterns import pattern

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_RELEASE = pattern(rf"{_LABEL}(?:\.{_LABEL})*")
"""pkg/chart/common/util/validate_name.go of Helm (pkg/chartutil in Helm 3)."""
_NAMESPACE = pattern(_LABEL)
"""A DNS label, as the API server wants it (k8s.io/apimachinery/pkg/util/validation)."""
_DEPENDENCY = pattern(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
LONGEST_RELEASE = 53
LONGEST_NAMESPACE = 63


def release_name(name: str) -> str:
    """The name of a release; raises UsageError where Helm would refuse it."""
    if len(name) > LONGEST_RELEASE or not _RELEASE.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of a release",
            remedy=f"use at most {LONGEST_RELEASE} lower case letters, digits, `-` and `.`, "
            "beginning and ending with a letter or digit",
        )
    return name


def namespace_name(name: str) -> str:
    """The name of a namespace; raises UsageError where the API server would refuse it."""
    if len(name) > LONGEST_NAMESPACE or not _NAMESPACE.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of a namespace",
            remedy=f"use at most {LONGEST_NAMESPACE} lower case letters, digits and `-`, "
            "beginning and ending with a letter or digit",
        )
    return name


def chart_word(chart: str) -> str:
    """A chart as helm can take it for nothing else; raises UsageError where it is an option."""
    if not chart.startswith("-"):
        return chart
    if Path(chart).exists():
        return f"./{chart}"
    raise UsageError(
        f"{chart!r} is an option of helm, not a chart",
        remedy="name a chart: a directory, an archive, REPOSITORY/NAME or oci://...",
    )


def dependency_name(name: str, file: str) -> str:
    """The name of a dependency, which becomes a file's name below charts/; raises SourceError
    where it is a path."""
    if not _DEPENDENCY.fullmatch(name):
        raise SourceError(
            f"{name!r} cannot be the name of a dependency",
            file=file,
            remedy="use letters, digits, `-`, `_` and `.`: the name of the chart that it names",
        )
    return name
