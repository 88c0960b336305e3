"""A migration runs after the pods that wait for it.

What happens: the new pods are not ready before the migration is done. With --wait (and --atomic)
Helm runs the post-upgrade hook only when they are ready: neither begins, and the upgrade fails when
--timeout ends. Without --wait the new version runs on the old schema for a while.

Why: an init container of a workload waits for migrations, and the Job that makes them is a hook of
post-upgrade (post-install); or the Job was a pre-upgrade hook until now.

What to do instead: make the migration a pre-upgrade hook (with the old schema still readable for
the pods that run), or an ordinary Job, which Helm creates beside the pods.
"""

import json
from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import parts
from policylint.kubernetes.api.workloads import containers, pod_template
from policylint.kubernetes.forecast.impact import template_change
from policylint.model import (
    Category,
    Confidence,
    Created,
    Fix,
    Kept,
    Object,
    Resource,
    Severity,
    Upgrade,
    Violation,
)

MIGRATES = ("migrat", "liquibase", "flyway", "alembic", "schema-upgrade", "db-upgrade")
WAITS = ("wait", "check", "until", "pending", "verify", "ready")
BEFORE = {"pre-upgrade"}


@rule(
    category=Category.DOWNTIME,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    params={"words": list(MIGRATES), "waits": list(WAITS)},
)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A Job hook after the upgrade names a migration, and an init container that waits for one is
    in a workload of the after side, or the Job ran before the upgrade until now."""
    words, waits = context.params["words"], context.params["waits"]
    if upgrade.before.resources:
        event = "post-upgrade"
    else:
        event = "post-install"
    for hook in upgrade.after.hooks.values():
        if event not in hook.hooks or BEFORE & set(hook.hooks) or not _is_named(hook, words):
            continue
        old = upgrade.before.hooks.get(hook.id)
        waiting = _waiting(upgrade, words, waits)
        if waiting is not None:
            yield _deadlock(hook, event, *waiting)
        elif old is not None and BEFORE & set(old.hooks):
            yield _moved(hook, event, old)


def _is_named(hook: Resource, words: list[str]) -> bool:
    template = pod_template(hook)
    if hook.id.kind != "Job" or template is None:
        return False
    texts = [hook.id.name, *(_texts(container) for _, container in containers(template))]
    return any(word in text.lower() for text in texts for word in words)


def _texts(container: Object) -> str:
    """What a container is called and runs; its image serves other ends too."""
    return json.dumps([container.get(field) for field in ("name", "command", "args")], default=str)


def _waiting(upgrade: Upgrade, words: list[str], waits: list[str]) -> tuple[Resource, str] | None:
    """(workload, init container) of the first whose new pods wait for migrations."""
    for workload in _rolled(upgrade):
        for container in parts(pod_template(workload) or {}, "spec", "initContainers"):
            text = _texts(container).lower()
            if any(word in text for word in words) and any(word in text for word in waits):
                return workload, str(container.get("name"))
    return None


def _rolled(upgrade: Upgrade) -> Iterator[Resource]:
    """The workloads that get new pods in this upgrade; those that keep theirs wait for nothing."""
    minor = upgrade.target.kubernetes
    for change in upgrade.changes:
        is_rolled = isinstance(change, Kept) and template_change(change, minor) is not None
        if isinstance(change, Created) or (isinstance(change, Kept) and is_rolled):
            yield change.after


def _deadlock(hook: Resource, event: str, workload: Resource, container: str) -> Violation:
    return Violation(
        message=f"{hook.id} migrates only when the pods of {workload.id} are ready, and they wait "
        "for it",
        because=f"the init container {container} waits for migrations, and with --wait Helm runs "
        f"{event} hooks when all pods are ready",
        path="/metadata/annotations/helm.sh~1hook",
        after=", ".join(hook.hooks),
        severity=Severity.ERROR,
        resource=hook.id,
        fixes=_fixes(),
    )


def _moved(hook: Resource, event: str, old: Resource) -> Violation:
    return Violation(
        message=f"new pods start before {hook.id} has migrated the data",
        because=f"it ran before the upgrade until now ({', '.join(old.hooks)}), and {event} hooks "
        "run when everything is applied",
        path="/metadata/annotations/helm.sh~1hook",
        before=", ".join(old.hooks),
        after=", ".join(hook.hooks),
        resource=hook.id,
        fixes=_fixes(),
    )


def _fixes() -> tuple[Fix, ...]:
    return (
        Fix(
            "make it a pre-upgrade hook: helm.sh/hook: pre-upgrade",
            cost="the old pods run on the new schema until they are replaced",
        ),
        Fix(
            "make it an ordinary Job with the version in its name",
            cost="Helm does not wait for it without --wait-for-jobs",
        ),
    )
