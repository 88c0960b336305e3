"""Claims and volumes: what may change, and what the state of the claim and its storage class
decide.

Source: pkg/apis/core/validation (ValidatePersistentVolumeClaimUpdate,
ValidatePersistentVolumeUpdate) and the admission plugin PersistentVolumeClaimResize, v1.28 to
v1.36.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any

from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.fielderrors import IMMUTABLE_FIELD, forbidden, invalid
from policylint.kubernetes.api.gotypes import same
from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import items, part
from policylint.kubernetes.forecast.request import Finding, Findings, Request, schema
from policylint.model import Cause, Object, Unknown

CLAIM, SHRUNK = "claim-immutable-field", "claim-shrunk"
_SOURCE = "pkg/apis/core/validation ValidatePersistentVolumeClaimUpdate"
_VOLUME_SOURCE = "pkg/apis/core/validation ValidatePersistentVolumeUpdate"
_IMMUTABLE = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName "
    "for bound claims"
)
_STORAGE = "spec.resources.requests.storage"
_RECOVER_SINCE = 32
"""RecoverVolumeExpansionFailure is on by default: a request may shrink, but not to the capacity or
below."""
_ALLOCATABLE_SINCE = 34
"""MutableCSINodeAllocatableCount is on by default."""
_CLASSES_SINCE = 34
"""VolumeAttributesClass is on by default (recorded: off in 1.30, on in 1.34)."""
_RESIZE = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the "
    "pvc must support resize"
)
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
"""What named a claim's class before `storageClassName` did."""
_STABLE_LABELS = {
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
}
"""Labels of nodes that a volume's affinity may change to (betaToGALabel)."""
_NO_SOURCE = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)


def normalized(claim: Object, live: Object | None = None) -> Object:
    """A claim with its data source under both names, as the server keeps it: any, if the live claim
    has one already."""
    spec = dict(part(claim, "spec"))
    if not part(live, "spec").get("dataSource"):
        _forget_unknown_source(spec)
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and not reference:
        spec["dataSourceRef"] = source
    elif reference and not source and not part(reference).get("namespace"):
        spec["dataSource"] = reference
    if spec == part(claim, "spec"):
        return claim
    return {**claim, "spec": spec}


def _forget_unknown_source(spec: dict[str, Any]) -> None:
    """Of a new data source only kinds that the server knows are kept, and none in another
    namespace (feature CrossNamespaceVolumeDataSource, off by default)."""
    if part(spec, "dataSourceRef").get("namespace"):
        del spec["dataSourceRef"]
    source = spec.get("dataSource")
    if source and not spec.get("dataSourceRef") and not _known_source(part(spec, "dataSource")):
        del spec["dataSource"]


def _known_source(source: Mapping[str, Any]) -> bool:
    """Data sources of other kinds are forgotten; `dataSourceRef` takes any."""
    named = (source.get("apiGroup") or "", source.get("kind"))
    return named in (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))


def claim_refusals(request: Request) -> Findings:
    """What the server refuses in an update of a PersistentVolumeClaim.

    Whether the claim is bound is known from a given live object only; else both are tried.
    """
    by_phase = [list(_judged(request, phase)) for phase in _phases(request)]
    refusing = [findings for findings in by_phase if _refuses(findings)]
    if len(refusing) == len(by_phase):
        yield from refusing[0]
        return
    if refusing:
        yield _unknown_phase(request)
    for finding in itertools.chain.from_iterable(by_phase):
        if isinstance(finding, Unknown):
            yield finding
    if request.assumed and _class_appears(request):
        yield _unknown_class(request, str(part(request.new, "spec")["storageClassName"]))


def _refuses(findings: list[Finding]) -> bool:
    return any(isinstance(finding, Cause) for finding in findings)


def _phases(request: Request) -> tuple[str, ...]:
    phase = part(request.live, "status").get("phase")
    if request.assumed or not isinstance(phase, str):
        return ("Bound", "Pending")
    return (phase,)


def _class_appears(request: Request) -> bool:
    before, after = part(request.live, "spec"), part(request.new, "spec")
    if _CLASS_ANNOTATION in part(request.live, "metadata", "annotations"):
        return False  # then the server gives no class of its own
    return before.get("storageClassName") is None and after.get("storageClassName") is not None


