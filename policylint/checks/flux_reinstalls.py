"""Flux uninstalls the release before it installs it anew.

What happens: Flux runs helm uninstall and then helm install, and no upgrade: every object of the
release is deleted and made again. Meanwhile nothing of it runs; what the objects held (claims and
their volumes, allocated addresses, data in ConfigMaps and Secrets that the cluster wrote) is lost.

Why: the HelmRelease no longer means the release that its status names: its storage namespace, the
namespace or the name of its release, or the name of its chart changed.

What to do instead: keep the old target (releaseName, targetNamespace, storageNamespace) in the
spec; for a chart that is called otherwise, upgrade.chartNameChangeStrategy: InPlace.

Source: internal/controller/helmrelease_controller.go and internal/action/verify.go
(ReleaseTargetChanged) of fluxcd/helm-controller 1.6.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, ResourceId, Severity, Upgrade, Violation
from policylint.scan.gitops.rollout import Rollout

_RUNNING = ("Deployment", "StatefulSet", "DaemonSet", "Service", "Ingress", "HTTPRoute")


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.CERTAIN)
def check(rollout: Rollout, context: Context) -> Iterator[Violation]:
    """The uninstall of a release whose HelmRelease means another one now."""
    upgrade = context.upgrade
    why = rollout.settings.get("reinstalled")
    if upgrade is None or not why or upgrade.after.resources or not upgrade.before.resources:
        return
    first = _first(upgrade)
    yield Violation(
        f"Flux uninstalls the release and installs it anew: {first.kind} {first.name} is gone"
        " meanwhile",
        because=str(why),
        locations=(rollout.place,),
        fixes=(
            Fix(
                "Keep the release that is there",
                steps=_steps(str(why)),
            ),
        ),
    )


def _first(upgrade: Upgrade) -> ResourceId:
    """What is missed first: what runs or serves, else anything."""
    identities = [resource.id for resource in upgrade.before.resources.values()]
    return min(identities, key=_rank)


def _rank(identity: ResourceId) -> int:
    if identity.kind in _RUNNING:
        return _RUNNING.index(identity.kind)
    return len(_RUNNING)


def _steps(why: str) -> tuple[str, ...]:
    if why.startswith("chart.name"):
        return ("spec.upgrade.chartNameChangeStrategy: InPlace",)
    if why.startswith("HelmRelease"):
        return (
            "keep metadata.name and metadata.namespace of the HelmRelease as they were",
            "or suspend the old one first: Flux uninstalls no release of a suspended HelmRelease",
        )
    return ("keep releaseName, targetNamespace and storageNamespace in spec as they were",)
