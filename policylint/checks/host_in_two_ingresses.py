"""Two Ingresses answer for one host while Helm renames one.

What happens: Helm creates before it deletes, so both exist for a moment. The admission webhook of
ingress-nginx refuses the second one ("host and path is already defined"), and the upgrade stops
there; other controllers answer from either.

Why: the Ingress gets another name in this upgrade and keeps a host and path.

What to do instead: keep the name; or delete the old Ingress right before the upgrade, with a short
gap.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.reading import parts
from policylint.kubernetes.forecast.impact import is_kept
from policylint.model import (
    Category,
    Confidence,
    Created,
    Deleted,
    Fix,
    Resource,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A created Ingress has a host and path of one that is deleted."""
    owners: dict[tuple[str, str], Resource] = {}
    for change in upgrade.of("Ingress"):
        if isinstance(change, Deleted) and not is_kept(change.before):
            owners.update(dict.fromkeys(_places(change.before), change.before))
    for change in upgrade.of("Ingress"):
        if not isinstance(change, Created):
            continue
        taken = [place for place in _places(change.after) if place in owners]
        if taken:
            old, (host, path) = owners[taken[0]].id, taken[0]
            yield Violation(
                message=f"{change.id} may be refused: {old} still answers for {host}{path} "
                "when it is created",
                because="Helm creates before it deletes",
                path="/spec/rules",
                after=host,
                resource=change.id,
                fixes=(
                    Fix(f"keep the name {old.name} (nameOverride, fullnameOverride)"),
                    Fix(
                        "delete the old one right before the upgrade",
                        steps=(f"kubectl delete {named(old)}",),
                        cost="the host is not answered until the upgrade has made the new one",
                    ),
                ),
            )


def _places(ingress: Resource) -> list[tuple[str, str]]:
    """(host, path) of every rule."""
    return [
        (str(entry.get("host", "*")), str(path.get("path", "/")))
        for entry in parts(ingress.body, "spec", "rules")
        for path in parts(entry, "http", "paths")
    ]
