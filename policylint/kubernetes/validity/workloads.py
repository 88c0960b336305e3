"""Deployments, StatefulSets, DaemonSets, ReplicaSets, ReplicationControllers
(pkg/apis/apps/validation)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.kubernetes.api.fielderrors import (
    NOT_NEGATIVE,
    each_invalid,
    forbidden,
    go_struct,
    invalid,
    required,
    unsupported,
)
from policylint.kubernetes.api.reading import fields, has, number, objects, text, text_map
from policylint.kubernetes.validity.formats import dns_label, percent
from policylint.kubernetes.validity.pod import always_restarts, template_metadata
from policylint.kubernetes.validity.scope import Scope
from policylint.kubernetes.validity.selectors import is_empty, matches
from policylint.model import Cause, Json, Object
from policylint.runtime.digits import whole, whole_or

_ROLLED_BACK = "deprecated.deployment.rollback.to"

_SERVICE_NAMES = 33
"""The first minor that checks the name of a StatefulSet's service."""

_TEMPLATES = 34
"""The first minor that checks the pod spec and the claim templates of a StatefulSet; before, only
metadata."""


def deployment(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a Deployment's spec."""
    yield from _rolled_back(text_map(fields(scope.root, "metadata"), "annotations"))
    yield from _selected(spec, at, "deployment")
    yield from always_restarts(fields(spec, "template"), f"{at}.template", "ReplicaSet")
    yield from _deployment_strategy(fields(spec, "strategy"), f"{at}.strategy")
    deadline, ready = number(spec, "progressDeadlineSeconds"), number(spec, "minReadySeconds") or 0
    if deadline is None and not has(spec, "progressDeadlineSeconds"):
        deadline = 600
    if deadline is not None and deadline <= ready:
        yield invalid(
            f"{at}.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"
        )


def _rolled_back(annotations: Mapping[str, str]) -> Iterator[Cause]:
    """The errors of the annotation that is a field of the server's own form of a Deployment."""
    written = annotations.get(_ROLLED_BACK, "")
    if not written:
        return
    revision = whole(written)
    if revision is None:
        detail = f"failed to parse annotation[{_ROLLED_BACK}]={written} as int64"
        yield invalid(f"metadata.annotations[{_ROLLED_BACK}]", written, detail)
    elif revision < 0:
        yield invalid("spec.rollback.version", revision, NOT_NEGATIVE)


def replica_set(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a ReplicaSet's spec (whose empty selector the server calls a deployment's)."""
    yield from _selected(spec, at, "deployment")
    yield from always_restarts(fields(spec, "template"), f"{at}.template", "ReplicaSet")


def replication_controller(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a ReplicationController's spec; its selector is a plain map and defaults to the
    labels."""
    template = fields(spec, "template")
    pod_labels = text_map(fields(template, "metadata"), "labels")
    wanted = text_map(spec, "selector")
    if not wanted and not pod_labels:
        yield required(f"{at}.selector")
    if any(pod_labels.get(key) != value for key, value in wanted.items()):
        yield _mismatch(template, at)
    yield from always_restarts(template, f"{at}.template", "ReplicationController")


def daemon_set(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a DaemonSet's spec."""
    yield from _selected(spec, at, "daemonset")
    yield from always_restarts(fields(spec, "template"), f"{at}.template", "DaemonSet")
    strategy = fields(spec, "updateStrategy")
    kind, rolling = text(strategy, "type"), fields(strategy, "rollingUpdate")
    if kind not in ("", "RollingUpdate", "OnDelete"):
        shown = go_struct(
            {**strategy, "rollingUpdate": _rolling(strategy, 1, 0)}, ("type", "rollingUpdate")
        )
        yield unsupported(f"{at}.updateStrategy", shown, ("RollingUpdate", "OnDelete"))
    elif kind != "OnDelete":
        yield from _daemon_rolling(rolling, f"{at}.updateStrategy.rollingUpdate")


def stateful_set(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a StatefulSet's spec."""
    policy, service = text(spec, "podManagementPolicy"), text(spec, "serviceName")
    if policy not in ("", "OrderedReady", "Parallel"):
        yield invalid(f"{at}.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")
    yield from _stateful_strategy(fields(spec, "updateStrategy"), f"{at}.updateStrategy")
    start = number(fields(spec, "ordinals"), "start")
    if start is not None and start < 0:
        yield invalid(f"{at}.ordinals.start", start, NOT_NEGATIVE)
    if service and scope.minor >= _SERVICE_NAMES:
        yield from each_invalid(f"{at}.serviceName", service, dns_label(service))
    yield from _selected(spec, at, "statefulset")
    if scope.minor >= _TEMPLATES:
        yield from _claim_names(spec, at)
    if scope.minor < _TEMPLATES:
        yield from template_metadata(fields(spec, "template"), f"{at}.template")
    yield from always_restarts(fields(spec, "template"), f"{at}.template", "StatefulSet")


def _claim_names(spec: Object, at: str) -> Iterator[Cause]:
    """A claim template's name is that of the volume it gives to the pods."""
    for path, item in objects(spec, "volumeClaimTemplates", at):
        name = text(fields(item, "metadata"), "name")
        where = f"{path}.metadata.name"
        yield from each_invalid(where, name, dns_label(name)) if name else [required(where)]


def _selected(spec: Object, at: str, kind: str) -> Iterator[Cause]:
    selector, template = fields(spec, "selector"), fields(spec, "template")
    if not has(spec, "selector"):
        if kind != "daemonset":
            yield required(f"{at}.selector")
        yield _mismatch(template, at)
    elif is_empty(selector):
        shown = {name: value for name, value in selector.items() if value}
        yield invalid(f"{at}.selector", shown, f"empty selector is invalid for {kind}")
    elif not matches(selector, text_map(fields(template, "metadata"), "labels")):
        yield _mismatch(template, at)


def _mismatch(template: Object, at: str) -> Cause:
    pod_labels = fields(template, "metadata").get("labels")
    return invalid(
        f"{at}.template.metadata.labels", pod_labels, "`selector` does not match template `labels`"
    )


def _deployment_strategy(strategy: Object, at: str) -> Iterator[Cause]:
    kind = text(strategy, "type")
    if kind == "Recreate":
        if has(strategy, "rollingUpdate"):
            yield forbidden(
                f"{at}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"
            )
    elif kind in ("", "RollingUpdate"):
        yield from _deployment_rolling(fields(strategy, "rollingUpdate"), f"{at}.rollingUpdate")
    else:
        shown = {"Type": kind, "RollingUpdate": _rolling(strategy, "25%", "25%")}
        yield unsupported(at, shown, ("Recreate", "RollingUpdate"))


def _rolling(strategy: Object, unavailable: Json, surge: Json) -> Json:
    if not has(strategy, "rollingUpdate"):
        return None
    rolling = fields(strategy, "rollingUpdate")
    return {
        "MaxUnavailable": rolling.get("maxUnavailable", unavailable),
        "MaxSurge": rolling.get("maxSurge", surge),
    }


def _deployment_rolling(rolling: Object, at: str) -> Iterator[Cause]:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    yield from share(unavailable, f"{at}.maxUnavailable", at_most_all=True)
    yield from share(surge, f"{at}.maxSurge")
    if amount(unavailable, 25) == 0 and amount(surge, 25) == 0:
        yield invalid(f"{at}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")


def _daemon_rolling(rolling: Object, at: str) -> Iterator[Cause]:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    yield from share(unavailable, f"{at}.maxUnavailable", at_most_all=True)
    yield from share(surge, f"{at}.maxSurge", at_most_all=True)
    down, up = amount(unavailable, 1), amount(surge, 0)
    if down and up:
        yield invalid(f"{at}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
    elif not down and not up:
        yield required(f"{at}.maxUnavailable", "cannot be 0 when maxSurge is 0")


def _stateful_strategy(strategy: Object, at: str) -> Iterator[Cause]:
    kind, rolling = text(strategy, "type"), fields(strategy, "rollingUpdate")
    if kind == "OnDelete":
        if has(strategy, "rollingUpdate"):
            shown = {
                "Partition": number(rolling, "partition") or 0,
                "MaxUnavailable": rolling.get("maxUnavailable"),
            }
            yield invalid(
                f"{at}.rollingUpdate", shown, "only allowed for updateStrategy 'RollingUpdate'"
            )
    elif kind not in ("", "RollingUpdate"):
        shown = go_struct(strategy, ("type", "rollingUpdate"))
        yield invalid(at, shown, "must be 'RollingUpdate' or 'OnDelete'")
    elif has(rolling, "maxUnavailable"):
        yield from _down_at_once(rolling["maxUnavailable"], f"{at}.rollingUpdate.maxUnavailable")


def _down_at_once(value: Json, at: str) -> Iterator[Cause]:
    yield from share(value, at, at_most_all=True)
    if amount(value, 1) == 0:
        yield invalid(at, value, "cannot be 0")


def share(value: Json, at: str, *, at_most_all: bool = False) -> Iterator[Cause]:
    """The errors of a number or percentage of pods."""
    if isinstance(value, str):
        complaints = percent(value)
        yield from each_invalid(at, value, complaints)
        if at_most_all and not complaints and int(value[:-1]) > 100:
            yield invalid(at, value, "must not be greater than 100%")
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value < 0:
        yield invalid(at, value, NOT_NEGATIVE)


def amount(value: Json, default: int) -> int:
    """The number before a percent sign, or the number itself; the default where there is none."""
    if isinstance(value, str):
        if not percent(value):
            return whole_or(value[:-1], 0)
        return whole_or(value, 0)
    if isinstance(value, (int, float)):
        return int(value)
    return default
