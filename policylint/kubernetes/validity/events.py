"""Events (pkg/apis/core/validation/events.go)."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import each_invalid, invalid, required
from policylint.kubernetes.api.reading import fields, has, number, text
from policylint.kubernetes.validity.formats import qualified_name
from policylint.kubernetes.validity.scope import Scope, unjudged
from policylint.model import Cause, Object

_SHORT, _NOTE = 128, 1024
_SYSTEM = ("default", "kube-system")
_MISMATCH = "does not match event.namespace"
_UNSET = {"deprecatedFirstTimestamp": "firstTimestamp", "deprecatedLastTimestamp": "lastTimestamp"}


def core_event(obj: Object, _at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an Event of v1."""
    names = {"namespace": "involvedObject", "controller": "reportingComponent", "note": "message"}
    yield from _legacy(obj, names)


def event(obj: Object, _at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an Event of events.k8s.io."""
    names = {"namespace": "regarding", "controller": "reportingController", "note": "note"}
    yield from _legacy(obj, names)
    yield from _series(fields(obj, "series"), is_set=has(obj, "series"))
    if not has(obj, "eventTime"):
        yield required("eventTime")
    if text(obj, "type") not in ("Normal", "Warning"):
        yield invalid("type", "", f"has invalid value: {text(obj, 'type')}")
    for name, shown in _UNSET.items():
        if has(obj, name):
            yield invalid(shown, "", "needs to be unset")
    if number(obj, "deprecatedCount"):
        yield invalid("count", "", "needs to be unset")
    source = fields(obj, "deprecatedSource")
    if text(source, "component") or text(source, "host"):
        yield invalid("source", "", "needs to be unset")


def _series(series: Object, *, is_set: bool) -> Iterator[Cause]:
    if not is_set:
        return
    if (number(series, "count") or 0) < 2:
        yield invalid("series.count", "", "should be at least 2")
    if not has(series, "lastObservedTime"):
        yield required("series.lastObservedTime")


def _legacy(obj: Object, names: dict[str, str]) -> Iterator[Cause]:
    namespace = text(fields(obj, "metadata"), "namespace")
    about = text(fields(obj, names["namespace"]), "namespace")
    where = f"{names['namespace']}.namespace"
    if has(obj, "eventTime"):
        if not about and namespace not in _SYSTEM:
            yield invalid(where, about, _MISMATCH)
        yield from _reported(obj, names)
    elif about not in ("", namespace) and namespace == "default":
        # an Event about nothing is taken in `default` alone, which a release is rarely in
        # where nobody says otherwise, a release is taken to be in this namespace
        yield unjudged(where, f"whether the release is in the namespace {about}")
    elif about != namespace:
        yield invalid(where, about, _MISMATCH)


def _reported(obj: Object, names: dict[str, str]) -> Iterator[Cause]:
    controller = text(obj, names["controller"])
    if not controller:
        yield required(names["controller"])
    yield from each_invalid(names["controller"], controller, qualified_name(controller))
    for name in ("reportingInstance", "action", "reason"):
        if not text(obj, name):
            yield required(name)
        if len(text(obj, name).encode()) > _SHORT:
            yield invalid(name, "", f"can have at most {_SHORT} characters")
    if len(text(obj, names["note"]).encode()) > _NOTE:
        yield invalid("message", "", f"can have at most {_NOTE} characters")
