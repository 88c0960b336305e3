"""Judges a CustomResourceDefinition: is it valid, and may it replace the one that is there?

Source: apiextensions-apiserver pkg/apis/apiextensions/validation; what the old object already got
wrong is forgiven where the server forgives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from policylint.kubernetes.api.fielderrors import TOPIC, forbidden, invalid, required, unsupported
from policylint.kubernetes.api.schemas import NEWEST, minor_number
from policylint.kubernetes.crds.decode import decode_causes, decoded
from policylint.kubernetes.crds.names import group_causes, name_causes, version_name_causes
from policylint.kubernetes.crds.versions import SchemaChecks, shared_fields, version_causes
from policylint.kubernetes.validity.clients import (
    certificate_bundle,
    webhook_service,
    webhook_url,
)
from policylint.model import Answer, Cause, Object, Outcome, Target, Unknown

_SCOPES = ("Cluster", "Namespaced")
_REVIEW_VERSIONS = ("v1", "v1beta1")
_CERTIFICATES = 31
"""The first minor that reads the certificates of a conversion webhook."""
_CHANGE = "crd-change-refused"
_APPROVED = "api-approved.kubernetes.io"
Finding = Cause | Unknown


def judge_crd(new: Object, old: Object | None, target: Target) -> Answer:
    """The API server's answer to a CRD that is created (`old` is None) or replaces a live one."""
    try:
        return _answer(_judged(new, old, target.kubernetes))
    except RecursionError:
        what = "a schema that is nested too deeply to be judged offline"
        unknown = Unknown(what, "kubectl apply --dry-run=server -f <the CRD>", TOPIC)
        return Answer(Outcome.DEPENDS, unknowns=(unknown,))


def _answer(findings: Iterable[Finding]) -> Answer:
    causes: list[Cause] = []
    unknowns: list[Unknown] = []
    for finding in findings:
        if isinstance(finding, Cause):
            causes.append(finding)
        else:
            unknowns.append(finding)
    if causes:
        return Answer(Outcome.REJECTED, tuple(causes), tuple(unknowns))
    return Answer(Outcome.DEPENDS if unknowns else Outcome.ACCEPTED, (), tuple(unknowns))


def _judged(new: Object, old: Object | None, kubernetes: str) -> Iterator[Finding]:
    if old is not None and _same_spec(new, old):
        # the server has taken this spec before: only metadata and stored versions are left
        undecodable = decode_causes({"metadata": new.get("metadata")})
        yield from undecodable or _approval(new, old)
        yield from _stored(stored_versions(old), new)
        return
    undecodable = decode_causes(new)
    if undecodable:
        yield from undecodable
    elif old is None:
        yield from _spec(defaulted(new), None, kubernetes)
    else:
        yield from _replaced(defaulted(old), defaulted(new), kubernetes)


def _same_spec(new: Object, old: Object) -> bool:
    spec = new.get("spec")
    return isinstance(spec, Mapping) and bool(spec == old.get("spec"))


def validate_crd(new: Object, kubernetes: str = NEWEST) -> tuple[Cause, ...]:
    """The server's errors on a new CRD."""
    undecodable = decode_causes(new)
    return tuple(
        undecodable
        or (item for item in _spec(defaulted(new), None, kubernetes) if isinstance(item, Cause))
    )


def validate_crd_update(old: Object, new: Object) -> tuple[Cause, ...]:
    """What the server refuses of the transition alone: names, scope and group, and dropped stored
    versions."""
    return tuple(_transition(defaulted(old), defaulted(new)))


def _replaced(old: Object, new: Object, kubernetes: str) -> Iterator[Finding]:
    yield from _spec(new, old, kubernetes)
    if minor_number(kubernetes) >= _CERTIFICATES:
        yield from _certificates(new, old)
    yield from _transition(old, new)


def defaulted(crd: Object) -> Object:
    """A CRD with what the server fills in: singular and list names, no conversion, no unknown
    fields kept."""
    crd = decoded(crd)
    spec = dict(crd.get("spec") or {})
    names = dict(spec.get("names") or {})
    kind = str(names.get("kind") or "")
    if not names.get("singular"):
        names["singular"] = kind.lower()
    if not names.get("listKind") and kind:
        names["listKind"] = f"{kind}List"
    if spec.get("conversion") is None:
        spec["conversion"] = {"strategy": "None"}
    return {**crd, "spec": {**spec, "names": names}}


