"""Timestamps and durations in CEL: how they are written, read, added and taken apart.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md (timestamps are RFC 3339,
durations Go's).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from policylint.cel.values import CelError, Duration, Timestamp
from policylint.runtime.patterns import pattern

SECOND = 1_000_000_000
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_PART = pattern(r"(\d++(?:\.\d*+)?|\.\d++)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_RFC3339 = pattern(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_OFFSET = pattern(r"([+-]?)(\d+):(\d+)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MIN, _MAX = -62135596800 * SECOND, 253402300799 * SECOND + SECOND - 1


def duration(text: Any) -> Duration:
    """The duration a string such as "1h30m" spells; raises CelError."""
    if isinstance(text, Duration):
        return text
    if isinstance(text, int) and not isinstance(text, bool):
        return Duration(text * SECOND)
    if not isinstance(text, str):
        raise CelError("no such overload")
    # Go's ParseDuration takes one sign
    signed = text[:1] in ("+", "-") and text[1:2] not in ("+", "-")
    total = _nanoseconds(text[1:] if signed else text)
    if total >= 1 << 63:
        raise CelError("range error converting string to duration")
    return Duration(-total if text.startswith("-") else total)


def _nanoseconds(parts: str) -> int:
    if parts == "0":
        return 0
    total, at = 0, 0
    while at < len(parts) or not parts:
        match = _PART.match(parts, at)
        if match is None:
            raise CelError("type conversion error from 'string' to 'google.protobuf.Duration'")
        total += _part(match[1], _UNITS[match[2]])
        at = match.end()
    return total


MOST_DIGITS = 30
"""Digits before the point of a duration that may still be in range, and those after it that
count."""


def _part(amount: str, unit: int) -> int:
    whole, _, fraction = amount.partition(".")
    digits = whole.lstrip("0")
    if len(digits) > MOST_DIGITS:
        raise CelError("range error converting string to duration")
    fraction = fraction[:MOST_DIGITS]
    return int(digits or 0) * unit + int(int(fraction or 0) * unit / 10 ** len(fraction))


def timestamp(value: Any) -> Timestamp:
    """The instant an RFC 3339 string or a number of seconds names; raises CelError."""
    if isinstance(value, Timestamp):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return in_range(value * SECOND)
    if isinstance(value, str):
        match = _RFC3339.fullmatch(value)
    else:
        match = None
    if match is None:
        raise CelError("type conversion error from 'string' to 'google.protobuf.Timestamp'")
    year, month, day, hour, minute, second = (int(part) for part in match.group(1, 2, 3, 4, 5, 6))
    try:
        moment = datetime(year or 1, month, day, hour, minute, second, tzinfo=_zone(match[8]))
    except ValueError as error:
        raise CelError(f'parsing time "{value}": {error}') from error
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return in_range(seconds * SECOND + int((match[7] or "0")[:9].ljust(9, "0")))


def in_range(ns: int) -> Timestamp:
    """The instant of so many nanoseconds since 1970; raises CelError outside the years 1 to
    9999."""
    if not _MIN <= ns <= _MAX:
        raise CelError("timestamp overflow")
    return Timestamp(ns)


def _zone(text: str) -> tzinfo:
    if text in "Zz":
        return UTC
    sign = -1 if text[0] == "-" else 1
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError("time zone offset out of range")
    return timezone(sign * timedelta(hours=hours, minutes=minutes))


def written(value: Timestamp | Duration) -> str:
    """A timestamp as RFC 3339, a duration in seconds ("5400s")."""
    seconds, rest = divmod(abs(value.ns) if isinstance(value, Duration) else value.ns, SECOND)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    if isinstance(value, Duration):
        return f"{'-' if value.ns < 0 else ''}{seconds}{fraction}s"
    return (
        (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
        + fraction
        + "Z"
    )


def _moment(value: Timestamp, zone: Any) -> datetime:
    moment = _EPOCH + timedelta(seconds=value.ns // SECOND)
    if zone is None or zone in ("", "UTC"):
        return moment
    match = _OFFSET.fullmatch(zone)
    if match:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return moment.astimezone(timezone(-offset if match[1] == "-" else offset))
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CelError(f"unknown time zone {zone}") from error


def _calendar(read: Callable[[datetime], int]) -> Callable[..., int]:
    def call(value: Any, zone: Any = None) -> int:
        if not isinstance(value, Timestamp):
            raise CelError("no such overload")
        return read(_moment(value, zone))

    return call


def _clock(unit: int, read: Callable[[datetime], int]) -> Callable[..., int]:
    def call(value: Any, zone: Any = None) -> int:
        if isinstance(value, Duration):
            return abs(value.ns) // unit * (-1 if value.ns < 0 else 1)
        return _calendar(read)(value, zone)

    return call


def _milliseconds(value: Any, zone: Any = None) -> int:
    if isinstance(value, Duration):
        return abs(value.ns) // 1_000_000 * (-1 if value.ns < 0 else 1)
    _calendar(lambda moment: moment.second)(value, zone)
    return int(value.ns % SECOND // 1_000_000)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "timestamp": timestamp,
    "duration": duration,
    "getFullYear": _calendar(lambda moment: moment.year),
    "getMonth": _calendar(lambda moment: moment.month - 1),
    "getDate": _calendar(lambda moment: moment.day),
    "getDayOfMonth": _calendar(lambda moment: moment.day - 1),
    "getDayOfWeek": _calendar(lambda moment: moment.isoweekday() % 7),
    "getDayOfYear": _calendar(lambda moment: moment.timetuple().tm_yday - 1),
    "getHours": _clock(3600 * SECOND, lambda moment: moment.hour),
    "getMinutes": _clock(60 * SECOND, lambda moment: moment.minute),
    "getSeconds": _clock(SECOND, lambda moment: moment.second),
    "getMilliseconds": _milliseconds,
}
"""Conversions to timestamps and durations, and their parts."""
