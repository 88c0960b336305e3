"""--wait does not wait for this workload, or waits for ever.

What happens: helm --wait returns although no new pod is ready, so --atomic cannot roll a bad
version back. Of an Argo Rollout, and of a DaemonSet with the update strategy OnDelete, Helm 4 does
the opposite: it waits until --timeout ends, and the upgrade counts as failed.

Why: both pass over paused Deployments, and over StatefulSets with the update strategy OnDelete or a
partition above every pod. Helm 3
(and Helm 4 with --wait=legacy) waits for replicas minus maxUnavailable ready pods of a Deployment
or DaemonSet, which may be 0; Helm 4 waits for all. Helm 3 knows no custom resources, and Helm 4
cannot read the status of a Rollout (its observedGeneration is a text).

What to do instead: set maxUnavailable to 0 (and maxSurge to 1), or run more replicas; after the
upgrade ask the workload itself (kubectl rollout status, kubectl argo rollouts status).

Source: pkg/kube/ready.go and pkg/kube/statuswait.go of Helm 3.22 and 4.3; kstatus, core.go and
generic.go; helm/helm issue 32615.
"""

from collections.abc import Iterator
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.autoscalers import least_replicas
from policylint.kubernetes.api.commands import in_namespace, named
from policylint.kubernetes.api.reading import at, part
from policylint.kubernetes.api.rollouts import min_ready
from policylint.kubernetes.api.volumes import ordinals
from policylint.kubernetes.forecast.impact import strategy, template_change
from policylint.model import Category, Fix, Kept, Object, Severity, Upgrade, Violation

ROLLOUT = ("argoproj.io", "Rollout")
ON_DELETE = ("StatefulSet", "DaemonSet")
TEMPLATE = "/spec/template"


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A workload whose template changes and for whose pods Helm does not wait."""
    helm = context.target.helm
    if (change.id.group, change.id.kind) == ROLLOUT:
        yield from _rollout(change, helm)
    elif template_change(change, context.target.kubernetes) is None:
        return
    elif change.id.kind in ON_DELETE and _strategy(change) == "OnDelete":
        yield _on_delete(change, helm)
    elif change.id.kind == "StatefulSet":
        yield from _partitioned(change)
    elif change.id.kind == "Deployment":
        yield from _paused(change)
        if helm == "3":
            yield from _deployment(change, context.upgrade)
    elif change.id.kind == "DaemonSet" and helm == "3":
        yield from _daemon_set(change)


def _strategy(change: Kept) -> str:
    return strategy(part(change.after.body, "spec"), change.id.kind)


def _on_delete(change: Kept, helm: str) -> Violation:
    if helm == "4" and change.id.kind == "DaemonSet":
        message = (
            "helm --wait waits for this DaemonSet until --timeout ends, unless its old pods are "
            "deleted meanwhile"
        )
        because = "its update strategy is OnDelete, and Helm 4 waits until every pod is a new one"
    else:
        message = (
            f"helm --wait does not wait for this {change.id.kind}, and no pod runs the new version "
            "until the old one is deleted"
        )
        because = "its update strategy is OnDelete"
    return Violation(
        message=message,
        because=because,
        path="/spec/updateStrategy/type",
        after="OnDelete",
        fixes=(Fix("delete the pods one by one after the upgrade", steps=_pods(change)),),
    )


def _partitioned(change: Kept) -> Iterator[Violation]:
    partition = at(change.after.body, "spec", "updateStrategy", "rollingUpdate", "partition")
    last = ordinals(change.after)
    if isinstance(partition, int) and last and partition >= last.stop:
        yield Violation(
            message="helm --wait does not wait for this StatefulSet, and no pod runs the new "
            "version",
            because=f"partition {partition} leaves out every pod: the last one is {last.stop - 1}",
            path="/spec/updateStrategy/rollingUpdate/partition",
            after=partition,
            fixes=(Fix("set partition to 0, or lower it step by step after the upgrade"),),
        )


def _paused(change: Kept) -> Iterator[Violation]:
    if part(change.after.body, "spec").get("paused") is True:
        yield Violation(
            message="helm --wait does not wait for this Deployment, and no pod runs the new "
            "version while it is paused",
            because="spec.paused is true",
            path="/spec/paused",
            after=True,
            fixes=(Fix("leave spec.paused out, or resume it afterwards", steps=_resume(change)),),
        )


def _deployment(change: Kept, upgrade: Upgrade | None) -> Iterator[Violation]:
    """Helm 3 counts ready pods; an autoscaler runs at least as many as it must."""
    spec = part(change.after.body, "spec")
    replicas = _replicas(change, spec, upgrade)
    if replicas == 0 or spec.get("paused") is True:
        return
    if min_ready({**spec, "replicas": replicas}) == 0:
        unavailable = at(spec, "strategy", "rollingUpdate", "maxUnavailable")
        yield Violation(
            message="helm --wait and --atomic would not wait for a single ready pod of this "
            "Deployment",
            because=f"Helm 3 waits for replicas {replicas} less maxUnavailable "
            f"{1 if unavailable is None else unavailable}, which is 0",
            path="/spec/strategy/rollingUpdate/maxUnavailable",
            after=unavailable,
            fixes=(Fix("set maxUnavailable: 0 and maxSurge: 1"),),
        )


def _replicas(change: Kept, spec: Object, upgrade: Upgrade | None) -> int:
    rendered = spec.get("replicas")
    if isinstance(rendered, int):
        return rendered
    return least_replicas(change.id, upgrade.after) if upgrade else 1


def _daemon_set(change: Kept) -> Iterator[Violation]:
    unavailable = at(change.after.body, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable")
    if unavailable == "100%":
        yield Violation(
            message="helm --wait and --atomic would not wait for a single ready pod of this "
            "DaemonSet",
            because="Helm 3 waits for all its pods less maxUnavailable 100%, which is 0",
            path="/spec/updateStrategy/rollingUpdate/maxUnavailable",
            after=unavailable,
            fixes=(Fix("set maxUnavailable to a number of pods that may be missing at once"),),
        )


def _rollout(change: Kept, helm: str) -> Iterator[Violation]:
    """An Argo Rollout, whose pods no Helm sees."""
    if not any(field.path.startswith(TEMPLATE) for field in change.fields):
        return
    subject = f"{quote(change.id.name)}{in_namespace(change.id.namespace)}"
    message = "helm --wait does not wait for this Rollout"
    because = "Helm 3 waits for the kinds of Kubernetes alone"
    fixes = [
        Fix(
            "ask the Rollout itself after the upgrade",
            steps=(f"kubectl argo rollouts status {subject} --timeout 10m",),
        )
    ]
    if helm == "4":
        message = "helm --wait waits for this Rollout until --timeout ends"
        because = "its status.observedGeneration is a text, and what Helm 4 asks expects a number"
        fixes.insert(
            0,
            Fix(
                "wait as Helm 3 did: --wait=legacy",
                cost="nothing waits for the Rollout then; ask it afterwards",
            ),
        )
    yield Violation(message=message, because=because, path=TEMPLATE, fixes=tuple(fixes))


def _pods(change: Kept) -> tuple[str, ...]:
    labels = part(change.after.body, "spec", "selector", "matchLabels")
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    namespace = change.id.namespace
    return (
        f"kubectl get pods -n {quote(namespace)} -l {quote(selector)}",
        f"kubectl delete pod POD -n {quote(namespace)}, and wait for the new one before the next",
    )


def _resume(change: Kept) -> tuple[str, ...]:
    return (f"kubectl rollout resume {named(change.id)}",)
