"""Probes and lifecycle hooks of a container: exactly one handler, and its bounds."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import each_invalid, forbidden, invalid, required
from policylint.kubernetes.api.reading import fields, has, many, number, objects, text
from policylint.kubernetes.validity.formats import between, http_header
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object

_PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")
_ZERO_SLEEP = 33
"""The first minor that lets a sleep be 0 seconds (feature PodLifecycleSleepActionAllowZero)."""


def probe(value: Object, at: str, name: str) -> Iterator[Cause]:
    """The errors of a probe; `name` is its field in the container."""
    yield from _handler(value, at, _PROBE_HANDLERS)
    threshold = number(value, "successThreshold")
    if name != "readinessProbe" and threshold not in (None, 0, 1):
        yield invalid(f"{at}.successThreshold", threshold, "must be 1")
    grace = number(value, "terminationGracePeriodSeconds")
    if grace is not None and name == "readinessProbe":
        yield invalid(
            f"{at}.terminationGracePeriodSeconds", grace, "must not be set for readinessProbes"
        )
    elif grace is not None and grace <= 0:
        yield invalid(f"{at}.terminationGracePeriodSeconds", grace, "must be greater than 0")


def lifecycle(value: Object, at: str, grace: int | None, scope: Scope) -> Iterator[Cause]:
    """The errors of a container's lifecycle."""
    for name in ("postStart", "preStop"):
        if has(value, name):
            handler = fields(value, name)
            yield from _handler(handler, f"{at}.{name}", _HOOK_HANDLERS)
            if has(handler, "sleep"):
                yield from _sleep(fields(handler, "sleep"), f"{at}.{name}.sleep", grace, scope)


def to_port(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a handler that has a port: a missing one is 0."""
    if not has(value, "port"):
        yield invalid(f"{at}.port", 0, between(1, 65535))


def http_get(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of an HTTP handler."""
    yield from to_port(value, at, scope)
    for _, header in objects(value, "httpHeaders", at):
        yield from each_invalid(
            f"{at}.httpHeaders", text(header, "name"), http_header(text(header, "name"))
        )


def exec_action(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an exec handler."""
    if not many(value, "command"):
        yield required(f"{at}.command")


def _handler(value: Object, at: str, handlers: tuple[str, ...]) -> Iterator[Cause]:
    kinds = [name for name in handlers if has(value, name)]
    if not kinds:
        yield required(at, "must specify a handler type")
    for name in kinds[1:]:
        yield forbidden(f"{at}.{name}", "may not specify more than 1 handler type")


def _sleep(value: Object, at: str, grace: int | None, scope: Scope) -> Iterator[Cause]:
    seconds, most = number(value, "seconds") or 0, 30 if grace is None else grace
    if seconds < 0 or seconds > most or (seconds == 0 and scope.minor < _ZERO_SLEEP):
        if scope.minor >= _ZERO_SLEEP:
            lowest = "non-negative"
        else:
            lowest = "greater than 0"
        yield invalid(
            at, seconds, f"must be {lowest} and less than terminationGracePeriodSeconds ({most})"
        )
