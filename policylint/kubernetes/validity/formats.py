"""What makes a name, label, port, address or path well-formed: each function gives the server's
complaints.

Source: k8s.io/apimachinery pkg/util/validation and pkg/api/validate/content (v0.36), whose words
these are.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache

from policylint.kubernetes.api.quantity import parse_quantity
from policylint.runtime.patterns import pattern

Format = Callable[[str], tuple[str, ...]]
GOOD: tuple[str, ...] = ()

LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_UNDERSCORE_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_ALPHANUMERIC = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric"
)
_KEY_RULE = f"{_ALPHANUMERIC} character"
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' "
    "or '.', "
    "and must start and end with an alphanumeric character"
)
_LABEL_1035_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character"
)
_WILDCARD_RULE = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, "
    "which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
)


def _example(rule: str, pattern: str, *examples: str) -> str:
    shown = "".join(
        f"{' or ' if number else ''}'{example}', " for number, example in enumerate(examples)
    )
    return f"{rule} (e.g. {shown}regex used for validation is '{pattern}')"


def _at_most(length: int, unit: str = "characters") -> str:
    return f"must be no more than {length} {unit}"


def _pattern(
    regex: str, rule: str, examples: tuple[str, ...], longest: int = 2**31, unit: str = "characters"
) -> Format:
    compiled = pattern(regex)
    complaint = _example(rule, regex, *examples)

    @lru_cache(maxsize=4096)
    def check(text: str) -> tuple[str, ...]:
        complaints = () if len(text) <= longest else (_at_most(longest, unit),)
        if compiled.fullmatch(text):
            return complaints
        return (*complaints, complaint)

    return check


_label = _pattern(LABEL, _LABEL_RULE, ("my-name", "123-abc"), 63)
dns_subdomain = _pattern(SUBDOMAIN, _SUBDOMAIN_RULE, ("example.com",), 253)
dns_subdomain_underscore = _pattern(
    rf"{_UNDERSCORE_LABEL}(\.{_UNDERSCORE_LABEL})*",
    _SUBDOMAIN_RULE.replace("'-' or '.'", "'_', '-' or '.'"),
    ("example.com",),
    253,
)
dns_1035_label = _pattern(_LABEL_1035, _LABEL_1035_RULE, ("my-name", "abc-123"), 63)
wildcard_subdomain = _pattern(rf"\*\.{SUBDOMAIN}", _WILDCARD_RULE, ("*.example.com",), 253)
label_value = _pattern(
    f"({_KEY})?",
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character",
    ("MyValue", "my_value", "12345"),
    63,
    "bytes",
)
config_key_characters = _pattern(
    "[-._a-zA-Z0-9]+",
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    ("key.name", "KEY_NAME", "key-name"),
    253,
)
http_header = _pattern(
    "[-A-Za-z0-9]+",
    "a valid HTTP header must consist of alphanumeric characters or '-'",
    ("X-Header-Name",),
)
percent = _pattern(
    "[0-9]+%",
    "a valid percent string must be a numeric string followed by an ending '%'",
    ("1%", "93%"),
)
c_identifier = _pattern(
    "[A-Za-z_][A-Za-z0-9_]*",
    "a valid C identifier must start with alphabetic character or '_', followed by a string "
    "of alphanumeric "
    "characters or '_'",
    ("my_name", "MY_NAME", "MyName"),
)
_SUBDOMAIN_REGEX = pattern(SUBDOMAIN)


def dns_label(text: str) -> tuple[str, ...]:
    """A DNS label of RFC 1123."""
    complaints = _label(text)
    if complaints and _SUBDOMAIN_REGEX.fullmatch(text) and "." in text:
        return (*complaints[:-1], "must not contain dots")
    return complaints


_KEY_COMPLAINT = _example(_KEY_RULE, _KEY, "MyName", "my.name", "123-abc")
_KEY_REGEX = pattern(_KEY)


@lru_cache(maxsize=4096)
def qualified_name(text: str) -> tuple[str, ...]:
    """The key of a label, annotation, taint, resource: `name` or `prefix/name`."""
    prefix, slash, name = text.rpartition("/")
    if text.count("/") > 1:
        tail = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return (f"a valid label key {_KEY_COMPLAINT}{tail}",)
    problems: list[str] = []
    if slash:
        complaints = dns_subdomain(prefix) if prefix else ("must be non-empty",)
        problems += [f"prefix part {complaint}" for complaint in complaints]
    if not name:
        problems.append("name part must be non-empty")
    elif len(name) > 63:
        problems.append(f"name part {_at_most(63, 'bytes')}")
    if not _KEY_REGEX.fullmatch(name):
        problems.append(f"name part {_KEY_COMPLAINT}")
    return tuple(problems)


def config_key(text: str) -> tuple[str, ...]:
    """A key of a ConfigMap or Secret."""
    complaints = config_key_characters(text)
    if text == ".":
        return (*complaints, "must not be '.'")
    if text == "..":
        return (*complaints, "must not be '..'")
    if text.startswith(".."):
        return (*complaints, "must not start with '..'")
    return complaints


_strict_environment = _pattern(
    "[-._a-zA-Z][-._a-zA-Z0-9]*",
    "a valid environment variable name must consist of alphabetic characters, digits, '_', "
    "'-', or '.', "
    "and must not start with a digit",
    ("my.env-name", "MY_ENV.NAME", "MyEnvName1"),
)


def environment_name(text: str, minor: int) -> tuple[str, ...]:
    """The name of an environment variable: since 1.32 anything printable but `=`."""
    if minor < 32:
        return _strict_environment(text)
    if all(32 <= ord(character) <= 126 and character != "=" for character in text):
        return GOOD
    return (
        (
            "a valid environment variable name must consist only of printable ASCII characters "
            "other than '='"
        ),
    )


def port_name(text: str) -> tuple[str, ...]:
    """The name of a port (IANA service name)."""
    complaints = [_at_most(15)] if len(text) > 15 else []
    if not re.fullmatch("[-a-z0-9]+", text):
        complaints.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        complaints.append("must contain at least one letter (a-z)")
    if "--" in text:
        complaints.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        complaints.append("must not begin or end with a hyphen")
    return tuple(complaints)


def between(lowest: int, highest: int) -> str:
    """The server's words for an inclusive range."""
    return f"must be between {lowest} and {highest}, inclusive"