def stored_versions(crd: Object) -> tuple[str, ...]:
    """The versions objects are stored in: as the live object says, else the one that is the storage
    version."""
    recorded = (crd.get("status") or {}).get("storedVersions")
    if recorded:
        return tuple(recorded)
    return tuple(str(version.get("name")) for version in versions(crd) if version.get("storage"))[
        :1
    ]


def versions(crd: Object) -> Sequence[Any]:
    """The entries of `spec.versions`; what is no object is none."""
    entries = (crd.get("spec") or {}).get("versions")
    if not isinstance(entries, list):
        return ()
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _transition(old: Object, new: Object) -> Iterator[Cause]:
    before, after = old["spec"], new["spec"]
    names_before, names_after = before["names"], after["names"]
    if _established(old):
        yield from _immutable("spec.scope", before.get("scope"), after.get("scope"))
        yield from _immutable("spec.names.kind", names_before.get("kind"), names_after.get("kind"))
    yield from _immutable("spec.group", before.get("group"), after.get("group"))
    yield from _immutable(
        "spec.names.plural", names_before.get("plural"), names_after.get("plural")
    )
    yield from _stored(stored_versions(old), new)


def _established(crd: Object) -> bool:
    """Whether the names are fixed: a live CRD is established unless its own status says
    otherwise."""
    conditions = (crd.get("status") or {}).get("conditions") or ()
    return not any(
        item.get("type") == "Established" and item.get("status") != "True" for item in conditions
    )


def _immutable(path: str, before: Any, after: Any) -> Iterator[Cause]:
    if before != after:
        yield invalid(path, after or "", "field is immutable", _CHANGE)


def _stored(stored: tuple[str, ...], new: Object) -> Iterator[Cause]:
    known = [str(version.get("name")) for version in versions(new)]
    path = "status.storedVersions"
    storage = [str(version.get("name")) for version in versions(new) if version.get("storage")]
    listed = [*stored, *(name for name in storage[:1] if name not in stored)]
    for name in storage[1:]:
        if name not in listed:
            yield invalid(path, listed, f"must have the storage version {name}", _CHANGE)
    for at, name in enumerate(listed):
        if name not in known:
            text = (
                f"missing from spec.versions; {name} was previously a storage version, and must "
                "remain in spec.versions until a storage migration ensures no data remains "
                f"persisted in {name} and removes {name} from {path}"
            )
            yield invalid(f"{path}[{at}]", name, text, _CHANGE)


def _spec(new: Object, old: Object | None, kubernetes: str) -> Iterator[Finding]:
    spec = new["spec"]
    checks = SchemaChecks.against(old, new, minor_number(kubernetes))
    yield from name_causes(new, created=old is None)
    yield from group_causes(spec)
    scope = spec.get("scope")
    if not scope:
        yield required("spec.scope", "")
    elif scope not in _SCOPES:
        yield unsupported("spec.scope", scope, _SCOPES)
    yield from _versions(new, checks)
    yield from _conversion(spec)
    yield from _approval(new, old)
    unknown_kept = old is not None and old["spec"].get("preserveUnknownFields")
    if spec.get("preserveUnknownFields") and not unknown_kept:
        text = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
            "spec.versions[*].schema instead"
        )
        yield invalid("spec.preserveUnknownFields", True, text)


def _versions(new: Object, checks: SchemaChecks) -> Iterator[Finding]:
    entries = versions(new)
    shared = shared_fields(entries)
    for at, version in enumerate(entries):
        yield from _missing_schema(version, f"spec.versions[{at}].schema.openAPIV3Schema", checks)
    for at, version in enumerate(entries):
        yield from version_name_causes(version, at)
        yield from version_causes(version, at, checks, shared)
    names = [version.get("name") for version in entries]
    if len(set(names)) != len(names):
        yield invalid("spec.versions", entries, "must contain unique version names")
    if sum(bool(version.get("storage")) for version in entries) != 1:
        text = "must have exactly one version marked as storage version"
        yield invalid("spec.versions", entries, text)


