"""A hook needs what is not there while it runs.

What happens: the hook's pod is not made (no ServiceAccount), waits for a volume or a key, or is
answered "forbidden"; helm waits until --timeout ends, and the upgrade fails. Before the upgrade,
nothing else is changed then.

Why: Helm runs hooks one after the other, by weight, then by name: those before the upgrade before
anything else is sent. The ServiceAccount, Secret, ConfigMap, claim or RoleBinding that the hook
needs is new in this upgrade and comes only after it, is a hook of higher weight, was deleted
(hook-succeeded) when the hooks of its event had run, or is a hook that an upgrade does not run
(pre-install alone).

What to do instead: make that object a hook of the same event and lower weight, or create it in an
upgrade before.
"""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.keys import key_references, keys_of
from policylint.kubernetes.api.rbac import account, bindings, bound_role, subjects
from policylint.kubernetes.api.workloads import pod_template, references, referred, template_path
from policylint.kubernetes.forecast.moments import Moment, Moments, backward, forward
from policylint.kubernetes.manifests.hookorder import POLICY, WEIGHT, weight
from policylint.model import (
    Category,
    Confidence,
    Direction,
    Fix,
    Manifest,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

_COST = "it is no object of the release any more: uninstall leaves it"


@rule(category=Category.DOWNTIME, severity=Severity.ERROR, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A hook refers to an object of the release that is not there yet, or no longer, when it
    runs."""
    if not upgrade.before.hooks and not upgrade.after.hooks:
        return
    told: set[tuple[ResourceId, str]] = set()
    for direction, moments in (
        (Direction.UPGRADE, forward(upgrade, {})),
        (Direction.ROLLBACK, backward(upgrade, {})),
    ):
        for event, moment, hook in moments.of_hooks():
            for violation in _waits(Run(hook, event, moment, moments, direction)):
                about = (hook.id, violation.message)
                if about not in told:
                    told.add(about)
                    yield violation


class Run(Struct, frozen=True):
    """One hook when its turn comes."""

    hook: Resource
    event: str
    moment: Moment
    moments: Moments
    direction: Direction


def _waits(run: Run) -> Iterator[Violation]:
    told: set[ResourceId] = set()
    for reference in references(run.hook):
        needed = referred(run.hook, reference)
        if reference.optional:
            absence = None
        else:
            absence = _absence(needed, run)
        if absence is not None and needed not in told:
            told.add(needed)
            why, fixes = absence
            message = f"the hook {run.hook.id} waits for {needed}, which {why}"
            yield _violation(run, message, reference.path, needed.name, fixes)
    yield from _keyless(run)
    yield from _powerless(run)


def _absence(needed: ResourceId, run: Run) -> tuple[str, tuple[Fix, ...]] | None:
    """Why an object of the release is not there when the hook runs, and what to do; None where it
    is there, or nobody knows it."""
    moments = run.moments
    if moments.is_never_made(needed):
        events = ", ".join(moments.makes.hooks[needed].hooks)
        fix = Fix(f"add {run.event} to helm.sh/hook of {needed}, and {_lower(run)}")
        return f"is a hook itself that this run does not make ({events})", (fix,)
    if not moments.knows(needed) or moments.has(needed, run.moment):
        return None
    if moments.comes_after(needed, run.moment):
        return "is created only after it", _made_first(needed, run)
    fix = Fix(f"take hook-succeeded out of {POLICY} of {needed}")
    return "Helm has deleted by then (hook-succeeded)", (fix,)


def _lower(run: Run) -> str:
    return f'{WEIGHT}: "{weight(run.hook) - 1}"'


def _made_first(needed: ResourceId, run: Run) -> tuple[Fix, ...]:
    if needed in run.moments.makes.hooks:
        return (Fix(f"give {needed} a weight below that of the hook: {_lower(run)}"),)
    if run.direction is Direction.ROLLBACK:
        return (Fix(f"keep {needed} in the release until no rollback needs it"),)
    return (
        Fix(f"make {needed} a {run.event} hook too, with {_lower(run)}", cost=_COST),
        Fix(f"create {needed} in an upgrade of its own, before this one"),
    )


def _keyless(run: Run) -> Iterator[Violation]:
    """Keys that the object does not have yet, and has after the hook ran."""
    for reference in key_references(run.hook):
        now = run.moments.body(reference.object, run.moment)
        later = run.moments.makes.resources.get(reference.object)
        if now is None or later is None or reference.key in keys_of(now):
            continue
        if reference.key in keys_of(later.body):
            what = f"the key {reference.key} of {reference.object}"
            message = f"the hook {run.hook.id} waits for {what}, which comes only after it"
            fix = Fix(f"add {what} in an upgrade of its own, before this one")
            yield _violation(run, message, reference.path, reference.key, (fix,))


def _powerless(run: Run) -> Iterator[Violation]:
    """A binding or role of the hook's account that comes only after it; where the account has
    another binding by then, what this one gives may not be needed."""
    template = pod_template(run.hook)
    if template is None:
        return
    subject = account(run.hook, template)
    late = [_late(binding, run) for binding in _bindings(run) if subject in subjects(binding)]
    for needed in filter(None, late):
        message = (
            f"the hook {run.hook.id} runs without the rights of {needed}, "
            "which is created only after it"
        )
        path = f"{template_path(run.hook.id.kind)}/spec/serviceAccountName"
        violation = _violation(run, message, path, needed.name, _made_first(needed, run))
        yield violation if None not in late else _weaker(violation)


def _bindings(run: Run) -> tuple[Resource, ...]:
    """The bindings of the release, whenever they are there."""
    makes, there = run.moments.makes, run.moments.there
    everything = {**there.hooks, **there.resources, **makes.hooks, **makes.resources}
    return tuple(bindings(Manifest(everything, {})))


def _late(binding: Resource, run: Run) -> ResourceId | None:
    """The binding, or its role, where it comes only after the hook."""
    for needed in (binding.id, bound_role(binding)):
        there = run.moments.has(needed, run.moment)
        if not there and run.moments.comes_after(needed, run.moment):
            return needed
    return None


def _weaker(violation: Violation) -> Violation:
    return replace(violation, severity=Severity.WARNING, confidence=Confidence.DEPENDS)


def _violation(run: Run, message: str, path: str, named: str, fixes: tuple[Fix, ...]) -> Violation:
    because = f"Helm runs {run.event} hooks by weight, then by name"
    if run.event.startswith("pre-"):
        because += ", before it sends anything else"
    return Violation(
        message=message,
        because=because,
        path=path,
        after=named,
        resource=run.hook.id,
        direction=run.direction,
        severity=Severity.WARNING if run.direction is Direction.ROLLBACK else None,
        fixes=fixes,
    )
