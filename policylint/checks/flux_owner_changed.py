"""Another Kustomization applies the HelmRelease, and the old one prunes it.

What happens: where the old Kustomization is reconciled, or deleted, before the new one has applied
the HelmRelease, it prunes it: Flux uninstalls the release, and installs it anew later. Where the
new one is first, the HelmRelease is labelled as its own, and nothing happens.

Why: the Kustomization was renamed, or the file moved from the path of one to that of another, and
spec.prune of the old one is true.

What to do instead: annotate the HelmRelease with kustomize.toolkit.fluxcd.io/prune: disabled, roll
that out, then move it; or suspend the old Kustomization meanwhile.

Source: internal/controller/kustomization_controller.go of fluxcd/kustomize-controller (prune and
finalize delete what bears their own labels).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, Severity, Violation
from policylint.scan.gitops.rollout import Rollout


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(rollout: Rollout, context: Context) -> Iterator[Violation]:
    """A HelmRelease that goes from one Kustomization that prunes to another."""
    handed = rollout.settings.get("handed")
    if not handed:
        return
    yield Violation(
        "Flux may uninstall the release and install it anew: what prunes it changes",
        because=f"{handed}: which of them acts first, the cluster tells",
        locations=(rollout.place,),
        fixes=(
            Fix(
                "Let nothing prune it while it moves",
                steps=(
                    "annotate the HelmRelease: kustomize.toolkit.fluxcd.io/prune: disabled",
                    "roll that out, then move it",
                ),
            ),
        ),
    )
