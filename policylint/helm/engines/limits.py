"""What the embedded engine cannot do: it stands apart, for pulls with a helm binary ask it too."""

from __future__ import annotations

from pathlib import Path

from policylint.errors import SourceError
from policylint.helm.engines.command import check_extra
from policylint.helm.inputs.sides import ChartSide

_CANNOT = {"--post-renderer", "--post-renderer-args", "--verify"}
_CANNOT_PULL = {
    *("--ca-file", "--cert-file", "--key-file", "--pass-credentials"),
    *("--repository-cache", "--repository-config"),
}


def refuse_unknown(side: ChartSide) -> None:
    """Raise SourceError for a chart that only a helm binary can find."""
    if not Path(side.chart).exists() and "://" not in side.chart and not side.repo:
        raise SourceError(
            f"there is no chart at {side.chart}, and the embedded engine does not know what "
            "`helm repo add` wrote",
            remedy="check the path; of a repository, name its address (CHART --repo URL), or a "
            "helm binary with --helm",
        )


def refuse_extra(side: ChartSide) -> None:
    """Raise UsageError for what no engine may be told, SourceError for what this one cannot do."""
    check_extra(side.extra)
    if Path(side.chart).exists():
        cannot = _CANNOT
    else:
        cannot = _CANNOT | _CANNOT_PULL
    for argument in side.extra:
        if (flag := argument.partition("=")[0]) in cannot:
            raise SourceError(
                f"the embedded engine cannot do {flag}", remedy="name a helm binary with --helm"
            )
