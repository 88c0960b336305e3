"""String formats: what OpenAPI and Kubernetes call uuid, date-time, dns1123Label, ..., and CEL's
`format` library.

Source: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-format-library, and the
formats of
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/ as
go-openapi's strfmt checks them.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar

from msgspec import Struct

from policylint.cel import times, urls
from policylint.cel.values import NONE, CelError, Duration, Optional
from policylint.runtime.patterns import pattern

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_HEX = "[0-9a-fA-F]"
_LETTER = r"[^\W_]"
_HOSTNAME = (
    rf"{_LETTER}(-?{_LETTER}{{0,62}})?|({_LETTER}([\w-]{{0,61}}{_LETTER})?\.)+[^\W\d_]{{2,63}}"
)
_CARD = (
    r"4\d{12}(\d{3})?|5[1-5]\d{14}|(222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}|6(011|5\d\d)\d{12}"
    r"|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}|(2131|1800|35\d{3})\d{11}|6[27]\d{14}"
)
_DATE_TIME = pattern(r"(\d\d):(\d\d):(\d\d)(.\d+)?(z|[+-]\d\d:\d\d)", re.ASCII | re.DOTALL)
_BYTE = r"(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])"
# from the first digit of a number only: else a long number is tried from each of its digits
_LOOSE_DURATION = pattern(r"(?<!\d)(\d++)\s*+([A-Za-zµ]+)", re.ASCII)
_LOOSE_UNITS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (1, ("ns", "nano")),
    (1_000, ("us", "µs", "micro")),
    (1_000_000, ("ms", "milli")),
    (times.SECOND, ("s", "sec")),
    (60 * times.SECOND, ("m", "min")),
    (3600 * times.SECOND, ("h", "hr", "hour")),
    (86400 * times.SECOND, ("d", "day")),
    (7 * 86400 * times.SECOND, ("w", "wk", "week")),
)


class Format(Struct, frozen=True):
    """One named format of the `format` library; `check` gives the problems of a string."""

    cel_type: ClassVar[str] = "kubernetes.NamedFormat"
    name: str
    check: Callable[[str], list[str]]


def _matches(pattern: str, flags: re.RegexFlag = re.ASCII) -> Callable[[str], bool]:
    return lambda text: (
        re.fullmatch(pattern, text, flags) is not None
    )  # compiled when first used, then cached by re


def _uuid(version: str, variant: str) -> Callable[[str], bool]:
    return _matches(
        f"{_HEX}{{8}}-?{_HEX}{{4}}-?{version}{_HEX}{{3}}-?{variant}{_HEX}{{3}}-?{_HEX}{{12}}"
    )


def is_base64(text: str) -> bool:
    """Whether a string is standard, padded base64."""
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return bool(text)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) is not None


def _is_date_time(text: str) -> bool:
    date_part, separator, rest = text.lower().partition("t")
    match = _DATE_TIME.fullmatch(rest)
    if not separator or match is None or not _is_date(date_part):
        return False
    return match[1] <= "23" and match[2] <= "59" and match[3] <= "59"


def loose_duration(text: str) -> Duration:
    """A duration as the OpenAPI format allows it: Go's, or like "2 weeks" and "1 h 30 min"; raises
    CelError."""
    try:
        return times.duration(text)
    except CelError:
        parts = [
            _loose_part(amount, unit.lower()) for amount, unit in _LOOSE_DURATION.findall(text)
        ]
        if not any(part is not None for part in parts):
            raise
        return Duration(sum(part or 0 for part in parts))


def _loose_part(amount: str, unit: str) -> int | None:
    if len(amount.lstrip("0")) > times.MOST_DIGITS:
        raise CelError("range error converting string to duration")
    for size, names in _LOOSE_UNITS:
        if unit in names or unit.startswith(names[-1]):
            return int(amount[-times.MOST_DIGITS :]) * size
    return None


def _is_duration(text: str) -> bool:
    try:
        loose_duration(text)
    except CelError:
        return False
    return True


def _is_ipv4(text: str) -> bool:
    """As Go's older parser: leading zeros are allowed."""
    parts = text.split(".")
    return len(parts) == 4 and all(
        re.fullmatch(r"\d{1,3}", part, re.ASCII) and int(part) <= 255 for part in parts
    )


def _is_ipv6(text: str) -> bool:
    try:
        return ":" in text and "%" not in text and bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False


def _is_cidr(text: str) -> bool:
    address, slash, bits = text.rpartition("/")
    if not slash or not re.fullmatch(r"0|[1-9]\d*", bits, re.ASCII):
        return False
    if _is_ipv4(address):
        return int(bits) <= 32
    return _is_ipv6(address) and int(bits) <= 128


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    if re.fullmatch(_CARD, digits, re.ASCII) is None:
        return False
    total = 0
    for at, digit in enumerate(reversed(digits)):  # Luhn's sum: every second digit counts twice
        number = int(digit) * 2 if at % 2 else int(digit)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _checksum_isbn10(text: str) -> bool:
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"\d{9}[\dX]", digits):
        return False
    return (
        sum((10 - at) * (10 if char == "X" else int(char)) for at, char in enumerate(digits)) % 11
        == 0
    )


def _checksum_isbn13(text: str) -> bool:
    digits = re.sub(r"[\s-]", "", text)
    return (
        bool(re.fullmatch(r"\d{13}", digits))
        and sum(int(c) * (3 if at % 2 else 1) for at, c in enumerate(digits)) % 10 == 0
    )


