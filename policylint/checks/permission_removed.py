"""A Role loses rights that its subjects had.

What happens: what runs under the bound accounts is answered "forbidden" for the verbs and resources
that are gone, from the moment the upgrade is applied: old pods too.

Why: a rule of a Role or ClusterRole was removed or narrowed (a verb, a resource, resourceNames), a
subject left a binding, or the role or its binding is deleted.

What to do instead: keep the rule until the pods that need it are gone; narrow it in an upgrade of
its own.
"""

from collections.abc import Iterator
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import in_namespace
from policylint.kubernetes.api.rbac import (
    BINDINGS,
    GROUP,
    ROLES,
    Right,
    Subject,
    account,
    bindings,
    bound_role,
    covers,
    granted,
    role_rights,
    subjects,
)
from policylint.kubernetes.api.workloads import containers, pod_template, workloads
from policylint.kubernetes.forecast.impact import is_kept
from policylint.kubernetes.manifests.renames import renames
from policylint.model import (
    Category,
    Change,
    Confidence,
    Created,
    Deleted,
    Fix,
    Kept,
    Manifest,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)
from policylint.runtime.sentences import first_of

SHOWN = 3
"""Rights that are named; the rest is told as a number."""


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """Rights that subjects of the after side had before and have no more, one violation for each
    role; and those of a role that somebody else binds."""
    touched = _touched(upgrade)
    if touched and upgrade.after.resources:
        yield from _of_subjects(upgrade, touched)
        yield from _of_nobody(upgrade, touched)


def _of_subjects(upgrade: Upgrade, touched: set[ResourceId]) -> Iterator[Violation]:
    """What the subjects of the release's bindings lose."""
    lost = _lost(upgrade)
    told = set()
    for binding in bindings(upgrade.before):
        role = bound_role(binding)
        gone = _share(lost, binding, upgrade)
        if gone and role not in told and {role, binding.id} & touched:
            told.add(role)
            yield _taken(upgrade, binding, gone)


def _share(
    lost: dict[Subject, set[Right]], binding: Resource, upgrade: Upgrade
) -> dict[Subject, set[Right]]:
    """What the subjects of a binding lose of that which it gave them."""
    granted_rights = granted(binding, upgrade.before)
    return {
        subject: lost[subject] & granted_rights
        for subject in subjects(binding) & lost.keys()
        if lost[subject] & granted_rights
    }


def _of_nobody(upgrade: Upgrade, touched: set[ResourceId]) -> Iterator[Violation]:
    """What roles that no binding of the release names allow no more."""
    seen = {bound_role(binding) for binding in bindings(upgrade.before)}
    seen |= {role.id for role, _ in renames(upgrade)}
    for change in upgrade.of(*ROLES):
        if change.id in touched - seen:
            yield from _unbound(change)


def _touched(upgrade: Upgrade) -> set[ResourceId]:
    """The roles and bindings that change or go."""
    return {
        change.id
        for change in upgrade.of(*ROLES, *BINDINGS)
        if change.id.group == GROUP and _changes(change)
    }


def _changes(change: Change) -> bool:
    if isinstance(change, Created):
        return False
    if isinstance(change, Deleted):
        return not is_kept(change.before)
    return bool(change.fields)


def _lost(upgrade: Upgrade) -> dict[Subject, set[Right]]:
    """What each subject that is still there can do no more."""
    before, after = _rights(upgrade.before), _rights(upgrade.after)
    for change in upgrade.of(*BINDINGS):
        if isinstance(change, Deleted) and is_kept(change.before):
            for subject in subjects(change.before):
                after.setdefault(subject, set()).update(granted(change.before, upgrade.before))
    lost: dict[Subject, set[Right]] = {}
    for subject in before.keys() & _staying(upgrade, set(before)):
        has = after.get(subject, set())
        gone = {right for right in before[subject] if not covers(has, right)}
        if gone:
            lost[subject] = gone
    return lost


def _rights(side: Manifest) -> dict[Subject, set[Right]]:
    rights: dict[Subject, set[Right]] = {}
    for binding in bindings(side):
        for subject in subjects(binding):
            rights.setdefault(subject, set()).update(granted(binding, side))
    return rights


def _staying(upgrade: Upgrade, bound: set[Subject]) -> set[Subject]:
    """The subjects that still act after the upgrade: users, groups, and accounts under which pods
    of the release run or that are none of the release's own."""
    own = {
        Subject("ServiceAccount", identity.namespace, identity.name)
        for identity in upgrade.before.resources
        if identity.kind == "ServiceAccount" and not identity.group
    }
    running = set(_running(upgrade.after))
    return {subject for subject in bound if subject in running or subject not in own}


