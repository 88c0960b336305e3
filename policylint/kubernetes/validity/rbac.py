"""Roles and their bindings (pkg/apis/rbac/validation)."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import each_invalid, invalid, required, unsupported
from policylint.kubernetes.api.reading import fields, has, many, objects, text
from policylint.kubernetes.validity.formats import dns_subdomain
from policylint.kubernetes.validity.names import path_segment
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object

_GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = ("ServiceAccount", "User", "Group")


def rule(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a rule of a Role or ClusterRole."""
    if not many(value, "verbs"):
        yield required(f"{at}.verbs", "verbs must contain at least one value")
    urls = many(value, "nonResourceURLs")
    if urls:
        if scope.kind == "Role":
            yield invalid(
                f"{at}.nonResourceURLs", urls, "namespaced rules cannot apply to non-resource URLs"
            )
        if many(value, "apiGroups") or many(value, "resources") or many(value, "resourceNames"):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid(f"{at}.nonResourceURLs", urls, detail)
        return
    if not many(value, "apiGroups"):
        yield required(f"{at}.apiGroups", "resource rules must supply at least one api group")
    if not many(value, "resources"):
        yield required(f"{at}.resources", "resource rules must supply at least one resource")


def cluster_role(obj: Object, _at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a ClusterRole that its rules do not show."""
    if has(obj, "aggregationRule") and not many(
        fields(obj, "aggregationRule"), "clusterRoleSelectors"
    ):
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        yield required("aggregationRule.clusterRoleSelectors", detail)


def binding(obj: Object, _at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a RoleBinding or ClusterRoleBinding."""
    reference = fields(obj, "roleRef")
    group, kind, name = (
        text(reference, "apiGroup"),
        text(reference, "kind"),
        text(reference, "name"),
    )
    known = ("ClusterRole",) if scope.kind == "ClusterRoleBinding" else ("Role", "ClusterRole")
    if group not in ("", _GROUP):
        yield unsupported("roleRef.apiGroup", group, (_GROUP,))
    if kind not in known:
        yield unsupported("roleRef.kind", kind, known)
    yield from (
        each_invalid("roleRef.name", name, path_segment(name))
        if name
        else [required("roleRef.name")]
    )
    for path, subject in objects(obj, "subjects", ""):
        yield from _subject(subject, path, scope)


def _subject(subject: Object, at: str, scope: Scope) -> Iterator[Cause]:
    kind, name, group = text(subject, "kind"), text(subject, "name"), text(subject, "apiGroup")
    if not name:
        yield required(f"{at}.name")
    if kind not in _SUBJECTS:
        yield unsupported(f"{at}.kind", kind, _SUBJECTS)
    elif kind == "ServiceAccount":
        yield from each_invalid(f"{at}.name", name, dns_subdomain(name) if name else ())
        if group:
            yield unsupported(f"{at}.apiGroup", group, ("",))
        if scope.kind == "ClusterRoleBinding" and not text(subject, "namespace"):
            yield required(f"{at}.namespace")
    elif group not in ("", _GROUP):
        yield unsupported(f"{at}.apiGroup", group, (_GROUP,))
