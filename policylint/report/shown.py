"""Fields and values as people write them, on one line."""

from __future__ import annotations

import json

from policylint.model import Json, Location
from policylint.redaction.vocabulary import MASK
from policylint.report.differing import shared
from policylint.report.places import shown_path
from policylint.runtime.pointers import steps

LABELS = {"cause": "caused by", "rendered": "rendered", "command": "at", "record": "record"}
"""What a location is called, by its role."""
MOST = 60
"""Characters of one value."""
_AROUND = 20
"""Characters kept on each side of what differs, where that is all that is shown."""


def dotted(path: str) -> str:
    """A JSON pointer as people write fields: spec.template.spec.containers[0].image."""
    text = ""
    for step in steps(path):
        if step.isdigit() or "." in step or "/" in step:
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def short(value: Json) -> str:
    """A value on one line of at most 60 characters."""
    return _cut(_text(value))


def pair(before: Json, after: Json) -> tuple[str, str]:
    """Two values on one line each, cut where they are alike; what differs is never cut away."""
    was, now = _text(before), _text(after)
    if was == now and before != after:  # 1 and "1"
        was, now = (json.dumps(value, ensure_ascii=False, default=str) for value in (before, after))
    if max(len(was), len(now)) <= MOST:
        return was, now
    start, end = shared(was, now)
    if was == now or start + end == 0:
        return _cut(was), _cut(now)
    return _window(was, start, end), _window(now, start, end)


def values(before: Json, after: Json) -> tuple[str, ...]:
    """What a field was and is; only what it is where that is no change, nothing where it is not
    told. Values that are masked may differ where it is not seen."""
    if before is None and after is None:
        return ()
    if before == after and MASK not in _text(before):
        return (short(after),)
    return pair(before, after)


def label(location: Location) -> str:
    """What a place is called: a flag that is the cause of something is no other place."""
    is_change = location.before is not None or location.after is not None
    role = "cause" if is_change else location.role
    return LABELS.get(role, role)


def place(location: Location) -> str:
    """Where something is: file, line and key; the line of a render is called so."""
    key = f"  {location.key}" if location.key else ""
    key += _change(location)
    file = shown_path(location.file)
    if not location.line:
        return f"{file}{key}"
    if location.role == "rendered":
        return f"{file} ({_line_of_template(location)}){key}"
    return f"{file}:{location.line}{key}"


def _line_of_template(location: Location) -> str:
    if location.template_line:
        return f"line {location.template_line} of the template"
    return f"line {location.line} of the render"


def _change(location: Location) -> str:
    """What a cause was and is, and whether that is more than likely."""
    if location.confirmed:
        words = ""
    else:
        words = " (likely; not tried)"
    if location.before is None and location.after is None:
        return words
    was, now = (_text(value) for value in (location.before, location.after))
    return f" ({was} -> {now}){words}"


def _text(value: Json) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, str):
        text = value
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text.replace("\n", "\\n") or '""'


def _cut(text: str) -> str:
    if len(text) <= MOST:
        return text
    return text[: MOST - 3] + "..."


def _window(text: str, start: int, end: int) -> str:
    """The part of a text around what differs, which begins at most `_AROUND` characters into it."""
    first = max(0, start - _AROUND)
    last = len(text) - max(0, end - _AROUND)
    body = _cut(text[first:last])
    head = "..." if first else ""
    if last < len(text) and not body.endswith("..."):
        tail = "..."
    else:
        tail = ""
    return f"{head}{body}{tail}"
