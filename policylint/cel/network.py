"""IP addresses and networks in CEL: `ip(...)`, `cidr(...)` and what can be asked of them
(Kubernetes 1.30 on).

Source: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-ip-address-library; addresses
are read as Go's net/netip does: no leading zeros, no zone, no IPv4 inside IPv6.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any, ClassVar

from msgspec import Struct

from policylint.cel.values import CelError
from policylint.runtime.patterns import pattern

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_BITS = pattern(r"0|[1-9]\d{0,2}", re.ASCII)


class IP(Struct, frozen=True):
    """One address."""

    cel_type: ClassVar[str] = "net.IP"
    address: _Address


class CIDR(Struct, frozen=True):
    """A network as written: the address may have bits beyond the prefix."""

    cel_type: ClassVar[str] = "net.CIDR"
    address: _Address
    bits: int

    @property
    def network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        """The network without the bits beyond the prefix."""
        return ipaddress.ip_network((self.address, self.bits), strict=False)


def parse_ip(text: Any) -> IP:
    """The address a string spells; raises CelError."""
    if not isinstance(text, str):
        raise CelError("no such overload")
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise CelError(
            f'IP Address "{text}" parse error during conversion from string: '
            f'ParseAddr("{text}"): {_address_problem(text)}'
        ) from error
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise CelError(f'IP address "{text}" with zone value is not allowed')
        if address.ipv4_mapped is not None:
            raise CelError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return IP(address)


def parse_cidr(text: Any) -> CIDR:
    """The network a string spells; raises CelError."""
    if not isinstance(text, str):
        raise CelError("no such overload")
    head, slash, bits = text.rpartition("/")
    if not slash:
        raise _bad_prefix(text, "no '/'")
    if not _BITS.fullmatch(bits):
        raise _bad_prefix(text, f'bad bits after slash: "{bits}"')
    address = parse_ip(head).address
    if int(bits) > address.max_prefixlen:
        raise _bad_prefix(text, "prefix length out of range")
    return CIDR(address, int(bits))


def _bad_prefix(text: str, why: str) -> CelError:
    # the server says this part twice
    lead = "network address parse error during conversion from string: " * 2
    return CelError(f'{lead}netip.ParsePrefix("{text}"): {why}')


def _address_problem(text: str) -> str:
    """What Go's netip.ParseAddr has against a text that is no address."""
    first = next((char for char in text if char in ".:%"), "")
    if first == "%":
        return "missing IPv6 address"
    if first == ".":
        return _ipv4_problem(text)
    return "unable to parse IP"


def _ipv4_problem(text: str) -> str:
    fields = text.split(".")
    at = 0
    for field in fields[:4]:
        problem = _field_problem(field, text, at)
        if problem:
            return problem
        at += len(field) + 1
    if len(fields) < 4:
        return "IPv4 address too short"
    return "IPv4 address too long"


def _field_problem(field: str, text: str, at: int) -> str:
    digits = len(field) - len(field.lstrip("0123456789"))
    if digits < len(field):
        return f'unexpected character (at "{text[at + digits :]}")'
    if not field:
        return f'IPv4 field must have at least one digit (at "{text[max(at - 1, 0) :]}")'
    if len(field) > 1 and field[0] == "0":
        return "IPv4 field has octet with leading zero"
    if len(field) > 3 or int(field) > 255:
        return "IPv4 field has value >255"
    return ""


def written(value: IP | CIDR) -> str:
    """The canonical text of an address or network."""
    if isinstance(value, IP):
        return str(value.address)
    return f"{value.address}/{value.bits}"


def _valid(parse: Callable[[Any], Any]) -> Callable[[Any], bool]:
    def check(text: Any) -> bool:
        try:
            parse(text)
        except CelError:
            return False
        return True

    return check


def _of_ip(read: Callable[[_Address], Any]) -> Callable[[Any], Any]:
    def call(value: Any) -> Any:
        if not isinstance(value, IP):
            raise CelError("no such overload")
        return read(value.address)

    return call


def _of_cidr(read: Callable[[CIDR], Any]) -> Callable[[Any], Any]:
    def call(value: Any) -> Any:
        if not isinstance(value, CIDR):
            raise CelError("no such overload")
        return read(value)

    return call


def _contains_ip(outer: Any, inner: Any) -> bool:
    ip = inner if isinstance(inner, IP) else parse_ip(inner)
    network = _network(outer)
    return network.version == ip.address.version and ip.address in network


def _contains_cidr(outer: Any, inner: Any) -> bool:
    if isinstance(inner, CIDR):
        block = inner
    else:
        block = parse_cidr(inner)
    network = _network(outer)
    return (
        network.version == block.address.version
        and block.address in network
        and outer.bits <= block.bits
    )


def _network(value: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    if not isinstance(value, CIDR):
        raise CelError("no such overload")
    return value.network


def _ip(value: Any) -> IP:
    if isinstance(value, CIDR):
        return IP(value.address)
    return parse_ip(value)


def _global_unicast(address: _Address) -> bool:
    broadcast = address == ipaddress.ip_address("255.255.255.255")
    local = address.is_unspecified or address.is_loopback or address.is_multicast
    return not (local or broadcast or address.is_link_local)


def _link_local_multicast(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return address in ipaddress.ip_network("224.0.0.0/24")
    return address.packed[0] == 0xFF and address.packed[1] & 0x0F == 0x02


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ip": _ip,
    "isIP": _valid(parse_ip),
    "ip.isCanonical": lambda text: str(parse_ip(text).address) == text,
    "family": _of_ip(lambda address: address.version),
    "isUnspecified": _of_ip(lambda address: address.is_unspecified),
    "isLoopback": _of_ip(lambda address: address.is_loopback),
    "isLinkLocalMulticast": _of_ip(_link_local_multicast),
    "isLinkLocalUnicast": _of_ip(lambda address: address.is_link_local),
    "isGlobalUnicast": _of_ip(_global_unicast),
    "cidr": parse_cidr,
    "isCIDR": _valid(parse_cidr),
    "containsIP": _contains_ip,
    "containsCIDR": _contains_cidr,
    "prefixLength": _of_cidr(lambda value: value.bits),
    "masked": _of_cidr(lambda value: CIDR(value.network.network_address, value.bits)),
}
"""Kubernetes' IP and CIDR libraries."""
