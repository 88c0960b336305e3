"""Names that point elsewhere: paths that begin with a domain, names with several labels."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import each_invalid, invalid, required, too_long
from policylint.kubernetes.validity.formats import dns_subdomain, domain_path
from policylint.model import Cause


def domain_path_errors(name: str, at: str) -> Iterator[Cause]:
    """The errors of a path that begins with a domain (acme.io/foo)."""
    if not name:
        yield required(at)
    else:
        yield from each_invalid(at, name, domain_path(name))


def full_name_errors(name: str, at: str) -> Iterator[Cause]:
    """The errors of a name that has to be a domain of three or more labels."""
    complaints = dns_subdomain(name)
    if not name:
        yield required(at)
    elif complaints:
        yield invalid(at, name, ",".join(complaints))
    elif name.count(".") < 2:
        yield invalid(at, name, "should be a domain with at least three segments separated by dots")


def driver_name(name: str, at: str) -> Iterator[Cause]:
    """The errors of a CSI driver's name where it is referred to."""
    if not name:
        yield required(at)
        return
    if len(name) > 63:
        yield too_long(at, 63)
    yield from each_invalid(at, name, dns_subdomain(name.lower()))
