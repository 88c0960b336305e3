"""API priority and fairness (pkg/apis/flowcontrol/validation)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from policylint.kubernetes.api.fielderrors import (
    each_invalid,
    forbidden,
    invalid,
    required,
    unsupported,
)
from policylint.kubernetes.api.reading import (
    fields,
    has,
    many,
    number,
    objects,
    text,
    text_map,
    texts,
)
from policylint.kubernetes.validity.formats import dns_label, dns_subdomain
from policylint.kubernetes.validity.scope import Scope, unjudged
from policylint.model import Cause, Object

_SUBJECTS: Mapping[str, str] = {
    "Group": "group",
    "ServiceAccount": "serviceAccount",
    "User": "user",
}
_VERBS = (
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "proxy",
    "update",
    "watch",
)
_MANDATORY = ("catch-all", "exempt")
"""What both kinds have in every cluster; its spec is that of the server's own code
(pkg/apis/flowcontrol/bootstrap)."""

_ZERO_SHARES = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"
_LAST = 10_000
_MOST_QUEUES = 10_000_000
_HASH_BITS = 60


def _precedence(value: float, at: str) -> Iterator[Cause]:
    if value < 0:
        yield invalid(at, value, "must be a positive value")
    if value > _LAST:
        yield invalid(at, value, f"must not be greater than {_LAST}")


def _mandatory(at: str, scope: Scope) -> Iterator[Cause]:
    """What is left open of the objects whose spec is fixed."""
    name = text(fields(scope.root, "metadata"), "name")
    if name in _MANDATORY:
        yield unjudged(at, f"whether the spec of {scope.kind} {name} is the fixed one")


def flow_schema(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a FlowSchema's spec."""
    yield from _mandatory(at, scope)
    precedence = number(spec, "matchingPrecedence")
    name = text(fields(spec, "priorityLevelConfiguration"), "name")
    if precedence is not None:
        yield from _precedence(precedence, f"{at}.matchingPrecedence")
    if precedence == 1 and text(fields(scope.root, "metadata"), "name") != "exempt":
        detail = "only the schema named 'exempt' may have matchingPrecedence 1"
        yield invalid(f"{at}.matchingPrecedence", 1, detail)
    where = f"{at}.priorityLevelConfiguration.name"
    missing = required(where, "must reference a priority level")
    yield from each_invalid(where, name, dns_subdomain(name)) if name else [missing]
    for path, rule in objects(spec, "rules", at):
        if not many(rule, "subjects"):
            yield required(f"{path}.subjects", "subjects must contain at least one value")
        if not many(rule, "resourceRules") and not many(rule, "nonResourceRules"):
            yield required(
                path, "at least one of resourceRules and nonResourceRules has to be non-empty"
            )


