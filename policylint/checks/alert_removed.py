"""An alert, or what Prometheus scrapes, is gone.

What happens: nobody is told of the failure that the alert was for, and dashboards and alerts on
metrics that are scraped no more stay silent instead of red.

Why: a PrometheusRule loses alerts or recorded series or is deleted, or a ServiceMonitor or
PodMonitor is deleted, or selects nothing of this release any more.

What to do instead: keep them, or see that another rule tells the same.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import NOTHING, part, parts, text
from policylint.kubernetes.api.workloads import pod_labels, selects, workloads
from policylint.kubernetes.forecast.impact import deleted
from policylint.model import (
    Category,
    Deleted,
    Fix,
    Kept,
    Manifest,
    Object,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

GROUP = "monitoring.coreos.com"
WORDS = {
    "alert": (
        "nobody is told of {} any more",
        "keep the alerts, or see that others tell the same",
    ),
    "record": (
        "{} is recorded no more: dashboards and alerts on it are empty",
        "keep the record until nothing reads it",
    ),
}
"""What is said of the rules that go, and what keeps them, by the word that names them."""
MONITORS = ("ServiceMonitor", "PodMonitor")


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """Alerts that no PrometheusRule of the after side has, and monitors that are deleted or lose
    what they selected; one violation for each object."""
    yield from _alerts(upgrade)
    for change in upgrade.of(*MONITORS):
        if isinstance(change, Kept) and change.id.group == GROUP and change.fields:
            yield from _loses_all(change, upgrade)
    for gone in deleted(upgrade, *MONITORS):
        still = _selected(gone.before, upgrade.after)
        if gone.id.group == GROUP and still:
            yield _unscraped(gone.before, f"it is deleted, and {', '.join(still)} stays")


def _loses_all(change: Kept, upgrade: Upgrade) -> Iterator[Violation]:
    selected = _selected(change.before, upgrade.before)
    if selected and not _selected(change.after, upgrade.after):
        yield _unscraped(change.after, f"it selected {', '.join(selected)}, and nothing now")


def _alerts(upgrade: Upgrade) -> Iterator[Violation]:
    changes: list[Kept | Deleted] = [
        change for change in upgrade.of("PrometheusRule") if isinstance(change, Kept)
    ]
    for word in WORDS:
        kept = _kept(upgrade.after, word)
        for change in (*changes, *deleted(upgrade, "PrometheusRule")):
            lost = [name for name in _names(change.before, word) if name not in kept]
            if lost:
                yield _lost(change.id, word, lost)


def _kept(side: Manifest, word: str) -> set[str]:
    """What the rules of a side are called."""
    return {
        name
        for resource in side.resources.values()
        if resource.id.kind == "PrometheusRule"
        for name in _names(resource, word)
    }


def _lost(rules: ResourceId, word: str, names: list[str]) -> Violation:
    message, fix = WORDS[word]
    return Violation(
        message=message.format(", ".join(names)),
        because=f"{rules} has no such {word} after this upgrade",
        path="/spec/groups",
        resource=rules,
        fixes=(Fix(fix),),
    )


def _names(rules: Resource, word: str) -> list[str]:
    """What the rules of one word, alert or record, are called."""
    names = [
        text(entry, word)
        for group in parts(rules.body, "spec", "groups")
        for entry in parts(group, "rules")
    ]
    return [name for name in dict.fromkeys(names) if name]


def _unscraped(monitor: Resource, because: str) -> Violation:
    return Violation(
        message=f"Prometheus no longer scrapes what {monitor.id} selected",
        because=because,
        path="/spec/selector",
        resource=monitor.id,
        fixes=(Fix("keep the monitor, and let its selector meet the labels"),),
    )


def _selected(monitor: Resource, side: Manifest) -> list[str]:
    """The Services or workloads of the monitor's namespace that it selects on a side."""
    selector = part(monitor.body, "spec", "selector")
    if part(monitor.body, "spec", "namespaceSelector"):
        return []
    return [
        str(holder.id)
        for holder, labels in _holders(monitor.id.kind, side)
        if holder.id.namespace == monitor.id.namespace and selects(selector, labels)
    ]


def _holders(monitor: str, side: Manifest) -> list[tuple[Resource, Object]]:
    """What a kind of monitor selects from, with the labels that it looks at."""
    if monitor == "PodMonitor":
        return [(workload, pod_labels(workload) or NOTHING) for workload in workloads(side)]
    services = [entry for entry in side.resources.values() if entry.id.kind == "Service"]
    return [(service, part(service.body, "metadata", "labels")) for service in services]