def _running(side: Manifest) -> dict[Subject, list[Resource]]:
    """The workloads of a side by the account of their pods."""
    by_account: dict[Subject, list[Resource]] = {}
    for workload in workloads(side):
        by_account.setdefault(account(workload, pod_template(workload) or {}), []).append(workload)
    return by_account


def _taken(upgrade: Upgrade, binding: Resource, gone: dict[Subject, set[Right]]) -> Violation:
    subject, role = min(gone), bound_role(binding)
    pods = _running(upgrade.after).get(subject, [])
    because = _reason(upgrade, binding, role)
    severity = None
    if pods:
        because += f"; its pods run under {subject}"
    if pods and all(_has_new_images(workload, upgrade.before) for workload in pods):
        because += "; their image changes too, and the new one may not need it"
        if role in _narrowed(upgrade):
            severity = Severity.NOTE
        else:
            severity = None
    who = str(pods[0].id) if pods else str(subject)
    if len(gone) > 1:
        who += f" and {len(gone) - 1} more"
    message = f"{who} may no longer {_listed(set().union(*gone.values()))}"
    return Violation(
        message=message,
        because=because,
        path="/rules" if role in _narrowed(upgrade) else "",
        resource=role if role in _touched(upgrade) else binding.id,
        severity=severity,
        fixes=(
            Fix(f"keep {_what(upgrade, binding, role)} until nothing needs it any more"),
            Fix(
                "see what the account is allowed to do now",
                steps=(f"kubectl auth can-i --list {_flags(subject, upgrade)}",),
            ),
        ),
    )


def _narrowed(upgrade: Upgrade) -> set[ResourceId]:
    return {change.id for change in upgrade.of(*ROLES) if isinstance(change, Kept)}


def _reason(upgrade: Upgrade, binding: Resource, role: ResourceId) -> str:
    if binding.id not in upgrade.after.resources:
        return f"{binding.id} is deleted"
    if role in upgrade.before.resources and role not in upgrade.after.resources:
        return f"{role} is deleted, and {binding.id} still names it"
    if role in _touched(upgrade):
        return f"the rules of {role} no longer give it"
    return f"{binding.id} no longer gives it"


def _what(upgrade: Upgrade, binding: Resource, role: ResourceId) -> str:
    if binding.id not in upgrade.after.resources:
        return str(binding.id)
    if role in upgrade.before.resources and role not in upgrade.after.resources:
        return str(role)
    if role in _touched(upgrade):
        return f"the rule in {role}"
    return f"the subject in {binding.id}"


def _flags(subject: Subject, upgrade: Upgrade) -> str:
    if subject.kind == "ServiceAccount":
        name = f"system:serviceaccount:{subject.namespace}:{subject.name}"
        return f"--as {quote(name)}{in_namespace(subject.namespace)}"
    word = "--as-group" if subject.kind == "Group" else "--as"
    if subject.kind == "Group":
        someone = "--as someone "
    else:
        someone = ""
    return f"{someone}{word} {quote(subject.name)}{in_namespace(upgrade.namespace)}"


def _has_new_images(workload: Resource, before: Manifest) -> bool:
    """Whether every container of a kept workload runs another image than before."""
    old = before.resources.get(workload.id)
    return old is not None and not _images(old) & _images(workload)


def _images(workload: Resource) -> set[str]:
    return {str(body.get("image")) for _, body in containers(pod_template(workload) or {})}


def _unbound(change: Change) -> Iterator[Violation]:
    """A role that no binding of the release names: whoever binds it is not seen."""
    if isinstance(change, Created):
        return
    before = role_rights(change.before, change.id.namespace)
    if isinstance(change, Kept):
        after = role_rights(change.after, change.id.namespace)
    else:
        after = set()
    gone = {right for right in before if not covers(after, right)}
    if gone:
        deleted = isinstance(change, Deleted)
        yield Violation(
            message=f"whoever has {change.id} may no longer {_listed(gone)}",
            because="the role is deleted" if deleted else "its rules no longer give it",
            path="" if deleted else "/rules",
            resource=change.id,
            severity=Severity.NOTE if deleted else None,
            fixes=(
                Fix(f"keep {'the role' if deleted else 'the rule'} until nobody needs it any more"),
            ),
        )


def _listed(gone: set[Right]) -> str:
    return first_of(sorted({str(right) for right in gone}), SHOWN)
