"""Certificates that are projected into pods: bundles of trust, and certificates made for the pod.

Source: validateProjectionSources of pkg/apis/core/validation (v1.37, the first minor that keeps
these sources unless they are switched on).
"""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import each_invalid, invalid, required, unsupported
from policylint.kubernetes.api.reading import has, number, text, text_map
from policylint.kubernetes.validity.certificates import signer_name
from policylint.kubernetes.validity.formats import plain_path, qualified_name
from policylint.kubernetes.validity.metadata import annotations_size
from policylint.kubernetes.validity.names import trust_bundle_name
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object

PATHS = ("credentialBundlePath", "keyPath", "certificateChainPath")
"""Where a pod's certificate is written to."""
_KEY_TYPES = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
_HOUR = 3600
_DAY = 24 * _HOUR
_LONGEST = 91 * _DAY


def trust_bundle(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of projected bundles of trust: one by its name, or all of a signer."""
    if has(value, "name") and has(value, "signerName"):
        yield invalid(at, dict(value), "only one of name and signerName may be used")
    elif has(value, "name"):
        yield from _one_bundle(value, at)
    elif has(value, "signerName"):
        yield from signer_name(text(value, "signerName"), f"{at}.signerName")
    else:
        yield required(at, "either name or signerName must be specified")
    path = text(value, "path")
    if not path:
        yield required(f"{at}.path")
    yield from each_invalid(f"{at}.path", path, plain_path(path))


def _one_bundle(value: Object, at: str) -> Iterator[Cause]:
    name = text(value, "name")
    if not name:
        yield required(f"{at}.name", "must be a valid object name")
    signer = name.rpartition(":")[0].replace(":", "/")
    complaints = trust_bundle_name(signer)(name)
    details = [f"not a valid clustertrustbundlename: {complaint}" for complaint in complaints]
    yield from each_invalid(f"{at}.name", name, details)
    if has(value, "labelSelector"):
        detail = "labelSelector must be unset if name is specified"
        yield invalid(f"{at}.labelSelector", value["labelSelector"], detail)


def pod_certificate(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a certificate that is made for the pod."""
    signer, key_type = text(value, "signerName"), text(value, "keyType")
    yield from signer_name(signer, f"{at}.signerName")
    for key in text_map(value, "userAnnotations"):
        yield from each_invalid(f"{at}.userAnnotations", key, _annotation(key.lower()))
    yield from annotations_size(text_map(value, "userAnnotations"), f"{at}.userAnnotations")
    if key_type not in _KEY_TYPES:
        yield unsupported(f"{at}.keyType", key_type, _KEY_TYPES)
    yield from _expiration(value, signer, f"{at}.maxExpirationSeconds")
    paths = [name for name in PATHS if text(value, name)]
    for name in paths:
        yield from each_invalid(f"{at}.{name}", text(value, name), plain_path(text(value, name)))
    if not paths:
        detail = "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"
        yield required(at, detail)


def _annotation(key: str) -> tuple[str, ...]:
    if "/" not in key:
        return ('must be a domain-prefixed key (such as "acme.io/foo")',)
    return qualified_name(key)


def _expiration(value: Object, signer: str, at: str) -> Iterator[Cause]:
    seconds = number(value, "maxExpirationSeconds")
    if seconds is None:
        return
    host = signer.partition("/")[0]
    longest = _DAY if f".{host}".endswith(".kubernetes.io") else _LONGEST
    if seconds < _HOUR:
        yield invalid(at, seconds, "if provided, maxExpirationSeconds must be >= 3600")
    if seconds > longest:
        yield invalid(at, seconds, f"if provided, maxExpirationSeconds must be <= {longest}")
