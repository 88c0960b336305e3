"""Fewer nodes may run the pods.

What happens: where no node that is left has room, new pods wait (Pending: "didn't match Pod's node
affinity/selector", "had untolerated taint"), and the rollout hangs.

Why: the pod template asks for node labels that it did not ask for before (nodeSelector, required
node affinity), or no longer tolerates a taint.

What to do instead: see which nodes have the labels, and whether they have room; label nodes before
the upgrade, or prefer instead of require.
"""

from collections.abc import Iterator, Mapping
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, part, parts
from policylint.kubernetes.api.workloads import pod_template, template_path
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Json,
    Kept,
    Object,
    Severity,
    Violation,
)

EVERYWHERE = {("kubernetes.io/os", "linux"), ("beta.kubernetes.io/os", "linux")}
"""Labels that the nodes of nearly every cluster have."""
REQUIRED = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
_WORDS = {"In": "{key} in ({values})", "NotIn": "{key} notin ({values})", "Exists": "{key}"}


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A kept workload that asks more of its nodes, or tolerates less."""
    before, after = pod_template(change.before), pod_template(change.after)
    if not change.fields or before is None or after is None:
        return
    root = f"{template_path(change.id.kind)}/spec"
    old, new = part(before, "spec"), part(after, "spec")
    yield from _by_labels(root, part(old, "nodeSelector"), part(new, "nodeSelector"))
    yield from _by_affinity(root, old, new)
    yield from _by_taints(root, old, new)


def _by_labels(root: str, old: Object, new: Object) -> Iterator[Violation]:
    asked = {key: value for key, value in new.items() if old.get(key) != value}
    wanted = [
        f"{key}={value}" for key, value in asked.items() if (key, str(value)) not in EVERYWHERE
    ]
    if wanted:
        yield _violation(
            f"the pods only run on nodes labelled {', '.join(wanted)}",
            "nodeSelector did not ask for that before",
            f"{root}/nodeSelector",
            (dict(old) or None, dict(new)),
            "kubectl get nodes -l "
            + quote(",".join(f"{key}={value}" for key, value in new.items())),
        )


def _by_affinity(root: str, old: Object, new: Object) -> Iterator[Violation]:
    """Terms are alternatives: one more lets in more nodes, one less lets in fewer."""
    was, becomes = (parts(at(spec, *REQUIRED), "nodeSelectorTerms") for spec in (old, new))
    if not becomes or (was and all(term in becomes for term in was)):
        return
    shown = " or ".join(map(_term, becomes))
    yield _violation(
        f"the pods only run on nodes with {shown}",
        "required node affinity " + ("asked for something else" if was else "is new"),
        f"{root}/{'/'.join(REQUIRED)}",
        (was or None, becomes),
        *(f"kubectl get nodes -l {quote(_term(term))}" for term in becomes),
    )


def _by_taints(root: str, old: Object, new: Object) -> Iterator[Violation]:
    tolerated = parts(new, "tolerations")
    if any(not toleration.get("key") for toleration in tolerated):
        return
    gone = [toleration for toleration in parts(old, "tolerations") if toleration not in tolerated]
    keys = {str(toleration.get("key") or "every taint") for toleration in gone}
    keys -= {str(toleration.get("key")) for toleration in tolerated}
    if keys:
        yield _violation(
            f"the pods no longer run on nodes with the taint {', '.join(sorted(keys))}",
            "the toleration is gone",
            f"{root}/tolerations",
            (gone, tolerated or None),
            "kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints",
        )


def _violation(
    message: str, because: str, path: str, sides: tuple[Json, Json], *steps: str
) -> Violation:
    return Violation(
        message=message,
        because=f"{because}; whether such a node has room is not known offline",
        path=path,
        before=sides[0],
        after=sides[1],
        fixes=(
            Fix("see which nodes are left, and whether they have room", steps=steps),
            Fix("keep what the pods asked of their nodes until such nodes are there"),
        ),
    )


def _term(term: Mapping[str, Json]) -> str:
    """A term as kubectl's label selectors write it."""
    expressions = parts(term, "matchExpressions") + parts(term, "matchFields")
    return ", ".join(map(_expression, expressions))


def _expression(expression: Object) -> str:
    key, operator = str(expression.get("key")), str(expression.get("operator"))
    values = expression.get("values")
    listed = ",".join(map(str, values)) if isinstance(values, list) else ""
    if operator == "DoesNotExist":
        return f"!{key}"
    words = _WORDS.get(operator, f"{{key}} {operator} {{values}}")
    return words.format(key=key, values=listed)
