"""Jobs: the selector and labels that the server makes up, and the template that may not change.

Source: pkg/registry/batch/job (generateSelector, jobValidationOptions) and
pkg/apis/batch/validation (ValidateJobSpecUpdate, validatePodTemplateUpdate, validateCompletions),
v1.28 to v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.fielderrors import ELIDED, invalid, required
from policylint.kubernetes.api.gotypes import same
from policylint.kubernetes.api.reading import items, part
from policylint.kubernetes.forecast.request import Allocated, Findings, Request, schema
from policylint.model import Cause, Object, Unknown

TOPIC = "job-template-changed"
_SOURCE = "pkg/apis/batch/validation ValidateJobUpdate"
_UID_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")
_NAME_LABELS = ("job-name", "batch.kubernetes.io/job-name")
_NO_UID = "the Job's uid"
_UID = Allocated("00000000-0000-4000-8000-000000000000")
_GENERATED_ONCE = 37
"""The first minor that asks for the generated labels of new Jobs alone."""
_RESOURCES_SINCE = 36
"""MutablePodResourcesForSuspendedJobs is on by default (recorded: 1.34 refuses, 1.36 accepts)."""


def created(job: Object) -> Object:
    """A Job with the uid, selector and labels that the server generates, and started unless it is
    suspended."""
    spec = dict(part(job, "spec"))
    metadata = {**part(job, "metadata"), "uid": _UID}
    if not spec.get("manualSelector"):
        labels = _generated(str(metadata.get("name", "")))
        template = part(spec, "template")
        own = part(template, "metadata")
        spec["template"] = {
            **template,
            "metadata": {**own, "labels": {**part(own, "labels"), **labels}},
        }
        selector = part(spec, "selector")
        chosen = {**part(selector, "matchLabels"), _UID_LABELS[1]: _UID}
        spec["selector"] = {**selector, "matchLabels": chosen}
    if spec.get("suspend"):
        status = {}
    else:
        status = {"startTime": Allocated("2000-01-01T00:00:00Z")}
    return {**job, "metadata": metadata, "spec": spec, "status": status}


def completed(job: Object) -> Object:
    """A given live Job: generated fields are added where it shows none, its status is believed."""
    if part(job, "spec").get("selector"):
        return job
    return {**created(job), "status": part(job, "status")}


def _generated(name: str) -> dict[str, str]:
    return {**dict.fromkeys(_UID_LABELS, _UID), **dict.fromkeys(_NAME_LABELS, name)}


def creation_refusals(job: Object) -> Iterator[Cause]:
    """What the server refuses of the labels that it would give a new Job's pods itself; nobody
    knows the uid of a Job that is not there yet."""
    spec = part(job, "spec")
    if spec.get("manualSelector") is True:
        return
    name = part(job, "metadata").get("name")
    labels = part(spec, "template", "metadata", "labels")
    chosen = part(spec, "selector", "matchLabels")
    expected = {**dict.fromkeys(_UID_LABELS, None), **dict.fromkeys(_NAME_LABELS, name)}
    for label, value in expected.items():
        if labels.get(label) not in (None, value):
            detail = f"must be '{value or _NO_UID}'"
            where = f"spec.template.metadata.labels[{label}]"
            yield invalid(where, dict(labels), detail, TOPIC, _SOURCE)
        if chosen.get(label) not in (None, value):
            detail = "`selector` not auto-generated"
            yield invalid("spec.selector", part(spec, "selector"), detail, TOPIC, _SOURCE)


def refusals(request: Request) -> Findings:
    """What the server refuses in an update of a Job, beside the rows of `update_table`."""
    old, spec = part(request.live, "spec"), part(request.new, "spec")
    yield from _generated_selector(request, spec)
    yield from _completions(old, spec, request.minor)
    yield from _template(request, old, spec)


def _generated_selector(request: Request, spec: Mapping[str, Any]) -> Findings:
    if spec.get("manualSelector"):
        return
    if not spec.get("selector"):
        yield required("spec.selector", topic=TOPIC, source=_SOURCE)
        return
    if request.minor >= _GENERATED_ONCE:
        return
    labels = part(spec, "template", "metadata", "labels")
    uid = part(request.live, "metadata").get("uid")
    expected = _generated(part(request.live, "metadata").get("name", ""))
    for label in (_UID_LABELS[0], _NAME_LABELS[0], _UID_LABELS[1], _NAME_LABELS[1]):
        value = uid if label in _UID_LABELS else expected[label]
        if uid and labels.get(label) != value:
            shown = _NO_UID if isinstance(value, Allocated) else value
            yield required(
                f"spec.template.metadata.labels[{label}]", f"must be '{shown}'", TOPIC, _SOURCE
            )


def _completions(old: Mapping[str, Any], spec: Mapping[str, Any], minor: int) -> Findings:
    was, now = old.get("completions"), spec.get("completions")
    if was == now:
        return
    if spec.get("completionMode") != "Indexed":
        yield invalid(
            "spec.completions", now, "field is immutable", minor=minor, topic=TOPIC, source=_SOURCE
        )
    elif now is not None and (now != spec.get("parallelism") or was != old.get("parallelism")):
        text = "can only be modified in tandem with spec.parallelism"
        yield invalid("spec.completions", now, text, minor=minor, topic=TOPIC, source=_SOURCE)


def _template(request: Request, old: Mapping[str, Any], spec: Mapping[str, Any]) -> Findings:
    node = schema(request.node, "spec", "template")
    before, after = part(old, "template"), part(spec, "template")
    if same(node, before, after):
        return
    field = "spec.template"
    if old.get("suspend") is True:
        loose, field = _suspended(before, after, request.minor)
        if same(node, loose, after):
            if isinstance(part(request.live, "status").get("startTime"), Allocated):
                yield _started(request)
            elif part(request.live, "status").get("startTime"):
                yield _immutable_template("spec.template", request.minor)
            return
    yield _immutable_template(field, request.minor)


def _immutable_template(field: str, minor: int) -> Cause:
    """The refusal, with the template itself elided: the server prints all of it."""
    if field == "spec.template":
        go = "core.PodTemplateSpec"
    else:
        go = "core.PodSpec"
    return invalid(field, ELIDED, "field is immutable", TOPIC, _SOURCE, minor=minor, go=go)


def _started(request: Request) -> Unknown:
    return Unknown(
        f"whether the suspended Job {request.id.name} has running Pods or was ever started",
        (f"kubectl get {named(request.id)} -o yaml  # give it with --live"),
        TOPIC,
        "spec.template",
    )


def _suspended(
    before: Mapping[str, Any], after: Mapping[str, Any], minor: int
) -> tuple[Mapping[str, Any], str]:
    """The old template with what a suspended Job lets change, and the field that the server
    compares."""
    pod, new = dict(part(before, "spec")), part(after, "spec")
    for name in ("nodeSelector", "tolerations", "schedulingGates"):
        _take(pod, new, name)
    _take_node_affinity(pod, new)
    if minor >= _RESOURCES_SINCE:
        for name in ("containers", "initContainers"):
            pod[name] = [
                _with_resources(item, items(new.get(name))) for item in items(pod.get(name))
            ]
        return {**after, "spec": pod}, "spec.template.spec"
    metadata = dict(part(before, "metadata"))
    for name in ("labels", "annotations"):
        _take(metadata, part(after, "metadata"), name)
    return {**before, "metadata": metadata, "spec": pod}, "spec.template"


def _take(into: dict[str, Any], source: Mapping[str, Any], name: str) -> None:
    if name in source:
        into[name] = source[name]
    else:
        into.pop(name, None)


def _take_node_affinity(pod: dict[str, Any], new: Mapping[str, Any]) -> None:
    affinity = dict(part(pod, "affinity"))
    if "affinity" in new:
        _take(affinity, part(new, "affinity"), "nodeAffinity")
        pod["affinity"] = affinity
    elif "affinity" in pod:
        affinity.pop("nodeAffinity", None)
        pod["affinity"] = affinity
        if not affinity:
            pod.pop("affinity")


def _with_resources(container: Any, containers: list[Any]) -> Any:
    twin = next(
        (item for item in containers if part(item).get("name") == part(container).get("name")), None
    )
    if twin is None or not isinstance(container, Mapping):
        return container
    resized = dict(container)
    _take(resized, twin, "resources")
    return resized
