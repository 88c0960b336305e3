"""How an object of each kind may be named (`NameIs...` functions of the kinds' validation in
k8s.io/kubernetes)."""

from __future__ import annotations

from ipaddress import IPv6Address

from policylint.kubernetes.validity.formats import (
    GOOD,
    Format,
    dns_1035_label,
    dns_label,
    dns_subdomain,
    ip_address,
    ip_of,
)


def path_segment(name: str) -> tuple[str, ...]:
    """A name that may be one segment of a URL's path."""
    if name in (".", ".."):
        return (f"may not be '{name}'",)
    return tuple(f"may not contain '{part}'" for part in ("/", "%") if part in name)


def canonical_address(name: str) -> tuple[str, ...]:
    """A name that is an IP address as it is usually written."""
    complaints = ip_address(name)
    if complaints:
        return complaints
    address = ip_of(name)
    if ":" not in name and name != str(address):
        return ("must not have leading 0s",)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return ("must not be an IPv4-mapped IPv6 address",)
    if name == str(address):
        return GOOD
    return (f'must be in canonical form ("{address}")',)


def trust_bundle_name(signer: str) -> Format:
    """The format of the name of a signer's ClusterTrustBundle, of one of nobody's for ""."""

    def check(name: str) -> tuple[str, ...]:
        if not signer and ":" in name:
            return ('ClusterTrustBundle without signer name must not have ":" in its name',)
        prefix = f"{signer.replace('/', ':')}:" if signer else ""
        if not name.startswith(prefix):
            return (
                f"ClusterTrustBundle for signerName {signer} must be named with prefix {prefix}",
            )
        return dns_subdomain(name.removeprefix(prefix))

    return check


def _nothing(_name: str) -> tuple[str, ...]:
    return GOOD


_NAMES: dict[tuple[str, str], Format] = {
    ("", "Namespace"): dns_label,
    ("apps", "StatefulSet"): dns_label,
    ("rbac.authorization.k8s.io", "Role"): path_segment,
    ("rbac.authorization.k8s.io", "ClusterRole"): path_segment,
    ("rbac.authorization.k8s.io", "RoleBinding"): path_segment,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): path_segment,
    ("apiregistration.k8s.io", "APIService"): path_segment,
    ("certificates.k8s.io", "CertificateSigningRequest"): _nothing,
    ("networking.k8s.io", "IPAddress"): canonical_address,
    ("", "Event"): _nothing,
    ("policy", "PodDisruptionBudget"): path_segment,
}

_RELAXED_SERVICES = 36
"""The first minor whose Service names may begin with a digit (feature
RelaxedServiceNameValidation)."""

_SHORTER = {("batch", "CronJob"): 52}
"""Kinds whose names leave room for a suffix of the objects they make."""


def format_of(group: str, kind: str, minor: int) -> Format:
    """The format of a kind's names; a DNS subdomain unless the kind has its own."""
    if (group, kind) == ("", "Service"):
        if minor >= _RELAXED_SERVICES:
            return dns_label
        return dns_1035_label
    if (group, kind) in _SHORTER:
        return _at_most(_SHORTER[(group, kind)])
    return _NAMES.get((group, kind), dns_subdomain)


def format_of_prefix(group: str, kind: str, minor: int) -> Format:
    """The format of what a generated name begins with: that of the name, whatever its length."""
    if (group, kind) in _SHORTER:
        return dns_subdomain
    return format_of(group, kind, minor)


def _at_most(length: int) -> Format:
    def check(name: str) -> tuple[str, ...]:
        if len(name) > length:
            return (f"must be no more than {length} characters",)
        return dns_subdomain(name)

    return check
