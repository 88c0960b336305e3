"""Edits of the user's own file: a flag written, changed or taken away, in a command, a declaration
or a block.

Everything is counted in bytes, since edits are. None is the answer wherever the place is not
certain.
"""

from __future__ import annotations

import re
from typing import Any

from policylint.model import Edit
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Invocation
from policylint.scan.invocations.settings import tables
from policylint.scan.shells.flags import canonical
from policylint.scan.texts.source import Place

_SWITCH = {b"true": b"false", b"yes": b"no", b"on": b"off", b"True": b"False", b"Yes": b"No"}
_OPPOSITE = {**_SWITCH, **{off: on for on, off in _SWITCH.items()}}
_KEY = pattern(
    rb"(?P<key>(?:-\s+)?[\"']?[\w.-]+[\"']?\s*[:=]\s*)(?P<quote>[\"']?)(?P<value>[^\"'\n{}$]+)(?P=quote)"
)
_HOLDERS = {
    "ansible": tuple(
        f"{prefix}helm"
        for prefix in ("kubernetes.core.", "community.kubernetes.", "community.general.", "")
    ),
    "fleet": ("spec", ""),
    "pulumi": ("properties",),
}
"""The key of an item below which a tool's settings stand, where that is not the item itself
("")."""
_WIDEST = 8
"""Blanks of one level of YAML, at most."""
_BLANKS = b" \t"
_CONTINUES = (b"\\", b"^", b"`")


def added(invocation: Invocation, text: str) -> Edit | None:
    """Write `--flag` or `--flag value`: behind the chart of a command, as a setting of a
    declaration."""
    place = invocation.insertion
    if invocation.syntax == "shell" and place is not None and place.start >= 0:
        return Edit(place.file, place.start, place.start, f" {text}")
    if invocation.tool not in tables():
        return None
    name, _, value = text.removeprefix("--").partition(" ")
    row = next(
        (row for row in tables()[invocation.tool].settings.items() if row[1][0] == canonical(name)),
        None,
    )
    if row is None or row[1][1] not in ("switch", "text"):
        return None
    return setting_added(invocation, tuple(row[0].split(".")), value or "true")


def setting_added(invocation: Invocation, path: tuple[str, ...], value: str) -> Edit | None:
    """Write a setting that a declaration does not have yet, with the keys above it."""
    held = _declared(invocation)
    if held is None or invocation.dynamic:
        return None
    data, place = held
    if invocation.syntax == "hcl":
        return _in_block(data, place, path[-1], value)
    return _in_yaml(data, place, path, value, _HOLDERS.get(invocation.tool, ()))


def changed(invocation: Invocation, name: str, text: str) -> Edit | None:
    """Write something else where a flag stands; "" takes it away, or turns a setting to its
    opposite."""
    place = invocation.flag(name).origin
    data = _bytes(invocation)
    if (
        place is None
        or place.file != invocation.file
        or not 0 <= place.start < place.end
        or name in invocation.repeated
    ):
        return None
    if data is None:
        return (
            Edit(place.file, place.start, place.end, text)
            if text and invocation.syntax == "shell"
            else None
        )
    shift = invocation.source.offset if invocation.source else 0
    start, end = place.start - shift, place.end - shift
    written = data[start:end]
    if written.lstrip(b"\"'").startswith(b"-"):
        found = _word(data, start, end, text, invocation.syntax)
    else:
        found = _setting(written, start, name, text)
    if found is None:
        return None
    at, to, new = found
    return Edit(place.file, at + shift, to + shift, new)


def respelled(invocation: Invocation, place: Place | None, old: str, new: str) -> Edit | None:
    """Write another name where a place begins with the flag `old`; what follows stays."""
    data = _bytes(invocation)
    if data is None or place is None or place.file != invocation.file or place.start < 0:
        return None
    start = place.start - (invocation.source.offset if invocation.source else 0)
    behind = start + len(old)
    if data[start:behind] != old.encode() or data[behind : behind + 1] not in (b" ", b"="):
        return None
    return Edit(place.file, place.start, place.start + len(old), new)


def _bytes(invocation: Invocation) -> bytes | None:
    return invocation.source.text.encode() if invocation.source else None


def _declared(invocation: Invocation) -> tuple[bytes, Place] | None:
    """The file's bytes and the place of a declaration in them, from the start of the text."""
    data, span = _bytes(invocation), invocation.span
    if (
        data is None
        or span is None
        or span.start < 0
        or span.end < 0
        or invocation.syntax not in ("yaml", "hcl")
    ):
        return None
    shift = invocation.source.offset if invocation.source else 0
    if shift or span.file != invocation.file:
        return None
    return data, span


def _word(data: bytes, start: int, end: int, text: str, syntax: str) -> tuple[int, int, str] | None:
    """A flag among the words of a command: another one in its place, or none, with the blank before
    it."""
    if text:
        flag, _, value = text.partition(" ")
        whole = value and (data[start : start + 1] in (b"'", b'"') or b" " not in data[start:end])
        return start, end, f"{flag}={value}" if whole else text
    first, last = data.rfind(b"\n", 0, start) + 1, _line_end(data, end)
    before, after = data[first:start].strip(), data[end:last].strip()
    if before in (b"", b"-") and after in (b"", *_CONTINUES):
        return _line(data, first, last if after else end, continues=bool(after))
    if syntax != "shell" or before == b"-":
        return None
    while data[start - 1 : start] in (b" ", b"\t"):
        start -= 1
    return start, end, ""


