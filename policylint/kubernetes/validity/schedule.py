"""Cron schedules and time zones as the CronJob controller reads them.

Schedules: github.com/robfig/cron/v3 (ParseStandard). Time zones: the names of the IANA time zone
database.
"""

from __future__ import annotations

import re
from functools import cache

from policylint.runtime import resources
from policylint.runtime.patterns import pattern

_MONTHS = dict(
    zip(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
        range(1, 13),
        strict=True,
    )
)
_DAYS = dict(zip(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), range(7), strict=True))
_BOUNDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DURATION = pattern(
    r"[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*|0"
)
_ZONE_PART = pattern(r"[A-Za-z.\-_0-9+]{1,14}")


def schedule_error(schedule: str) -> str:
    """What is wrong with a schedule; "" where nothing is."""
    rest = schedule
    if rest.startswith(("TZ=", "CRON_TZ=")):
        rest = rest.partition(" ")[2].strip()
    if rest.startswith("@"):
        return _descriptor_error(rest)
    parts = rest.split()
    if len(parts) != len(_BOUNDS):
        if not rest:
            return "empty spec string"
        return f"expected exactly 5 fields, found {len(parts)}: [{' '.join(parts)}]"
    for part, (lowest, highest, names) in zip(parts, _BOUNDS, strict=True):
        for expression in filter(None, part.split(",")):
            error = _range_error(expression, lowest, highest, names)
            if error:
                return error
    return ""


def days_and_months(schedule: str) -> tuple[set[int], set[int]] | None:
    """The days of the month and the months of a schedule that days of the month alone decide; None
    where days of the week count too, or the schedule is in error or a word."""
    if schedule_error(schedule):
        return None
    fields = schedule.split()[-len(_BOUNDS) :]
    if len(fields) != len(_BOUNDS) or not _is_any(fields[4]) or _is_any(fields[2]):
        return None
    days, months = (_numbers(fields[index], *_BOUNDS[index]) for index in (2, 3))
    return days, months


def runs_in_a_year(schedule: str) -> int | None:
    """About how often a schedule comes due in a year; None where it is in error or an interval
    (@every)."""
    if schedule_error(schedule):
        return None
    fields = _WORDS.get(schedule.rsplit(maxsplit=1)[-1], schedule).split()[-len(_BOUNDS) :]
    if len(fields) != len(_BOUNDS):
        return None
    minutes, hours, days, months, weekdays = (
        len(_numbers(field, *bounds)) for field, bounds in zip(fields, _BOUNDS, strict=True)
    )
    if _is_any(fields[4]):
        share = days / 31
    elif _is_any(fields[2]):
        share = weekdays / 7
    else:
        share = min(1.0, days / 31 + weekdays / 7)
    return round(minutes * hours * share * months * 365 / 12)


def _is_any(field: str) -> bool:
    """Whether a part of a field is a star: days of the month and of the week then both must meet,
    else one of them (spec.go, dayMatches); a star with a step is none (parser.go, getRange)."""
    return not {"*", "?", "*/1", "?/1"}.isdisjoint(field.split(","))


def _numbers(field: str, lowest: int, highest: int, names: dict[str, int]) -> set[int]:
    numbers: set[int] = set()
    for expression in filter(None, field.split(",")):
        ends = expression.split("/")[0].split("-")
        first, last = _ends(ends, expression, lowest, highest, names)
        if "/" in expression and len(ends) == 1:
            last = highest
        numbers.update(range(first, last + 1, _step(expression.split("/"), expression)))
    return numbers


def _descriptor_error(descriptor: str) -> str:
    if descriptor in _WORDS:
        return ""
    duration = descriptor.removeprefix("@every ")
    if duration == descriptor:
        return f"unrecognized descriptor: {descriptor}"
    if _DURATION.fullmatch(duration):
        return ""
    return f'failed to parse duration {descriptor}: time: invalid duration "{duration}"'


def _range_error(expression: str, lowest: int, highest: int, names: dict[str, int]) -> str:
    steps = expression.split("/")
    ends = steps[0].split("-")
    try:
        first, last = _ends(ends, expression, lowest, highest, names)
        step = _step(steps, expression)
    except ValueError as error:
        return str(error)
    if len(steps) == 2 and len(ends) == 1:
        last = highest
    if first < lowest:
        return f"beginning of range ({first}) below minimum ({lowest}): {expression}"
    if last > highest:
        return f"end of range ({last}) above maximum ({highest}): {expression}"
    if first > last:
        return f"beginning of range ({first}) beyond end of range ({last}): {expression}"
    if step == 0:
        return f"step of range should be a positive number: {expression}"
    return ""


def _ends(
    ends: list[str], expression: str, lowest: int, highest: int, names: dict[str, int]
) -> tuple[int, int]:
    if ends[0] in ("*", "?"):
        return lowest, highest
    first = _number(ends[0], expression, names)
    if len(ends) > 2:
        raise ValueError(f"too many hyphens: {expression}")
    return first, _number(ends[1], expression, names) if len(ends) == 2 else first


def _step(steps: list[str], expression: str) -> int:
    if len(steps) > 2:
        raise ValueError(f"too many slashes: {expression}")
    if len(steps) == 2:
        return _number(steps[1], expression, {})
    return 1


def _number(text: str, expression: str, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise ValueError(
            f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax'
        )
    if int(text) < 0:
        raise ValueError(f"negative number ({int(text)}) not allowed: {expression}")
    return int(text)


def time_zone_error(zone: str) -> str:
    """What is wrong with the name of a time zone; "" where nothing is."""
    if not zone:
        return "timeZone must be nil or non-empty string"
    well_formed = all(
        _ZONE_PART.fullmatch(part) and not part.startswith("-") for part in zone.split("/")
    )
    if zone.lower() == "local":
        return (
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        )
    if well_formed and zone in _zones():
        return ""
    return f"unknown time zone {zone}"


@cache
def _zones() -> frozenset[str]:
    data = resources.text("timezones.txt")
    return frozenset(line for line in data.splitlines() if line and not line.startswith("#"))
