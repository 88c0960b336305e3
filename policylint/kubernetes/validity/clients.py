"""How the server reaches a webhook or an aggregated API: URL, service and certificates.

Source: k8s.io/apiserver pkg/util/webhook/validation.go (v0.37), which admission webhooks, the
conversion webhooks of CRDs and APIServices share.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import each_invalid, invalid, required
from policylint.kubernetes.api.reading import number, text
from policylint.kubernetes.validity.formats import dns_subdomain, port_number
from policylint.model import Cause, Object
from policylint.runtime.patterns import pattern
from policylint.runtime.urls import InvalidUrlError, parse_reference

_FORM = "; desired format: https://host[/path]"
_CERTIFICATE = pattern(
    r"^-----BEGIN CERTIFICATE-----[ \t\r]*\n((?:[A-Za-z0-9+/=\s]*\n)?)"
    r"-----END CERTIFICATE-----[ \t\r]*$",
    re.ASCII | re.MULTILINE,
)


def webhook_url(url: str, at: str) -> Iterator[Cause]:
    """The errors of a webhook's URL."""
    try:
        parts = parse_reference(url)
    except InvalidUrlError as error:
        shown = url.partition("#")[0]
        yield required(at, f'url must be a valid URL: parse "{shown}": {error}{_FORM}')
        return
    if parts.scheme != "https":
        yield invalid(at, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}")
    if not parts.host:
        yield invalid(at, "", f"host must be specified{_FORM}")
    if parts.user is not None:
        yield invalid(at, parts.user, "user information is not permitted in the URL")
    if parts.fragment:
        yield invalid(at, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        yield invalid(at, parts.query, "query parameters are not permitted in the URL")


def webhook_service(service: Object, at: str) -> Iterator[Cause]:
    """The errors of the service that a webhook or an aggregated API is behind."""
    for name in ("name", "namespace"):
        if not text(service, name):
            yield required(f"{at}.{name}")
    port = number(service, "port")
    if port is not None and port_number(port):
        yield invalid(f"{at}.port", port, f"port is not valid: {', '.join(port_number(port))}")
    path = text(service, "path")
    if path in ("", "/"):
        return
    if not path.startswith("/"):
        yield invalid(f"{at}.path", path, "must start with a '/'")
    for index, step in enumerate(path[1:].removesuffix("/").split("/")):
        if not step:
            yield invalid(f"{at}.path", path, f"segment[{index}] may not be empty")
        else:
            yield from each_invalid(
                f"{at}.path",
                path,
                [f"segment[{index}]: {complaint}" for complaint in dns_subdomain(step)],
            )


def certificate_bundle(bundle: str, at: str) -> Iterator[Cause]:
    """The errors of a bundle of certificates, written in base64: one of them can be read."""
    try:
        decoded = base64.b64decode(bundle).decode("ascii", "replace")
    except binascii.Error:
        return  # refused when it is decoded
    if any(map(_is_certificate, _CERTIFICATE.findall(decoded))):
        return
    reason = "unable to load root certificates: unable to parse bytes as PEM block"
    yield invalid(at, "<certificates>", reason)


def _is_certificate(body: str) -> bool:
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=der)
    except (binascii.Error, ssl.SSLError):
        return False
    return True
