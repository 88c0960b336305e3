"""Annotations of pods and templates that the server reads (pkg/apis/core/validation
ValidatePodSpecificAnnotations)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import each_invalid, forbidden, invalid
from policylint.kubernetes.api.reading import fields, text, text_map
from policylint.kubernetes.validity.containers import all_containers
from policylint.kubernetes.validity.formats import descending_path
from policylint.model import Cause, Object
from policylint.runtime.patterns import pattern

_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_MIRROR = "kubernetes.io/config.mirror"
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
_TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
_SECCOMP = frozenset({"runtime/default", "docker/default", "unconfined"})
_SECCOMP_OF = {
    "Localhost": (),
    "RuntimeDefault": ("runtime/default", "docker/default"),
    "Unconfined": ("unconfined",),
}
"""Type of a profile -> the annotations that say the same."""

_WHOLE = pattern(r"0|-?[1-9][0-9]*")
_PROFILES = {"Unconfined": "unconfined", "RuntimeDefault": "runtime/default"}


def pod_annotations(meta: Object, spec: Object, at: str) -> Iterator[Cause]:
    """The errors of the annotations of a pod or template; `at` is the path of its metadata."""
    annotations, where = text_map(meta, "annotations"), f"{at}.annotations"
    if not annotations:
        return
    if _MIRROR in annotations and not text(spec, "nodeName"):
        detail = "must set spec.nodeName if mirror pod annotation is set"
        yield invalid(f"{where}[{_MIRROR}]", annotations[_MIRROR], detail)
    cost = annotations.get(_DELETION_COST, "0")
    if not (_WHOLE.fullmatch(cost) and -(2**31) <= int(cost) < 2**31):
        yield invalid(f"{where}[{_DELETION_COST}]", cost, "must be a 32bit integer")
    yield from _tolerations(annotations.get(_TOLERATIONS, ""), where)
    yield from _seccomp(annotations, where)
    yield from _matching_seccomp(annotations, spec, at.removesuffix("metadata") + "spec")
    yield from _app_armor(annotations, spec, where)


def _tolerations(written: str, at: str) -> Iterator[Cause]:
    try:
        readable = not written or isinstance(json.loads(written), list)
    except ValueError:
        readable = False
    if not readable:
        yield invalid(at, _TOLERATIONS, "the annotation is no list of tolerations")


def _seccomp(annotations: dict[str, str], at: str) -> Iterator[Cause]:
    for key, profile in annotations.items():
        if key != _SECCOMP_POD and not key.startswith(_SECCOMP_CONTAINER):
            continue
        if profile.startswith("localhost/"):
            path = profile.removeprefix("localhost/")
            yield from each_invalid(f"{at}.{key}", path, descending_path(path))
        elif profile not in _SECCOMP:
            yield invalid(f"{at}.{key}", profile, "must be a valid seccomp profile")


def _matching_seccomp(annotations: dict[str, str], spec: Object, at: str) -> Iterator[Cause]:
    """The errors of annotations and fields that name different seccomp profiles."""
    annotated = [(_SECCOMP_POD, at, spec)]
    for path, container in all_containers(spec, at):
        annotated.append((f"{_SECCOMP_CONTAINER}{text(container, 'name')}", path, container))
    for key, path, holder in annotated:
        profile = fields(fields(holder, "securityContext"), "seccompProfile")
        if key not in annotations or not profile:
            continue
        where, kind = f"{path}.securityContext.seccompProfile", text(profile, "type")
        name = annotations[key]
        if kind == "Localhost" and name.startswith("localhost/"):
            if name != f"localhost/{text(profile, 'localhostProfile')}":
                detail = "seccomp profile in annotation and field must match"
                yield forbidden(f"{where}.localhostProfile", detail)
        elif name not in _SECCOMP_OF.get(kind, (name,)):
            yield forbidden(f"{where}.type", "seccomp type in annotation and field must match")


def _app_armor(annotations: dict[str, str], spec: Object, at: str) -> Iterator[Cause]:
    names = {text(container, "name") for _, container in all_containers(spec, "")}
    for key, profile in annotations.items():
        if not key.startswith(_APP_ARMOR):
            continue
        name = key.removeprefix(_APP_ARMOR)
        if name not in names:
            yield invalid(f"{at}[{key}]", name, "container not found")
        known = profile in ("", "runtime/default", "unconfined")
        if not known and not profile.startswith("localhost/"):
            yield invalid(f"{at}[{key}]", profile, f'invalid AppArmor profile name: "{profile}"')


def matching_app_armor(meta: Object, spec: Object) -> Iterator[Cause]:
    """The errors of a new Pod whose annotations and fields name different AppArmor profiles."""
    annotations = text_map(meta, "annotations")
    if text(fields(spec, "os"), "name") == "windows":
        return
    for path, container in all_containers(spec, "spec"):
        annotated = annotations.get(f"{_APP_ARMOR}{text(container, 'name')}")
        own = fields(container, "securityContext")
        # without a field of its own, the annotation becomes the container's
        profile = fields(own, "appArmorProfile")
        if annotated is None or not profile:
            continue
        kind = text(profile, "type")
        wanted = _PROFILES.get(kind, f"localhost/{text(profile, 'localhostProfile')}")
        if annotated != wanted:
            where = f"{path}.securityContext.appArmorProfile.type"
            yield forbidden(where, "apparmor type in annotation and field must match")
