"""A chart turns away managed clusters.

What happens: `helm upgrade` stops with `chart requires kubeVersion: >= 1.25.0 which is incompatible
with Kubernetes v1.29.4-eks-036c24b`, although the cluster is new enough. Recent Helm (3.22 and 4.3
were tried) drops the vendor's suffix first; older ones do not.

Why: to a version range, `-eks-036c24b` or `-gke.1200` is a pre-release, and a range without a
pre-release of its own takes none.

What to do instead: write the bounds with `-0`, the lowest pre-release: `>=1.25.0-0`.
"""

import re
from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.values.chart import Chart
from policylint.helm.values.semver import admits
from policylint.model import Category, Fix, Location, Severity, Violation
from policylint.runtime.patterns import pattern

_BOUND = pattern(r"(>=|=>|>|\^|~>|~|<(?!=))\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?![\d.xX*-])")
_VENDOR = "-eks-036c24b"


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(chart: Chart, context: Context) -> Iterator[Violation]:
    """The constraint admits the target's version as Kubernetes says it, and not as a managed
    cluster does."""
    constraint = str(chart.metadata.get("kubeVersion") or "")
    version = f"{context.target.kubernetes}.4"
    if constraint and admits(constraint, version) and not admits(constraint, version + _VENDOR):
        better = _BOUND.sub(_with_zero, constraint)
        helps = admits(better, version + _VENDOR)
        yield Violation(
            f"older Helm refuses {chart.name} on managed clusters: kubeVersion {constraint}",
            because=f"the range takes {version}, and not {version}{_VENDOR}: "
            "a suffix counts as a pre-release",
            before=constraint,
            after=better if helps else None,
            fixes=(Fix(f"write kubeVersion: {better!r}"),) if helps else (),
            locations=(Location("cause", f"{chart.path}/Chart.yaml", key="kubeVersion"),),
        )


def _with_zero(match: re.Match[str]) -> str:
    """A bound with all three numbers and the lowest pre-release."""
    operator, major, minor, patch = match.groups()
    return f"{operator}{major}.{minor or 0}.{patch or 0}-0"