def _missing_schema(version: Object, path: str, checks: SchemaChecks) -> Iterator[Cause]:
    if (version.get("schema") or {}).get("openAPIV3Schema") is not None:
        return
    if checks.require_schema:
        yield required(path)
    elif version.get("served"):
        yield required(path, "because otherwise all fields are pruned")


def _conversion(spec: Object) -> Iterator[Cause]:
    conversion, path = spec["conversion"], "spec.conversion"
    strategy, webhook = conversion.get("strategy"), conversion.get("webhook")
    if not strategy:
        yield required(f"{path}.strategy", "")
    elif strategy not in ("None", "Webhook"):
        yield unsupported(f"{path}.strategy", strategy, ("None", "Webhook"))
    reviewed = (webhook or {}).get("conversionReviewVersions") or []
    client = (webhook or {}).get("clientConfig")
    if strategy == "Webhook":
        yield from _client(client, f"{path}.webhookClientConfig")
        yield from _reviewed(reviewed, f"{path}.conversionReviewVersions")
        return
    if client is not None:
        text = "should not be set when strategy is not set to Webhook"
        yield forbidden(f"{path}.webhookClientConfig", text)
    if reviewed:
        text = "should not be set when strategy is not set to Webhook"
        yield forbidden(f"{path}.conversionReviewVersions", text)


def _client(client: Object | None, path: str) -> Iterator[Cause]:
    if client is None:
        yield required(path, "required when strategy is set to Webhook")
        return
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        yield required(path, "exactly one of url or service is required")
    elif service is not None:
        yield from webhook_service(service, f"{path}.service")
    else:
        yield from webhook_url(str(url), f"{path}.url")


def _certificates(new: Object, old: Object) -> Iterator[Cause]:
    """The bundle of a conversion webhook: a new CRD may wait for one that is read, a live one may
    not lose it."""
    bundle = _bundle(new)
    known = _bundle(old)
    at = "spec.conversion.webhookClientConfig.caBundle"
    forgiven = bool(known) and any(certificate_bundle(known, at))
    if bundle and _established(old) and not forgiven:
        yield from certificate_bundle(bundle, at)


def _bundle(crd: Object) -> str:
    conversion = crd["spec"]["conversion"]
    if conversion.get("strategy") != "Webhook":
        return ""
    client = (conversion.get("webhook") or {}).get("clientConfig") or {}
    return str(client.get("caBundle") or "")


def _reviewed(reviewed: Sequence[str], path: str) -> Iterator[Cause]:
    if not reviewed:
        yield required(path, "")
        return
    for at, name in enumerate(reviewed):
        if name in reviewed[:at]:
            yield invalid(f"{path}[{at}]", name, "duplicate version")
    if not set(reviewed) & set(_REVIEW_VERSIONS):
        yield invalid(
            path, list(reviewed), f"must include at least one of {', '.join(_REVIEW_VERSIONS)}"
        )


def _approval(new: Object, old: Object | None) -> Iterator[Cause]:
    """Groups of Kubernetes itself need an annotation that says who approved the API."""
    group = str(new["spec"].get("group") or "")
    if not group.endswith((".k8s.io", ".kubernetes.io")) and group not in (
        "k8s.io",
        "kubernetes.io",
    ):
        return
    state = _approval_state(new)
    if state == "approved" or (old is not None and _approval_state(old) == state):
        return
    path = f"metadata.annotations[{_APPROVED}]"
    if state == "missing":
        text = "protected groups must have approval annotation"
        yield required(
            path, f'{text} "{_APPROVED}", see https://github.com/kubernetes/enhancements/pull/1111'
        )
    else:
        value = new["metadata"]["annotations"][_APPROVED]
        text = (
            f'protected groups must have approval annotation "{_APPROVED}" with either a URL or '
            "a reason starting with"
        )
        yield invalid(
            path,
            value,
            f'{text} "unapproved", see https://github.com/kubernetes/enhancements/pull/1111',
        )


def _approval_state(crd: Object) -> str:
    annotations = (crd.get("metadata") or {}).get("annotations") or {}
    value = str(annotations.get(_APPROVED) or "")
    if not value:
        return "missing"
    if value.startswith("unapproved") or "://" in value:
        return "approved"
    return f"invalid {value}"
