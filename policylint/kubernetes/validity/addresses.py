"""IP addresses and networks: in fields older than Kubernetes' strict checks
(`IsValidIPForLegacyField`), and in newer ones, which hold them as Go prints them (`IsValidIP`)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import invalid
from policylint.kubernetes.validity.formats import cidr, ip_address, ip_of
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause

_LOCAL_GROUPS = {
    4: ipaddress.ip_network("224.0.0.0/24"),
    6: ipaddress.ip_network("ff02::/16"),
}
"""IP version -> its multicast addresses that stay on the link."""

STRICT = 36
"""The first minor that refuses ambiguous addresses (feature StrictIPCIDRValidation)."""


def address(at: str, value: str, scope: Scope) -> Iterator[Cause]:
    """The errors of an address."""
    for complaint in ip_address(value):
        yield invalid(at, value, complaint)
        return
    if scope.minor >= STRICT:
        yield from _ambiguous_address(at, value)


def _ambiguous_address(at: str, value: str) -> Iterator[Cause]:
    if _has_zeros(value):
        yield invalid(at, value, "must not have leading 0s")
    elif _is_mapped(value):
        yield invalid(at, value, "must not be an IPv4-mapped IPv6 address")


def network(at: str, value: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a network in CIDR notation."""
    for complaint in cidr(value):
        yield invalid(at, value, complaint)
        return
    if scope.minor >= STRICT:
        yield from _ambiguous_network(at, value)


def _ambiguous_network(at: str, value: str) -> Iterator[Cause]:
    host, _, bits = value.partition("/")
    if _has_zeros(host) or (bits != "0" and bits.startswith("0")):
        yield invalid(at, value, "must not have leading 0s in IP or prefix length")
    elif _is_mapped(host):
        yield invalid(at, value, "must not have an IPv4-mapped IPv6 address")
    elif ipaddress.ip_interface(value).network.network_address != ipaddress.ip_interface(value).ip:
        yield invalid(at, value, "must not have bits set beyond the prefix length")


def canonical_network(at: str, value: str) -> Iterator[Cause]:
    """The errors of a network in a field that is new enough to hold it in one form alone."""
    for complaint in cidr(value):
        yield invalid(at, value, complaint)
        return
    ambiguous = list(_ambiguous_network(at, value))
    yield from ambiguous
    written = str(ipaddress.ip_interface(value).network) if not ambiguous else value
    if value != written:
        yield invalid(at, value, f'must be in canonical form ("{written}")')


def canonical_address(at: str, value: str) -> Iterator[Cause]:
    """The errors of an address in a field that is new enough to hold it in one form alone."""
    for complaint in ip_address(value):
        yield invalid(at, value, complaint)
        return
    ambiguous = list(_ambiguous_address(at, value))
    yield from ambiguous
    if not ambiguous and value != str(ip_of(value)):
        yield invalid(at, value, f'must be in canonical form ("{ip_of(value)}")')


def endpoint(at: str, value: str, scope: Scope) -> Iterator[Cause]:
    """The errors of an address that traffic is to be sent to."""
    yield from address(at, value, scope)
    yield from reachable(at, value)


def reachable(at: str, value: str) -> Iterator[Cause]:
    """The errors of a well-formed address to which no traffic can be sent."""
    ip = ip_of(value)
    if ip is None:
        return
    if ip.is_unspecified:
        yield invalid(at, value, f"may not be unspecified ({value})")
    if ip.is_loopback:
        yield invalid(at, value, "may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if ip.is_link_local:
        yield invalid(at, value, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if ip in _LOCAL_GROUPS[ip.version]:
        detail = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        yield invalid(at, value, detail)


def _has_zeros(value: str) -> bool:
    return ":" not in value and any(
        len(part) > 1 and part.startswith("0") for part in value.split(".")
    )


def _is_mapped(value: str) -> bool:
    ip = ip_of(value)
    return isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None
