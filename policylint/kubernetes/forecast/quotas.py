"""What a ResourceQuota of the namespace says of a new object.

The quota controller writes what is used into the quota's status, and admission goes by that: a
quota that was given with --live answers, one of the release alone leaves the answer open. Helm
itself makes a Secret, the record of the new revision, before anything else. Source: the
ResourceQuota admission plugin of k8s.io/apiserver.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from shlex import quote

from policylint.kubernetes.api import usage
from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import part, parts
from policylint.kubernetes.api.usage import Usage, of_object
from policylint.kubernetes.forecast.limitranges import completed, of_whole_pod
from policylint.kubernetes.forecast.moments import START, Moment, Moments
from policylint.kubernetes.forecast.quotascopes import in_scope
from policylint.kubernetes.forecast.request import Finding
from policylint.model import Cause, Object, Resource, ResourceId, Unknown

_TOPIC = "invalid-object"
_SECRETS = ("secrets", "count/secrets")
_SPECIFIED = frozenset(
    f"{kind}{name}" for kind in ("", "requests.", "limits.") for name in ("cpu", "memory")
)
"""What every container must ask for, or be limited to, where a quota counts it."""
_FIRST = (START[0], START[1] + 1)


def exceeded(
    resource: Resource, moments: Moments, moment: Moment, namespace: str
) -> Iterator[Finding]:
    """Why the quotas of its namespace refuse a new object, as far as the release and the live
    objects tell; `namespace` is that of the release."""
    wanted = of_object(resource.id, resource.body)
    pod = None
    if (resource.id.group, resource.id.kind) == ("", "Pod"):
        ranges = moments.of_kind("LimitRange", resource.id.namespace, moment)
        limits = [part(body, "spec") for identity, body in ranges if not identity.group]
        pod = completed(part(resource.body, "spec"), limits)
        wanted = {**wanted, **usage.named(*of_whole_pod(pod, []))}
    for identity, quota in moments.of_kind("ResourceQuota", resource.id.namespace, moment):
        if identity.group or not in_scope(part(quota, "spec"), pod):
            continue
        if pod is not None:
            yield from _unspecified(identity, quota, pod)
        record = Fraction(resource.id.namespace == namespace)
        yield from _judged(identity, quota, wanted, _Used(moments, moment, record))


def _unspecified(identity: ResourceId, quota: Object, pod: Object) -> Iterator[Finding]:
    """The processors and memory that containers do not ask for although the quota counts them;
    what the Pod asks for as a whole is enough."""
    if any(part(pod, "resources").values()):
        return
    hard = _hard(quota)
    containers = [*parts(pod, "containers"), *parts(pod, "initContainers")]
    missing = []
    for name in sorted(_SPECIFIED & hard.keys()):
        of = sorted(str(item.get("name")) for item in containers if name not in _asked(item))
        if of:
            missing.append(f"{name} for: {','.join(of)}")
    if missing:
        text = f"failed quota: {identity.name}: must specify {'; '.join(missing)}"
        yield _finding(identity, text, known=_is_known(quota))


def _asked(container: Object) -> Usage:
    resources = part(container, "resources")
    return usage.named(part(resources, "requests"), part(resources, "limits"))


def _is_known(quota: Object) -> bool:
    return bool(part(quota, "status", "hard"))


def _hard(quota: Object) -> Object:
    return part(quota, "status", "hard") or part(quota, "spec", "hard")


class _Used:
    """What is used when an object is sent."""

    def __init__(self, moments: Moments, moment: Moment, record: Fraction) -> None:
        self.moments, self.moment, self.record = moments, moment, record

    def of(self, name: str, namespace: str, *, since_start: bool) -> Fraction:
        """What the release's own objects use under a name: all of them, or those that this run has
        made so far; the record of the revision is one Secret more."""
        total = self.record if name in _SECRETS else Fraction(0)
        for identity in self.moments.identities:
            if identity.namespace == namespace and self._counts(identity, since_start):
                body = self.moments.body(identity, self.moment) or {}
                total += of_object(identity, body).get(name, Fraction(0))
        return total

    def _counts(self, identity: ResourceId, since_start: bool) -> bool:
        there = self.moments.has(identity, self.moment)
        return there and not (since_start and self.moments.has(identity, _FIRST))


def _judged(identity: ResourceId, quota: Object, wanted: Usage, used: _Used) -> Iterator[Finding]:
    known = _is_known(quota)
    for name, hard in _hard(quota).items():
        amount = wanted.get(name)
        limit = parse_quantity(hard)
        if amount is None or limit is None:
            continue
        before = parse_quantity(part(quota, "status", "used").get(name)) or Fraction(0)
        now = before + used.of(name, identity.namespace, since_start=known)
        if now + amount > limit:
            text = (
                f"exceeded quota: {identity.name}, requested: {_written(amount)} of {name}, "
                f"used: {_written(now)}, limited: {_written(limit)}"
            )
            yield _finding(identity, text, known=known)


def _finding(identity: ResourceId, text: str, *, known: bool) -> Finding:
    if known:
        return Cause("", "Forbidden", text, _TOPIC, "ResourceQuota")
    how = f"kubectl describe resourcequota {quote(identity.name)} -n {quote(identity.namespace)}"
    return Unknown(f"the quota {identity.name}, by the release alone: {text}", how, _TOPIC)


def _written(amount: Fraction) -> str:
    return str(amount if amount.denominator == 1 else float(amount))
