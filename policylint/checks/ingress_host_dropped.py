"""A route stops answering for a host or a path.

What happens: requests for it get the default backend or nothing.

Why: the host or the path left the rules of an Ingress, a Gateway route, a Route or a VirtualService
in this upgrade, and no other one of the release takes it.

What to do instead: keep it until nobody uses it, or redirect it.
"""

from collections.abc import Iterator
from typing import TypeGuard

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.backends import hosts
from policylint.kubernetes.forecast.impact import is_kept
from policylint.model import (
    Category,
    Change,
    Deleted,
    Fix,
    Kept,
    Manifest,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A host, or a path of a host that stays, which a route of the release had, kept or deleted,
    and none has any more."""
    served = _served(upgrade.after)
    for change in upgrade.changes if upgrade.after.resources else ():
        if _is_touched(change):
            for host, paths in sorted(hosts(change.before).items()):
                if host not in served:
                    yield _dropped(change, host)
                elif lost := sorted(path for path in paths if not _is_served(path, served[host])):
                    yield _dropped(change, host + lost[0])


def _is_touched(change: Change) -> TypeGuard[Kept | Deleted]:
    if isinstance(change, Deleted):
        return not is_kept(change.before)
    return isinstance(change, Kept) and bool(change.fields)


def _served(side: Manifest) -> dict[str, set[str]]:
    served: dict[str, set[str]] = {}
    for resource in side.resources.values():
        for host, paths in hosts(resource).items():
            served.setdefault(host, set()).update(paths)
    return served


def _is_served(path: str, paths: set[str]) -> bool:
    """Whether a path is there, or lies below one that is; regular expressions are not read."""
    folder = path.rstrip("/")
    return any(
        path == served or folder == served.rstrip("/") or f"{folder}/".startswith(_above(served))
        for served in paths
    )


def _above(path: str) -> str:
    return path.rstrip("/") + "/"


def _dropped(change: Kept | Deleted, place: str) -> Violation:
    return Violation(
        message=f"{change.id} no longer answers for {place}",
        because=f"the {change.id.kind} is deleted" if isinstance(change, Deleted) else "",
        path="/spec/rules" if change.id.kind == "Ingress" else "/spec",
        before=place,
        resource=change.id,
        fixes=(Fix(f"keep {place}, or redirect it"),),
    )