def port_number(value: int) -> tuple[str, ...]:
    """A port's number."""
    if 1 <= value <= 65535:
        return GOOD
    return (between(1, 65535),)


_IP_RULE = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_CIDR_RULE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def ip_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address as Kubernetes' older fields read it (leading zeros are decimal); None where it is
    none."""
    try:
        return ipaddress.ip_address(_without_zeros(text))
    except ValueError:
        return None


def ip_family(text: str) -> str:
    """IPv4 or IPv6, as Go sees it (an IPv4-mapped address is IPv4); "" where it is no address."""
    ip = ip_of(text)
    if ip is None:
        return ""
    mapped = isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None
    if mapped:
        return "IPv4"
    return f"IPv{ip.version}"


def ip_address(text: str) -> tuple[str, ...]:
    """An IP address."""
    if ip_of(text) is not None and "%" not in text:
        return GOOD
    return (_IP_RULE,)


def interface_of(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface | None:
    """A network in CIDR notation as Kubernetes' older fields read it, host bits and all; None where
    it is none."""
    address, slash, bits = text.partition("/")
    if not slash or "%" in address or not bits.isdigit() or not bits.isascii():
        return None
    try:
        return ipaddress.ip_interface(f"{_without_zeros(address)}/{bits}")
    except ValueError:
        return None


def cidr(text: str) -> tuple[str, ...]:
    """A network in CIDR notation; host bits may be set."""
    if interface_of(text) is None:
        return (_CIDR_RULE,)
    return GOOD


def _without_zeros(text: str) -> str:
    if text:
        return ".".join(
            part.lstrip("0") or "0" if part.isdigit() else part for part in text.split(".")
        )
    return text


def quantity(text: str) -> bool:
    """Whether a text is a quantity."""
    return parse_quantity(text) is not None


def backsteps(path: str) -> tuple[str, ...]:
    """A path without `..` steps."""
    if ".." in path.split("/"):
        return ("must not contain '..'",)
    return GOOD


def descending_path(path: str) -> tuple[str, ...]:
    """A relative path that stays below where it starts."""
    absolute = ("must be a relative path",) if path.startswith("/") else GOOD
    return (*absolute, *backsteps(path))


def plain_path(path: str) -> tuple[str, ...]:
    """A relative path whose first step does not begin with `..`."""
    reserved = path.startswith("..") and not path.startswith("../")
    return (*descending_path(path), *(("must not start with '..'",) if reserved else GOOD))


_HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"


def domain_path(name: str) -> tuple[str, ...]:
    """A path that begins with a domain: acme.io/foo."""
    host, _, path = name.partition("/")
    if not host or not path:
        return ('must be a domain-prefixed path (such as "acme.io/foo")',)
    complaints = dns_subdomain(host)
    if not re.fullmatch(_HTTP_PATH, path):
        complaints = (*complaints, f"Invalid path (regex used for validation is '{_HTTP_PATH}')")
    return complaints
