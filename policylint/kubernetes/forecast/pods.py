"""Pods: the few fields of a running Pod that may change.

Source: pkg/apis/core/validation ValidatePodUpdate, v1.28 to v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policylint.kubernetes.api.fielderrors import IMMUTABLE_FIELD, forbidden, invalid
from policylint.kubernetes.api.gotypes import same
from policylint.kubernetes.api.reading import items, part
from policylint.kubernetes.forecast.request import Findings, Request, schema

_SOURCE = "pkg/apis/core/validation ValidatePodUpdate"
_FORBIDDEN = (
    "pod updates may not change fields other than "
    "`spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_OF_ITS_START = {
    "container.apparmor.security.beta.kubernetes.io": "AppArmor annotations",
    "kubernetes.io/config.mirror": "mirror pod annotation",
}
"""Annotation, or its domain, -> what the server calls it."""


def refusals(request: Request) -> Findings:
    """What the server refuses in an update of a Pod."""
    old, spec = part(request.live, "spec"), part(request.new, "spec")
    for group in ("containers", "initContainers"):
        if len(items(old.get(group))) != len(items(spec.get(group))):
            yield forbidden(
                f"spec.{group}",
                "pod updates may not add or remove containers",
                IMMUTABLE_FIELD,
                source=_SOURCE,
            )
            return
    yield from _annotations(request)
    yield from _deadline(old, spec, request.minor)
    yield from _tolerations(request, old, spec)
    yield from _gates(old, spec)
    if not same(schema(request.node, "spec"), _munged(old, spec), spec):
        yield forbidden("spec", _FORBIDDEN, IMMUTABLE_FIELD, source=_SOURCE)


def _annotations(request: Request) -> Findings:
    """The refusal of changes of the annotations that are read when a Pod starts."""
    old, new = (part(pod, "metadata", "annotations") for pod in (request.live, request.new))
    for key in sorted({*old, *new}):
        kind = _OF_ITS_START.get(key.partition("/")[0] if key.startswith(_APP_ARMOR) else key)
        if kind is None or old.get(key) == new.get(key):
            continue
        action = "remove or update" if key in old else "add"
        text = f"may not {action} {kind}"
        yield forbidden(f"metadata.annotations[{key}]", text, IMMUTABLE_FIELD, source=_SOURCE)


def _munged(old: Mapping[str, Any], spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """The old spec with every change that a Pod allows."""
    allowed = {**old}
    for name in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        _take(allowed, spec, name)
    for group in ("containers", "initContainers"):
        pairs = zip(items(old.get(group)), items(spec.get(group)), strict=False)
        if group in old:
            allowed[group] = [_with_image(before, after) for before, after in pairs]
    grace = old.get("terminationGracePeriodSeconds")
    if isinstance(grace, int) and grace < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        allowed["terminationGracePeriodSeconds"] = 1
    if items(old.get("schedulingGates")):
        _take_added_selector(allowed, old, spec)
        _take_added_affinity(allowed, part(old, "affinity"), part(spec, "affinity"))
    return allowed


def _take(into: dict[str, Any], source: Mapping[str, Any], name: str) -> None:
    if name in source:
        into[name] = source[name]
    else:
        into.pop(name, None)


def _with_image(before: Any, after: Any) -> Any:
    if not isinstance(before, Mapping) or not part(after).get("image"):
        return before
    return {**before, "image": after["image"]}


def _take_added_selector(
    allowed: dict[str, Any], old: Mapping[str, Any], spec: Mapping[str, Any]
) -> None:
    """A Pod that is still gated may be bound to fewer nodes: its node selector may grow."""
    before, after = part(old, "nodeSelector"), part(spec, "nodeSelector")
    if all(after.get(key) == value for key, value in before.items()):
        allowed["nodeSelector"] = {**after}


def _take_added_affinity(
    allowed: dict[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
) -> None:
    """Its node affinity too: anything where it required nothing, else more expressions in each
    required term."""
    before, after = (_required_terms(affinity_of.get("nodeAffinity")) for affinity_of in (old, new))
    grown = len(before) == len(after) and all(map(_only_adds, before, after))
    if old.get("nodeAffinity") and before and not grown:
        return
    affinity = {**old}
    _take(affinity, new, "nodeAffinity")
    if affinity or new:
        allowed["affinity"] = affinity
    else:
        allowed.pop("affinity", None)


def _required_terms(affinity: Any) -> list[Any]:
    return items(
        part(affinity, "requiredDuringSchedulingIgnoredDuringExecution").get("nodeSelectorTerms")
    )


def _only_adds(before: Any, after: Any) -> bool:
    """Whether a node selector term keeps its expressions, in their order, before any new ones."""
    kinds = ("matchExpressions", "matchFields")
    pairs = [(items(part(before).get(kind)), items(part(after).get(kind))) for kind in kinds]
    if not any(old for old, _ in pairs):
        return not any(new for _, new in pairs)
    return all(new[: len(old)] == old for old, new in pairs)


def _deadline(old: Mapping[str, Any], spec: Mapping[str, Any], minor: int) -> Findings:
    was, now, field = (
        old.get("activeDeadlineSeconds"),
        spec.get("activeDeadlineSeconds"),
        "spec.activeDeadlineSeconds",
    )
    if not isinstance(was, int):
        return
    if now is None:
        yield invalid(
            field,
            None,
            "must not update from a positive integer to nil value",
            minor=minor,
            source=_SOURCE,
            topic=IMMUTABLE_FIELD,
        )
    elif isinstance(now, int) and now > was:
        yield invalid(
            field,
            now,
            "must be less than or equal to previous value",
            minor=minor,
            source=_SOURCE,
            topic=IMMUTABLE_FIELD,
        )


def _tolerations(request: Request, old: Mapping[str, Any], spec: Mapping[str, Any]) -> Findings:
    node = schema(request.node, "spec", "tolerations")
    new = [_bare(item) for item in items(spec.get("tolerations"))]
    item_node = node.items if node else None
    for toleration in items(old.get("tolerations")):
        if not any(same(item_node, _bare(toleration), candidate) for candidate in new):
            text = "existing toleration can not be modified except its tolerationSeconds"
            yield forbidden("spec.tolerations", text, IMMUTABLE_FIELD, source=_SOURCE)
            return


def _bare(toleration: Any) -> Any:
    return {key: value for key, value in part(toleration).items() if key != "tolerationSeconds"}


def _gates(old: Mapping[str, Any], spec: Mapping[str, Any]) -> Findings:
    known = {part(gate).get("name") for gate in items(old.get("schedulingGates"))}
    for index, gate in enumerate(items(spec.get("schedulingGates"))):
        name = part(gate).get("name")
        if name not in known:
            text = f"only deletion is allowed, but found new scheduling gate '{name}'"
            yield forbidden(
                f"spec.schedulingGates[{index}].name", text, IMMUTABLE_FIELD, source=_SOURCE
            )