def _line(data: bytes, first: int, last: int, *, continues: bool) -> tuple[int, int, str]:
    """A whole line away; where it ends a command, the continuation that led to it too."""
    above = data[:first].rstrip(b"\r\n")
    if not continues and above.rstrip(_BLANKS).endswith(_CONTINUES):
        kept = above.rstrip(_BLANKS)[:-1].rstrip(_BLANKS)
        return len(kept), last, ""
    return first, min(_line_end(data, last) + 1, len(data)), ""


def _line_end(data: bytes, at: int) -> int:
    found = data.find(b"\n", at)
    return len(data) if found < 0 else found


def _setting(written: bytes, start: int, name: str, text: str) -> tuple[int, int, str] | None:
    """`key: value`, `key = value` or `Key=value`: another value, or the opposite of a switch."""
    found = _KEY.fullmatch(written.rstrip())
    if found is None:
        return None
    value = found["value"].strip()
    at = start + found.start("value")
    if not text:
        opposite = _OPPOSITE.get(value)
        return (at, at + len(value), opposite.decode()) if opposite else None
    flag, _, wanted = text.removeprefix("--").partition(" ")
    return (
        (at, at + len(value), wanted)
        if canonical(flag) == name and wanted and value.isdigit()
        else None
    )


def _in_block(data: bytes, place: Place, name: str, value: str) -> Edit | None:
    """The first line of a block of HCL, its `=` below each other with the line after it."""
    opening = re.compile(rb"\{[ \t]*(?:#[^\n]*)?\r?\n").search(data, place.start, place.end)
    if opening is None:
        return None
    following = re.compile(rb"([ \t]*)(\w+[ \t]*)?").match(data, opening.end())
    indent, width = (following[1].decode(), len(following[2] or b"")) if following else ("", 0)
    line = (
        f"{indent or '  '}{name:<{width - 1}} = {value}\n"
        if width
        else f"{indent or '  '}{name} = {value}\n"
    )
    return Edit(place.file, opening.end(), opening.end(), line)


def _in_yaml(
    data: bytes, place: Place, path: tuple[str, ...], value: str, holders: tuple[str, ...] = ()
) -> Edit | None:
    """Below the first key of the deepest mapping that is there, as the keys beside it are written.

    `holders` are the keys of which one holds the settings.
    """
    from policylint.errors import ReadError
    from policylint.kyaml.load import compose
    from policylint.kyaml.nodes import MappingNode, ScalarNode, SequenceNode

    text = data[place.start : place.end].decode()
    if not text.isascii():
        return None
    pad = " " * (place.column - 1)
    try:
        node = compose(pad + text, place.file)
    except (ReadError, RecursionError):
        return None
    if isinstance(node, SequenceNode) and len(node.value) == 1:
        node = node.value[0]
    if holders:
        node = _held(node, holders)
    rest, step = list(path), 2
    while isinstance(node, MappingNode) and rest:
        below = next((held for key, held in node.value if key.value == rest[0]), None)
        if below is None:
            break
        inner = below.start_mark.column - node.start_mark.column
        node, rest, step = below, rest[1:], inner if 0 < inner <= _WIDEST else step
    if not isinstance(node, MappingNode) or node.flow_style or not rest or not node.value:
        return None
    key, first = node.value[0]
    column = key.start_mark.column
    lines = [f"{' ' * (column + step * deep)}{name}:" for deep, name in enumerate(rest)]
    lines[-1] += f" {value}"
    added_text = "\n".join(lines)
    simple = (
        isinstance(first, ScalarNode)
        and first.start_mark.line == first.end_mark.line == key.start_mark.line
    )
    at = place.start - len(pad)
    if simple:
        end = _line_end(data, at + first.end_mark.index)
        return Edit(place.file, end, end, f"\n{added_text}")
    start = at + key.start_mark.index
    return Edit(place.file, start, start, f"{added_text.lstrip()}\n{' ' * column}")


def _held(node: Any, holders: tuple[str, ...]) -> Any:
    """The value of the key that holds the settings, also below the item's own name; None where
    there is none."""
    from policylint.kyaml.nodes import MappingNode

    itself = node if "" in holders else None
    pairs = node.value if isinstance(node, MappingNode) else []
    found = next((held for key, held in pairs if key.value in holders), None)
    if found is None and itself is None and len(pairs) == 1:
        return _held(pairs[0][1], holders)
    return found or itself


def only(invocation: Invocation, pattern: bytes, text: str) -> Edit | None:
    """Write a text behind the first group of a pattern, where the file has it exactly once."""
    data = _bytes(invocation)
    found = list(re.finditer(pattern, data)) if data is not None else []
    if len(found) != 1 or invocation.source is None:
        return None
    shift = invocation.source.offset
    return Edit(invocation.file, found[0].end(1) + shift, found[0].end() + shift, text)
