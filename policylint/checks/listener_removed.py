"""A Gateway stops to listen.

What happens: connections to the port are refused, and routes that hang on the listener are detached
(NoMatchingParent): their hosts answer nothing.

Why: a listener of a Gateway that stays is gone, or was renamed while routes name it.

What to do instead: keep the listener, or move the routes to another one in the same upgrade.

Source: gateway-api.sigs.k8s.io, Gateway and ParentReference.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import parts, text
from policylint.model import (
    Category,
    Fix,
    Kept,
    Manifest,
    Object,
    Resource,
    Severity,
    Upgrade,
    Violation,
)

GROUP = "gateway.networking.k8s.io"


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A listener that only the before side has; an error where a route still names it."""
    for change in upgrade.of("Gateway"):
        if not isinstance(change, Kept) or change.id.group != GROUP:
            continue
        for listener in _gone(change):
            yield _violation(change, listener, _routes(change.after, listener, upgrade.after))


def _gone(change: Kept) -> list[Object]:
    after = {text(listener, "name") for listener in parts(change.after.body, "spec", "listeners")}
    before = parts(change.before.body, "spec", "listeners")
    return [listener for listener in before if text(listener, "name") not in after]


def _violation(change: Kept, listener: Object, routes: list[str]) -> Violation:
    name, port = text(listener, "name"), listener.get("port")
    listeners = parts(change.after.body, "spec", "listeners")
    severity = None
    if routes:
        severity = Severity.ERROR
        message = f"{', '.join(routes)} answers nothing: its listener {name} of {change.id} is gone"
    elif any(neighbour.get("port") == port for neighbour in listeners):
        severity = Severity.NOTE
        message = f"the listener {name} of {change.id} is gone; port {port} has others"
    else:
        message = f"{change.id} no longer listens on port {port} ({name})"
    return Violation(
        message=message,
        because="routes name a listener by sectionName" if routes else "",
        path="/spec/listeners",
        before=dict(listener),
        severity=severity,
        resource=change.id,
        fixes=(Fix(f"keep the listener {name}, or move its routes in the same upgrade"),),
    )


def _routes(gateway: Resource, listener: Object, side: Manifest) -> list[str]:
    """The routes of a side that name a listener of a Gateway."""
    wanted = (gateway.id.namespace, gateway.id.name, text(listener, "name"))
    return [
        str(route.id)
        for route in side.resources.values()
        if route.id.group == GROUP and wanted in _sections(route)
    ]


def _sections(route: Resource) -> set[tuple[str, str, str]]:
    """(namespace, name of the Gateway, listener) that a route hangs on by name."""
    return {
        (
            text(parent, "namespace") or route.id.namespace,
            text(parent, "name"),
            text(parent, "sectionName"),
        )
        for parent in parts(route.body, "spec", "parentRefs")
    }