def distinguisher(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of what keeps flows apart: it has a type."""
    if not text(value, "type"):
        yield unsupported(f"{at}.type", {"Type": ""}, ("ByNamespace", "ByUser"))


def subject(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a subject of a FlowSchema."""
    kind = text(value, "kind")
    if kind not in _SUBJECTS:
        yield unsupported(f"{at}.kind", kind, tuple(_SUBJECTS))
        return
    own = _SUBJECTS[kind]
    for subject_kind, name in _SUBJECTS.items():
        if name != own and has(value, name):
            detail = f"{name} is forbidden when subject kind is not '{subject_kind}'"
            yield forbidden(f"{at}.{name}", detail)
    if not has(value, own):
        yield required(f"{at}.{own}", f"{own} is required when subject kind is '{kind}'")
    elif not text(fields(value, own), "name"):
        yield required(f"{at}.{own}.name")
    if kind == "ServiceAccount":
        yield from _account(fields(value, "serviceAccount"), f"{at}.serviceAccount")


def _account(account: Object, at: str) -> Iterator[Cause]:
    name, namespace = text(account, "name"), text(account, "namespace")
    if name and name != "*":
        yield from each_invalid(f"{at}.name", name, dns_subdomain(name))
    if not namespace:
        yield required(f"{at}.namespace", "must specify namespace for service account")
    else:
        yield from each_invalid(f"{at}.namespace", namespace, dns_label(namespace))


def resource_rule(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a rule for resources."""
    yield from _verbs(value, at)
    for name, what, plural in (
        ("apiGroups", "api group", "api groups"),
        ("resources", "resource", "resources"),
    ):
        entries = many(value, name)
        if not entries:
            yield required(f"{at}.{name}", f"resource rules must supply at least one {what}")
        elif len(entries) > 1 and "*" in entries:
            yield invalid(
                f"{at}.{name}", entries, f"if '*' is present, must not specify other {plural}"
            )
    yield from _namespaces(value, at)


def _namespaces(value: Object, at: str) -> Iterator[Cause]:
    namespaces = many(value, "namespaces")
    if not namespaces and value.get("clusterScope") is not True:
        detail = "resource rules that are not cluster scoped must supply at least one namespace"
        yield required(f"{at}.namespaces", detail)
    elif len(namespaces) > 1 and "*" in namespaces:
        yield invalid(
            f"{at}.namespaces", namespaces, "if '*' is present, must not specify other namespaces"
        )
    for path, name in texts(value, "namespaces", at):
        for complaint in dns_label(name) if name != "*" else ():
            yield invalid(
                path, name, f"each member of this list must be '*' or a DNS-1123 label; {complaint}"
            )


def url_rule(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a rule for paths that are no resources."""
    yield from _verbs(value, at)
    urls = many(value, "nonResourceURLs")
    if not urls:
        yield required(f"{at}.nonResourceURLs", "nonResourceURLs must contain at least one value")
    elif len(urls) > 1 and "*" in urls:
        detail = "if '*' is present, must not specify other non-resource URLs"
        yield invalid(f"{at}.nonResourceURLs", urls, detail)
    elif "*" not in urls:
        for path, url in texts(value, "nonResourceURLs", at):
            complaint = _url_complaint(url)
            if complaint:
                yield invalid(path, url, complaint)


def _url_complaint(url: str) -> str:
    """What is wrong with a path that is no resource (ValidateNonResourceURLPath)."""
    if not url:
        return "must not be empty"
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    stars = url.count("*")
    if stars > 1 or (stars and not url.endswith("/*")):
        return "wildcard can only do suffix matching"
    return ""


def _verbs(value: Object, at: str) -> Iterator[Cause]:
    verbs = many(value, "verbs")
    if not verbs:
        yield required(f"{at}.verbs", "verbs must contain at least one value")
    elif "*" in verbs:
        if len(verbs) > 1:
            yield invalid(f"{at}.verbs", verbs, "if '*' is present, must not specify other verbs")
    elif any(verb not in _VERBS for verb in verbs):
        yield unsupported(f"{at}.verbs", verbs, _VERBS)


def priority_level(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a PriorityLevelConfiguration's spec."""
    yield from _mandatory(at, scope)
    yield from _zero_shares(text_map(fields(scope.root, "metadata"), "annotations"))
    kind = text(spec, "type")
    if (text(fields(scope.root, "metadata"), "name") == "exempt") != (kind == "Exempt"):
        yield invalid(f"{at}.type", kind, "must be 'Exempt' if and only if `name` is 'exempt'")
    if kind == "Exempt":
        if has(spec, "limited"):
            yield forbidden(f"{at}.limited", "must be nil if the type is not Limited")
    elif kind == "Limited":
        if has(spec, "exempt"):
            yield forbidden(f"{at}.exempt", "must be nil if the type is Limited")
        if not has(spec, "limited"):
            yield required(f"{at}.limited", "must not be empty when type is Limited")
    else:
        yield (
            unsupported(f"{at}.type", kind, ("Exempt", "Limited"))
            if kind
            else required(f"{at}.type")
        )
    shares = number(fields(spec, "limited"), "nominalConcurrencyShares")
    if shares is not None and shares < 0:
        yield invalid(
            f"{at}.limited.nominalConcurrencyShares", shares, "must be a non-negative integer"
        )


def _zero_shares(annotations: Mapping[str, str]) -> Iterator[Cause]:
    if _ZERO_SHARES in annotations:
        yield forbidden("metadata.annotations", f"annotation '{_ZERO_SHARES}' is forbidden")


def limit_response(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of what happens to requests over a limit."""
    kind = text(value, "type")
    if kind == "Reject":
        if has(value, "queuing"):
            yield forbidden(
                f"{at}.queuing", "must be nil if limited.limitResponse.type is not Limited"
            )
    elif kind == "Queue":
        if not has(value, "queuing"):
            yield required(
                f"{at}.queuing", "must not be empty if limited.limitResponse.type is Limited"
            )
    else:
        yield (
            unsupported(f"{at}.type", kind, ("Queue", "Reject")) if kind else required(f"{at}.type")
        )


def queuing(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of how requests are queued: shuffle sharding must fit into a hash."""
    length, queues, hand = (
        number(value, name) or 0 for name in ("queueLengthLimit", "queues", "handSize")
    )
    if length <= 0:
        yield invalid(f"{at}.queueLengthLimit", length, "must be positive")
    if queues <= 0:
        yield invalid(f"{at}.queues", queues, "must be positive")
    elif queues > _MOST_QUEUES:
        yield invalid(f"{at}.queues", queues, f"must not be greater than {_MOST_QUEUES}")
    if hand <= 0:
        yield invalid(f"{at}.handSize", hand, "must be positive")
    elif hand > queues:
        yield invalid(f"{at}.handSize", hand, f"should not be greater than queues ({queues})")
    elif math.ceil(math.log2(queues) * hand) > _HASH_BITS:
        detail = (
            f"required entropy bits of deckSize {queues} and handSize {hand} should not be "
            f"greater than {_HASH_BITS}"
        )
        yield invalid(f"{at}.handSize", hand, detail)
