"""A Role loses rights that its subjects had.

What happens: what runs under the bound accounts is answered "forbidden" for the verbs and resources
that are gone, from the moment the upgrade is applied: old pods too.

Why: a rule of a Role or ClusterRole was removed or narrowed, or the role or its binding is deleted.

What to do instead: keep the rule until the pods that need it are gone; narrow it in an upgrade of
its own.
"""

from collections.abc import Iterator
from itertools import product

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import at, items, workloads
from policylint.kubernetes.forecast.impact import is_kept
from policylint.kubernetes.manifests.renames import renames
from policylint.model import (
    Category,
    Confidence,
    Deleted,
    Fix,
    Kept,
    Object,
    Resource,
    Severity,
    Upgrade,
    Violation,
)

GROUP = "rbac.authorization.k8s.io"
ROLES = ("Role", "ClusterRole")
BINDINGS = ("RoleBinding", "ClusterRoleBinding")
Right = tuple[str, str, str]
"""(verb, API group, resource)."""


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """Rights of a kept role that go, and bindings that go while pods still run under their
    accounts."""
    for change in upgrade.of(*ROLES):
        if isinstance(change, Kept) and change.fields and change.id.group == GROUP:
            gone = sorted(_rights(change.before.body) - _covered(change))
            if gone:
                yield _narrowed(change, gone)
    for binding in _gone_bindings(upgrade):
        yield from _unbound(binding, upgrade)


def _gone_bindings(upgrade: Upgrade) -> list[Resource]:
    """The bindings that go and come back under no other name."""
    renamed = {old.id for old, _ in renames(upgrade)}
    gone = [change.before for change in upgrade.of(*BINDINGS) if isinstance(change, Deleted)]
    return [binding for binding in gone if binding.id not in renamed and not is_kept(binding)]


def _rights(body: Object) -> set[Right]:
    """What a role allows, names of objects left out."""
    rights: set[Right] = set()
    for entry in items(body, "rules"):
        if not entry.get("resourceNames"):
            verbs, groups = _words(entry, "verbs"), _words(entry, "apiGroups")
            rights.update(product(verbs, groups, _words(entry, "resources")))
    return rights


def _words(entry: Object, field: str) -> list[str]:
    words = entry.get(field)
    return [str(word) for word in words] if isinstance(words, list) else []


def _covered(change: Kept) -> set[Right]:
    """The rights of the before side that the after side gives, by name or by a star."""
    after = _rights(change.after.body)
    return {right for right in _rights(change.before.body) if _given(right, after)}


def _given(right: Right, rights: set[Right]) -> bool:
    verb, group, resource = right
    spellings = product((verb, "*"), (group, "*"), (resource, "*"))
    return any(spelling in rights for spelling in spellings)


def _narrowed(change: Kept, gone: list[Right]) -> Violation:
    words = [f"{verb} {resource}{f'.{group}' if group else ''}" for verb, group, resource in gone]
    more = f" and {len(words) - 3} more" if len(words) > 3 else ""
    return Violation(
        message=f"whoever has {change.id} may no longer {', '.join(words[:3])}{more}",
        because="the rules of the role no longer give it",
        path="/rules",
        resource=change.id,
        fixes=(Fix("keep the rule until the pods that need it are gone"),),
    )


def _unbound(binding: Resource, upgrade: Upgrade) -> Iterator[Violation]:
    """Accounts of a deleted binding under which pods of the after side run."""
    accounts = {
        (str(subject.get("namespace") or binding.id.namespace), str(subject.get("name")))
        for subject in items(binding.body, "subjects")
        if subject.get("kind") == "ServiceAccount"
    }
    role = at(binding.body, "roleRef", "name")
    for workload in workloads(upgrade.after):
        if (workload.id.namespace, _account(workload)) in accounts and not _bound_again(
            binding, upgrade
        ):
            yield Violation(
                message=f"{workload.id} loses the rights of {role}: {binding.id} is deleted",
                because=f"its pods still run under the account {_account(workload)}",
                resource=binding.id,
                fixes=(Fix(f"keep {binding.id}"),),
            )
            return


def _account(workload: Resource) -> str:
    from_template = at(workload.body, "spec", "template", "spec", "serviceAccountName")
    return from_template if isinstance(from_template, str) else "default"


def _bound_again(binding: Resource, upgrade: Upgrade) -> bool:
    """Whether another binding of the after side names the same subjects."""
    subjects = items(binding.body, "subjects")
    return any(
        identity.kind in BINDINGS and items(resource.body, "subjects") == subjects
        for identity, resource in upgrade.after.resources.items()
    )
