"""A migration has no way back.

What happens: a rollback brings the old version of the application back, and the data stays as the
new version's migration left it: the old version may not start on it, or may damage it.

Why: a pre- or post-upgrade hook migrates data in this upgrade, and the chart has no hook for
pre-rollback or post-rollback.

What to do instead: take a backup before the upgrade; make migrations that the old version can live
with (expand, then contract in a later release); or add a rollback hook.
"""

import json
from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import containers, pod_template
from policylint.model import (
    Category,
    Confidence,
    Direction,
    Fix,
    Manifest,
    Resource,
    Severity,
    Upgrade,
    Violation,
)

FORWARD = {"pre-upgrade", "post-upgrade"}
BACK = {"pre-rollback", "post-rollback"}
WORDS = (
    "migrat",
    "liquibase",
    "flyway",
    "alembic",
    "schema-upgrade",
    "upgrade-schema",
    "db-upgrade",
    "update-schema",
)


@rule(
    category=Category.ROLLBACK,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    params={"words": list(WORDS)},
)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A Job hook of an upgrade that this upgrade changes or brings in names a migration; no
    rollback hook is there."""
    if _runs(upgrade.after, BACK) or not upgrade.before.resources:
        return
    for hook in _runs(upgrade.after, FORWARD):
        old = upgrade.before.hooks.get(hook.id)
        if old is not None and pod_template(old) == pod_template(hook):
            continue
        keyword = next((word for word in context.params["words"] if word in _texts(hook)), "")
        if keyword:
            yield Violation(
                message=f"{hook.id} migrates data on upgrade, and nothing takes it back on "
                "rollback",
                because=f"its name, image or command says {keyword!r}, "
                "and no hook runs on pre- or post-rollback",
                path="/metadata/annotations/helm.sh~1hook",
                before=", ".join(hook.hooks),
                after=", ".join(hook.hooks),
                direction=Direction.ROLLBACK,
                resource=hook.id,
                fixes=(Fix("take a backup before the upgrade, or add a pre-rollback hook"),),
            )


def _runs(side: Manifest, events: set[str]) -> list[Resource]:
    return [
        hook
        for identity, hook in side.hooks.items()
        if identity.kind == "Job" and events & set(hook.hooks)
    ]


def _texts(hook: Resource) -> str:
    """The hook's name and the images, commands and arguments of its containers, in lower case."""
    texts = [
        container.get(field)
        for _, container in containers(pod_template(hook) or {})
        for field in ("name", "image", "command", "args")
    ]
    return json.dumps([hook.id.name, texts], default=str).lower()
