"""A hook that runs before the upgrade needs what the upgrade creates after it.

What happens: the hook's pod is not made (no ServiceAccount), waits for a volume or a key, or is
answered "forbidden"; helm waits until --timeout ends, and the upgrade fails with nothing changed.

Why: pre-upgrade hooks run before Helm creates anything else, by weight. What the hook names (a
ServiceAccount, Secret, ConfigMap or claim, a key of one, the binding of its account) is new in this
upgrade, changes its name, or is a hook of a higher weight.

What to do instead: make that object a pre-upgrade hook of lower weight, or create it in an upgrade
before.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.keys import key_references, keys
from policylint.kubernetes.api.rbac import account, bindings, subjects
from policylint.kubernetes.api.workloads import pod_template, references, referred
from policylint.kubernetes.forecast.hooks import WEIGHT, in_order, weight
from policylint.model import (
    Category,
    Confidence,
    Created,
    Fix,
    Kept,
    Manifest,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)


class Later(Struct, frozen=True):
    """What a hook needs and what comes after it: `key` is "" for the whole object."""

    object: ResourceId
    path: str
    key: str = ""
    because: str = ""


@rule(category=Category.DOWNTIME, severity=Severity.ERROR, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A hook before the upgrade (before the install where there is no before side) refers to an
    object, or to a key of one, that comes after it."""
    event = "pre-upgrade" if upgrade.before.resources else "pre-install"
    hooks = in_order(upgrade.after, event)
    order = [hook.id for hook in hooks]
    created = {change.id for change in upgrade.changes if isinstance(change, Created)}
    there = set(upgrade.before.resources) | set(upgrade.before.hooks)
    for place, hook in enumerate(hooks):
        later = (created | set(order[place + 1 :])) - there - set(order[: place + 1])
        needs = {need.object: need for need in _needs(upgrade, hook, later)}
        for need in needs.values():
            yield _waits(hook, need, event, is_hook=need.object in order)


def _needs(upgrade: Upgrade, hook: Resource, later: set[ResourceId]) -> Iterator[Later]:
    """What a hook's pods wait for, each from the one place that says so."""
    for reference in references(hook):
        needed = referred(hook, reference)
        if needed in later and not reference.optional:
            yield Later(needed, reference.path)
    changed = {change.id: change for change in upgrade.changes if isinstance(change, Kept)}
    for key in key_references(hook):
        change = changed.get(key.object)
        if change and key.key in keys(change.after) and key.key not in keys(change.before):
            yield Later(key.object, key.path, key.key)
    yield from _rights(upgrade, hook, later)


def _rights(upgrade: Upgrade, hook: Resource, later: set[ResourceId]) -> Iterator[Later]:
    """The first binding of the hook's account, where all its bindings come later."""
    template = pod_template(hook)
    if template is None:
        return
    subject = account(hook, template)
    names = _binding(upgrade.after, subject)
    if names and set(names) <= later and not _binding(upgrade.before, subject):
        path = "/spec/template/spec/serviceAccountName"
        yield Later(names[0], path, because=f"it gives {subject} its first rights; ")


def _binding(side: Manifest, subject: object) -> list[ResourceId]:
    both: Mapping[ResourceId, Resource] = {**side.resources, **side.hooks}
    everything = Manifest(both, {})
    return [binding.id for binding in bindings(everything) if subject in subjects(binding)]


def _waits(hook: Resource, need: Later, event: str, *, is_hook: bool) -> Violation:
    what = f"the key {need.key} of {need.object}" if need.key else str(need.object)
    comes = "written" if need.key else "created"
    lower = f'"{weight(hook) - 1}"'
    reason = (
        f"both are {event} hooks, and Helm runs them by weight, then by name"
        if is_hook
        else f"Helm runs {event} hooks before it creates anything else"
    )
    cost = "" if is_hook else "it is no object of the release any more: uninstall leaves it"
    first = f"give {need.object} the weight {lower}: {WEIGHT}: {lower}"
    if not is_hook:
        first = f"make {need.object} a {event} hook too, with {WEIGHT}: {lower}"
    return Violation(
        message=f"the hook {hook.id} waits for {what}, which is {comes} only after it",
        because=need.because + reason,
        path=need.path,
        after=need.key or need.object.name,
        resource=hook.id,
        fixes=(
            *(() if need.key else (Fix(first, cost=cost),)),
            Fix(
                f"{'write' if need.key else 'create'} {what} in an upgrade of its own, before "
                "this one"
            ),
        ),
    )