def _is_email(text: str) -> bool:
    return re.fullmatch(r"([^<>]*<)?[^\s@<>()\[\],;:\"]+@[^\s@<>()\[\],;:\"]+>?", text) is not None


OPENAPI: dict[str, Callable[[str], bool]] = {
    "bsonobjectid": _matches(f"{_HEX}{{24}}"),
    "uri": urls.is_url,
    "email": _is_email,
    "hostname": lambda text: len(text) <= 255 and re.fullmatch(_HOSTNAME, text) is not None,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
    "cidr": _is_cidr,
    "mac": _matches(
        rf"({_HEX}{{2}}[:-]){{5}}{_HEX}{{2}}|({_HEX}{{2}}[:-]){{7}}{_HEX}{{2}}|({_HEX}{{4}}\.){{2,3}}{_HEX}{{4}}"
    ),
    "uuid": _uuid(_HEX, _HEX),
    "uuid3": _uuid("3", _HEX),
    "uuid4": _uuid("4", "[89abAB]"),
    "uuid5": _uuid("5", "[89abAB]"),
    "isbn": lambda text: _checksum_isbn10(text) or _checksum_isbn13(text),
    "isbn10": _checksum_isbn10,
    "isbn13": _checksum_isbn13,
    "creditcard": _is_card,
    "ssn": _matches(r"\d{3}[- ]\d{2}[- ]\d{4}"),
    "hexcolor": _matches(f"#?({_HEX}{{3}}|{_HEX}{{6}})"),
    "rgbcolor": _matches(rf"rgb\(\s*{_BYTE}\s*,\s*{_BYTE}\s*,\s*{_BYTE}\s*\)"),
    "byte": is_base64,
    "password": lambda _: True,
    "date": _is_date,
    "duration": _is_duration,
    "datetime": _is_date_time,
    "k8sshortname": lambda text: len(text) <= 63 and _matches(_LABEL)(text),
    "k8slongname": lambda text: len(text) <= 253 and _matches(_SUBDOMAIN)(text),
}
"""The formats a CRD's schema may name, dashes left out, and whether a string has one."""


def _rule(pattern: str, limit: int, message: str) -> Callable[[str], list[str]]:
    matches = _matches(pattern)

    def check(text: str) -> list[str]:
        if len(text.encode()) > limit:
            problems = [f"must be no more than {limit} bytes"]
        else:
            problems = []
        if matches(text):
            return problems
        return [*problems, f"{message}, regex used for validation is '{pattern}')"]

    return check


def _prefix(check: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """Of a prefix, a trailing dash is no problem: what is appended decides."""
    return lambda text: check(f"{text[:-2]}a" if len(text) > 1 and text.endswith("-") else text)


_LABEL_RULE = _rule(
    _LABEL,
    63,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric "
    "characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc'",
)
_SUBDOMAIN_RULE = _rule(
    _SUBDOMAIN,
    253,
    "a lowercase RFC 1123 subdomain must consist of lower case "
    "alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com'",
)
_LABEL_1035_RULE = _rule(
    _LABEL_1035,
    63,
    "a DNS-1035 label must consist of lower case alphanumeric characters "
    "or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123'",
)
_VALUE_RULE = _rule(
    f"({_QUALIFIED})?",
    63,
    "a valid label must be an empty string or consist of alphanumeric "
    "characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345'",
)
_NAME_RULE = _rule(
    _QUALIFIED,
    63,
    "name part must consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc'",
)


def qualified_name(text: str) -> list[str]:
    """The problems of a label key or other qualified name, optional prefix included."""
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        return [
            "a qualified name must consist of alphanumeric characters with an "
            "optional DNS subdomain prefix and '/'"
        ]
    if slash and not prefix:
        return ["prefix part must be non-empty"]
    if slash:
        problems = [f"prefix part {problem}" for problem in _SUBDOMAIN_RULE(prefix)]
    else:
        problems = []
    return [*problems, *(_NAME_RULE(name) if name else ["name part must be non-empty"])]


def _of(name: str, message: str) -> Callable[[str], list[str]]:
    return lambda text: [] if OPENAPI[name](text) else [message]


NAMED: dict[str, Format] = {
    name: Format(name, check)
    for name, check in {
        "dns1123Label": _LABEL_RULE,
        "dns1123Subdomain": _SUBDOMAIN_RULE,
        "dns1035Label": _LABEL_1035_RULE,
        "qualifiedName": qualified_name,
        "dns1123LabelPrefix": _prefix(_LABEL_RULE),
        "dns1123SubdomainPrefix": _prefix(_SUBDOMAIN_RULE),
        "dns1035LabelPrefix": _prefix(_LABEL_1035_RULE),
        "labelValue": _VALUE_RULE,
        "uri": _of("uri", "invalid URI for request"),
        "uuid": _of("uuid", "does not match the UUID format"),
        "byte": _of("byte", "invalid base64"),
        "date": _of("date", "invalid date"),
        "datetime": _of("datetime", "invalid datetime"),
    }.items()
}
"""The formats of CEL's `format` library by name."""


def _named(name: Any) -> Optional:
    if name in NAMED:
        return Optional(NAMED[name], True)
    return NONE


def _validate(chosen: Any, text: Any) -> Optional:
    if not isinstance(chosen, Format) or not isinstance(text, str):
        raise CelError("no such overload")
    problems = chosen.check(text)
    if problems:
        return Optional(problems, True)
    return NONE


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "format.named": _named,
    "validate": _validate,
    **{f"format.{name}": (lambda chosen=chosen: chosen) for name, chosen in NAMED.items()},
}
"""Kubernetes' format library."""