def _judged(request: Request, phase: str) -> Findings:
    """The server's answer for a claim in this phase."""
    old, spec = part(request.live, "spec"), part(request.new, "spec")
    before, after = _comparable(request, old, spec, bound=phase == "Bound")
    grows = _compare(old, spec)
    if not same(schema(request.node, "spec"), before, after):
        yield forbidden("spec", _IMMUTABLE, SHRUNK if grows < 0 else CLAIM, _SOURCE)
    yield from _annotated_class(request)
    if grows < 0:
        yield from _shrinks(request, spec)
    elif grows > 0 and phase == "Bound":
        yield from _grows(request, spec)


def _annotated_class(request: Request) -> Iterator[Cause]:
    """The refusal of another class in the annotation, or of none where the field does not say the
    same."""
    old, new = (
        part(claim, "metadata", "annotations").get(_CLASS_ANNOTATION)
        for claim in (request.live, request.new)
    )
    named_before = part(request.live, "spec").get("storageClassName")
    named = part(request.new, "spec").get("storageClassName")
    moved = old is not None and named_before is None and named == old and new is None
    if (old or "") != (new or "") and not moved:
        field = f"metadata.annotations.{_CLASS_ANNOTATION}"
        yield invalid(field, new or "", "field is immutable", CLAIM, _SOURCE, minor=request.minor)


