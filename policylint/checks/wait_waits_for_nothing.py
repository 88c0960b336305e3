"""--wait does not wait for this workload, or waits for ever.

What happens: helm --wait returns although no new pod is ready, so --atomic cannot roll a bad
version back. For an Argo Rollout Helm 4 does the opposite: it waits until --timeout ends, and the
upgrade counts as failed.

Why: Helm waits for replicas minus maxUnavailable ready pods of a Deployment, and that is 0 here; it
passes over paused Deployments and over the update strategy OnDelete; Helm 3 knows no custom
resources, and Helm 4 cannot read the status of a Rollout (its observedGeneration is a text).

What to do instead: set maxUnavailable to 0 (and maxSurge to 1), or run more replicas; after the
upgrade ask the workload itself (kubectl rollout status, kubectl argo rollouts status).

Source: pkg/kube/ready.go and pkg/kube/statuswait.go of Helm 3.22 and 4.3; kstatus, generic.go;
helm/helm issue 32615.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, part
from policylint.kubernetes.api.rollouts import min_ready
from policylint.kubernetes.forecast.impact import strategy, template_change
from policylint.model import Category, Fix, Kept, Severity, Violation

ROLLOUT = ("argoproj.io", "Rollout")
ON_DELETE = ("StatefulSet", "DaemonSet")
TEMPLATE = "/spec/template"


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A workload whose template changes and for whose pods Helm does not wait."""
    if (change.id.group, change.id.kind) == ROLLOUT:
        yield from _rollout(change, context.target.helm)
    elif template_change(change, context.target.kubernetes) is None:
        return
    elif change.id.kind == "Deployment":
        yield from _deployment(change)
    elif change.id.kind in ON_DELETE and _strategy(change) == "OnDelete":
        yield Violation(
            message=f"helm --wait does not wait for this {change.id.kind}, and no pod runs the "
            "new version until the old one is deleted",
            because="its update strategy is OnDelete",
            path="/spec/updateStrategy/type",
            after="OnDelete",
            fixes=(Fix("delete the pods one by one after the upgrade", steps=_pods(change)),),
        )


def _strategy(change: Kept) -> str:
    return strategy(part(change.after.body, "spec"), change.id.kind)


def _deployment(change: Kept) -> Iterator[Violation]:
    spec = part(change.after.body, "spec")
    unavailable = at(spec, "strategy", "rollingUpdate", "maxUnavailable")
    if spec.get("paused") is True:
        yield Violation(
            message="helm --wait does not wait for this Deployment, and no pod runs the new "
            "version while it is paused",
            because="spec.paused is true",
            path="/spec/paused",
            after=True,
            fixes=(Fix("leave spec.paused out, or resume it afterwards", steps=_resume(change)),),
        )
    elif unavailable is not None and spec.get("replicas", 1) != 0 and min_ready(spec) == 0:
        yield Violation(
            message="helm --wait and --atomic would not wait for a single ready pod of this "
            "Deployment",
            because=f"replicas {spec.get('replicas', 1)} less maxUnavailable {unavailable} is 0",
            path="/spec/strategy/rollingUpdate/maxUnavailable",
            after=unavailable,
            fixes=(Fix("set maxUnavailable: 0 and maxSurge: 1"),),
        )


def _rollout(change: Kept, helm: str) -> Iterator[Violation]:
    """An Argo Rollout, whose pods no Helm sees."""
    if not any(field.path.startswith(TEMPLATE) for field in change.fields):
        return
    name, namespace = change.id.name, change.id.namespace
    message = "helm --wait does not wait for this Rollout"
    because = "Helm 3 waits for the kinds of Kubernetes alone"
    fixes = [
        Fix(
            "ask the Rollout itself after the upgrade",
            steps=(f"kubectl argo rollouts status {name} -n {namespace} --timeout 10m",),
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
    kind, name, namespace = change.id.kind.lower(), change.id.name, change.id.namespace
    return (f"kubectl describe {kind} {name} -n {namespace}", f"kubectl get pods -n {namespace}")


def _resume(change: Kept) -> tuple[str, ...]:
    return (f"kubectl rollout resume deployment/{change.id.name} -n {change.id.namespace}",)
