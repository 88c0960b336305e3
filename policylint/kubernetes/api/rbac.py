"""Which rights the roles and bindings of a side give, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from msgspec import Struct

from policylint.kubernetes.api.reading import at, part, parts
from policylint.model import Manifest, Object, Resource, ResourceId

GROUP = "rbac.authorization.k8s.io"
ROLES = ("Role", "ClusterRole")
BINDINGS = ("RoleBinding", "ClusterRoleBinding")


class Right(Struct, frozen=True, order=True):
    """One verb on one resource, or on a path that is no resource; `name` is "" for every object of
    the resource. `namespace` is "" for the whole cluster, `group` that of the API.

    What a role gives that the release does not hold is the right with the verb "" on the role.
    """

    namespace: str
    verb: str
    group: str
    resource: str
    name: str = ""

    def __str__(self) -> str:
        if not self.verb:
            return f"do what {self.resource} allows"
        group = f".{self.group}" if self.group else ""
        return f"{self.verb} {self.resource}{group}{f' {self.name}' if self.name else ''}"


class Subject(Struct, frozen=True, order=True):
    """Who is bound: a ServiceAccount with its namespace, a User or a Group without one."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"


def role_rights(role: Resource, namespace: str) -> set[Right]:
    """What a role allows where it is bound: in a namespace, or everywhere ("")."""
    return {
        Right(namespace, *words)
        for entry in parts(role.body, "rules")
        for words in (*_resources(entry), *_paths(entry))
    }


def _resources(entry: Object) -> Iterator[tuple[str, str, str, str]]:
    names = _words(entry, "resourceNames") or [""]
    verbs, groups = _words(entry, "verbs"), _words(entry, "apiGroups")
    yield from product(verbs, groups, _words(entry, "resources"), names)


def _paths(entry: Object) -> Iterator[tuple[str, str, str, str]]:
    for verb, path in product(_words(entry, "verbs"), _words(entry, "nonResourceURLs")):
        yield verb, "", path, ""


def _words(entry: Object, field: str) -> list[str]:
    words = entry.get(field)
    if isinstance(words, list):
        return [str(word) for word in words]
    return []


def subjects(binding: Resource) -> set[Subject]:
    """Whom a binding names; a ServiceAccount without a namespace is of the binding's own."""
    return {
        Subject(
            str(entry.get("kind")),
            str(entry.get("namespace") or binding.id.namespace)
            if entry.get("kind") == "ServiceAccount"
            else "",
            str(entry.get("name")),
        )
        for entry in parts(binding.body, "subjects")
    }


def bound_role(binding: Resource) -> ResourceId:
    """The role that a binding names."""
    reference = part(binding.body, "roleRef")
    kind = str(reference.get("kind"))
    namespace = binding.id.namespace if kind == "Role" else ""
    return ResourceId(GROUP, kind, namespace, str(reference.get("name")))


def bindings(side: Manifest) -> Iterator[Resource]:
    """Every binding of a side."""
    for identity, resource in side.resources.items():
        if identity.group == GROUP and identity.kind in BINDINGS:
            yield resource


def granted(binding: Resource, side: Manifest) -> set[Right]:
    """What a binding gives its subjects: the rights of its role, or the role's name where it is
    somebody else's."""
    identity = bound_role(binding)
    role = side.resources.get(identity)
    if role is None:
        return {Right(binding.id.namespace, "", identity.kind, str(identity))}
    return role_rights(role, binding.id.namespace)


def covers(rights: set[Right], right: Right) -> bool:
    """Whether a right is among these, by its own words or by wider ones."""
    spellings = product(
        {right.namespace, ""},
        {right.verb, "*"},
        {right.group, "*"},
        _wider(right.resource),
        {right.name, ""},
    )
    return any(Right(*spelling) in rights for spelling in spellings)


def _wider(resource: str) -> set[str]:
    """A resource's own name, a star, and what RBAC takes for a subresource of any."""
    _, slash, subresource = resource.partition("/")
    return {resource, "*"} | ({f"*/{subresource}"} if slash else set())


def account(workload: Resource, template: Object) -> Subject:
    """The ServiceAccount that a workload's pods run under."""
    name = at(template, "spec", "serviceAccountName") or at(template, "spec", "serviceAccount")
    return Subject("ServiceAccount", workload.id.namespace, str(name or "default"))