def _comparable(
    request: Request, old: Mapping[str, Any], spec: Mapping[str, Any], *, bound: bool
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Both specs as the server compares them: without what may be set once or, for a bound claim,
    changed."""
    before, after = dict(old), dict(spec)
    if not before.get("volumeName"):
        before["volumeName"] = after.get("volumeName")
    named = after.get("storageClassName")
    annotated = part(request.live, "metadata", "annotations").get(_CLASS_ANNOTATION, named)
    if before.get("storageClassName") is None and named is not None and named == annotated:
        before["storageClassName"] = named
    if request.minor < _CLASSES_SINCE:
        before.pop("volumeAttributesClassName", None)
        after.pop("volumeAttributesClassName", None)
    if bound:
        requests = part(after, "resources", "requests")
        if requests:
            have = {**requests, "storage": part(before, "resources", "requests").get("storage")}
            after["resources"] = {**part(after, "resources"), "requests": have}
        if after.get("volumeAttributesClassName") is not None:
            after["volumeAttributesClassName"] = before.get("volumeAttributesClassName")
    return before, after


def _compare(old: Mapping[str, Any], spec: Mapping[str, Any]) -> int:
    was = parse_quantity(part(old, "resources", "requests").get("storage"))
    now = parse_quantity(part(spec, "resources", "requests").get("storage"))
    if was is None or now is None:
        return 0
    return (now > was) - (now < was)


def _shrinks(request: Request, spec: Mapping[str, Any]) -> Iterator[Cause]:
    if request.minor < _RECOVER_SINCE:
        yield forbidden(_STORAGE, "field can not be less than previous value", SHRUNK, _SOURCE)
        return
    capacity = parse_quantity(part(request.live, "status", "capacity").get("storage"))
    wanted = parse_quantity(part(spec, "resources", "requests").get("storage"))
    if request.assumed or capacity is None or wanted is None or wanted <= capacity:
        yield forbidden(_STORAGE, "field can not be less than status.capacity", SHRUNK, _SOURCE)


def _grows(request: Request, spec: Mapping[str, Any]) -> Findings:
    name = spec.get("storageClassName")
    if name:
        known = request.cluster.storage_classes.get(str(name))
    else:
        known = None
    if known is None and (name != "" or request.assumed):
        yield _unknown_expansion(name)
    elif known is None or known.get("allowVolumeExpansion") is not True:
        yield Cause("", "Forbidden", _RESIZE, CLAIM, "admission plugin PersistentVolumeClaimResize")


def _unknown_phase(request: Request) -> Unknown:
    how = f"kubectl get {named(request.id, 'pvc')} -o yaml  # give it with --live"
    return Unknown(f"whether the claim {request.id.name} is bound", how, CLAIM, "spec")


def _unknown_expansion(name: Any) -> Unknown:
    if name:
        named = f"the storage class {name}"
    else:
        named = "the claim's storage class"
    how = (
        f"kubectl get storageclass {quote(str(name or ''))}".replace(" ''", "")
        + " -o yaml  # give it with --live"
    )
    return Unknown(f"whether {named} allows volume expansion", how, CLAIM, _STORAGE)


def _unknown_class(request: Request, name: str) -> Unknown:
    if name:
        same_class = f", or {name} already (the cluster's default)"
    else:
        same_class = ""
    what = f"whether the claim has no storage class yet{same_class}"
    how = f"kubectl get {named(request.id, 'pvc')} -o yaml  # give it with --live"
    return Unknown(what, how, CLAIM, "spec.storageClassName")


def volume_refusals(request: Request) -> Findings:
    """What the server refuses in an update of a PersistentVolume, beside the rows of
    `update_table`."""
    old, spec = part(request.live, "spec"), part(request.new, "spec")
    before, after = _volume_source(old), _volume_source(spec)
    secret = part(after, "csi").get("controllerExpandSecretRef")
    if secret and before.get("csi") and not part(before, "csi").get("controllerExpandSecretRef"):
        before["csi"] = {**before["csi"], "controllerExpandSecretRef": secret}  # may be set once
    if not same(schema(request.node, "spec"), before, after):
        text = "spec.persistentvolumesource is immutable after creation"
        yield forbidden("spec.persistentvolumesource", text, IMMUTABLE_FIELD, source=_VOLUME_SOURCE)
    yield from _moved_volume(request, old.get("nodeAffinity"), spec.get("nodeAffinity"))
    text = _class_refusal(
        old.get("volumeAttributesClassName"), spec.get("volumeAttributesClassName"), request.minor
    )
    if text:
        yield forbidden(
            "spec.volumeAttributesClassName", text, IMMUTABLE_FIELD, source=_VOLUME_SOURCE
        )


def _moved_volume(request: Request, old: Any, new: Any) -> Iterator[Cause]:
    """The refusal of other nodes for a volume that is bound to some."""
    node = schema(request.node, "spec", "nodeAffinity")
    if old and not same(node, _with_stable_labels(old, new), new):
        yield invalid(
            "nodeAffinity",
            new,
            "field is immutable, except for updating from beta label to GA",
            minor=request.minor,
            source=_VOLUME_SOURCE,
            topic=IMMUTABLE_FIELD,
            go="core.VolumeNodeAffinity",
        )


def _with_stable_labels(old: Any, new: Any) -> Any:
    """The old affinity with the labels that replaced its own, where the new one has them."""
    terms = zip(_node_terms(old), _node_terms(new), strict=False)
    changed = [
        {**part(before), "matchExpressions": _relabelled(before, after)} for before, after in terms
    ]
    if len(_node_terms(old)) != len(_node_terms(new)):
        return old
    return {**part(old), "required": {**part(old, "required"), "nodeSelectorTerms": changed}}


def _node_terms(affinity: Any) -> list[Any]:
    return items(part(affinity, "required").get("nodeSelectorTerms"))


def _relabelled(before: Any, after: Any) -> list[Any]:
    """The expressions of an old term, each under the key of the new one that may replace its
    own."""
    new = [part(expression).get("key") for expression in items(part(after).get("matchExpressions"))]
    relabelled = []
    for index, expression in enumerate(items(part(before).get("matchExpressions"))):
        key = _STABLE_LABELS.get(str(part(expression).get("key")))
        if key is not None and new[index : index + 1] == [key]:
            relabelled.append({**part(expression), "key": key})
        else:
            relabelled.append(expression)
    return relabelled


def _volume_source(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in _NO_SOURCE}


def _class_refusal(was: Any, now: Any, minor: int) -> str:
    """Why the attributes class of a volume may not change so; "" where it may."""
    if was != now and minor < _CLASSES_SINCE:
        return "update is forbidden when the VolumeAttributesClass feature gate is disabled"
    if was is not None and now is None:
        return "update from non-nil value to nil is forbidden"
    return ""


def node_driver_refusals(request: Request) -> Findings:
    """What the server refuses in an update of a CSINode: another entry for a driver that it has."""
    node = schema(request.node, "spec", "drivers")
    old = {
        part(driver).get("name"): driver
        for driver in items(part(request.live, "spec").get("drivers"))
    }
    for driver in items(part(request.new, "spec").get("drivers")):
        before = old.get(part(driver).get("name"))
        if request.minor < _ALLOCATABLE_SINCE:
            free = {}
        else:
            free = {"allocatable": None}
        if before and not same(
            node.items if node else None, {**part(before), **free}, {**part(driver), **free}
        ):
            yield invalid(
                "spec.drivers",
                driver,
                "field is immutable",
                minor=request.minor,
                source="ValidateCSINodeUpdate",
                topic=IMMUTABLE_FIELD,
            )
