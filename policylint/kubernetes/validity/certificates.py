"""Certificate signing requests (pkg/apis/certificates/validation) and the names of signers
(pkg/apis/core/validation).

Whether a request is well-formed and signed takes an X.509 parser: that much is left open.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import (
    duplicate,
    each_invalid,
    invalid,
    required,
    too_long,
    unsupported,
)
from policylint.kubernetes.api.reading import number, text, texts
from policylint.kubernetes.validity.formats import dns_label, dns_subdomain
from policylint.kubernetes.validity.scope import Scope, unjudged
from policylint.model import Cause, Object

_USAGES = (
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
)
_LEGACY = "kubernetes.io/legacy-unknown"
_BEGIN, _END = (f"-----{word} CERTIFICATE REQUEST-----" for word in ("BEGIN", "END"))
_SHORTEST = 600
_LONGEST_DOMAIN, _LONGEST = 253, 571
"""Bytes of the domain of a signer's name, and of all of it."""


def signing_request(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a CertificateSigningRequest's spec."""
    yield from _request(text(spec, "request"), f"{at}.request")
    yield from _usages(spec, at)
    signer = text(spec, "signerName")
    if signer == _LEGACY:
        detail = "the legacy signerName is not allowed via this API version"
        yield invalid(f"{at}.signerName", signer, detail)
    else:
        yield from signer_name(signer, f"{at}.signerName")
    seconds = number(spec, "expirationSeconds")
    if seconds is not None and seconds < _SHORTEST:
        detail = "may not specify a duration less than 600 seconds (10 minutes)"
        yield invalid(f"{at}.expirationSeconds", seconds, detail)


def _request(encoded: str, at: str) -> Iterator[Cause]:
    try:
        plain = base64.b64decode(encoded).decode("ascii", "replace")
    except (binascii.Error, ValueError):
        return  # an error of decoding
    if _BEGIN not in plain or _END not in plain:
        yield invalid(at, encoded, "PEM block type must be CERTIFICATE REQUEST")
    else:
        yield unjudged(at, f"whether {at} is a signed certificate request")


def _usages(spec: Object, at: str) -> Iterator[Cause]:
    usages = list(texts(spec, "usages", at))
    if not usages:
        yield required(f"{at}.usages")
    seen: set[str] = set()
    for where, usage in usages:
        if usage not in _USAGES:
            yield unsupported(where, usage, _USAGES)
        if usage in seen:
            yield duplicate(where, usage)
        seen.add(usage)


def signer_name(name: str, at: str) -> Iterator[Cause]:
    """The errors of a signer's name, `example.com/name`."""
    if not name:
        yield required(at)
        return
    domain, *rest = name.split("/")
    if len(rest) != 1:
        detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        yield invalid(at, name, detail)
        return
    if len(domain.encode()) > _LONGEST_DOMAIN:
        yield too_long(at, _LONGEST_DOMAIN)
    labels = domain.split(".")
    wrong = next((label for label in labels if dns_label(label)), None)
    if wrong is not None:
        yield from each_invalid(at, domain, dns_label(wrong))
    if len(labels) < 2:
        detail = "should be a domain with at least two segments separated by dots"
        yield invalid(at, domain, detail)
    yield from _path(name, rest[0], at)


def _path(name: str, path: str, at: str) -> Iterator[Cause]:
    for part in path.split("."):
        if dns_subdomain(part):
            yield from each_invalid(at, path, dns_subdomain(part))
            break
    if len(name.encode()) > _LONGEST:
        yield too_long(at, _LONGEST)
