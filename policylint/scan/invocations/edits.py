"""Edits of the user's own file: a flag written, changed or taken away, in a command, a declaration
or a block.

Everything is counted in bytes, since edits are. None is the answer wherever the place is not
certain.
"""

from __future__ import annotations

import re

from policylint.errors import ReadError
from policylint.kyaml.load import compose
from policylint.kyaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from policylint.model import Edit
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Invocation
from policylint.scan.invocations.settings import tables
from policylint.scan.shells.flags import canonical
from policylint.scan.texts.source import Place

_SWITCH = {b"true": b"false", b"yes": b"no", b"on": b"off", b"True": b"False", b"Yes": b"No"}
_OPPOSITE = {**_SWITCH, **{off: on for on, off in _SWITCH.items()}}
_KEY = pattern(
    rb"(?P<key>(?:-\s+)?[\"']?[\w.-]+[\"']?\s*[:=]\s*)"
    rb"(?P<quote>[\"']?)(?P<value>[^\"'\n{}$]+)(?P=quote)"
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
    declared = _declared(invocation)
    if declared is None or invocation.dynamic:
        return None
    data, place = declared
    if invocation.syntax == "hcl":
        return _in_block(data, place, path[-1], value)
    return _in_yaml(data, place, path, value, _HOLDERS.get(invocation.tool, ()))


def changed(invocation: Invocation, name: str, text: str) -> Edit | None:
    """Write something else where a flag stands; "" takes it away, or turns a setting to its
    opposite."""
    place = invocation.flag(name).origin
    if place is None or not _can_edit(invocation, place) or name in invocation.repeated:
        return None
    data = _bytes(invocation)
    if data is None:
        if not text or invocation.syntax != "shell":
            return None
        return Edit(place.file, place.start, place.end, text)
    if invocation.source:
        shift = invocation.source.offset
    else:
        shift = 0
    start, end = place.start - shift, place.end - shift
    written = data[start:end]
    if written.lstrip(b"\"'").startswith(b"-"):
        change = _word(data, start, end, text, invocation.syntax)
    else:
        change = _setting(written, start, name, text)
    if change is None:
        return None
    at, to, new = change
    return Edit(place.file, at + shift, to + shift, new)


def _can_edit(invocation: Invocation, place: Place) -> bool:
    """Whether a place is in the invocation's own file and has an end."""
    return place.file == invocation.file and 0 <= place.start < place.end


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
    if invocation.source:
        return invocation.source.text.encode()
    return None


def _declared(invocation: Invocation) -> tuple[bytes, Place] | None:
    """The file's bytes and the place of a declaration in them, from the start of the text."""
    data, span = _bytes(invocation), invocation.span
    if data is None or span is None or invocation.syntax not in ("yaml", "hcl"):
        return None
    marked = invocation.source is not None and invocation.source.offset > 0
    if marked or span.start < 0 or span.end < 0 or span.file != invocation.file:
        return None
    return data, span


def _word(data: bytes, start: int, end: int, text: str, syntax: str) -> tuple[int, int, str] | None:
    """A flag among the words of a command: another one in its place, or none, with the blank before
    it."""
    if text:
        return start, end, _joined(data[start:end], text)
    first, last = data.rfind(b"\n", 0, start) + 1, _line_end(data, end)
    before, after = data[first:start].strip(), data[end:last].strip()
    if before in (b"", b"-") and after in (b"", *_CONTINUES):
        return _line(data, first, last if after else end, continues=bool(after))
    if syntax != "shell" or before == b"-":
        return None
    while data[start - 1 : start] in (b" ", b"\t"):
        start -= 1
    return start, end, ""


def _joined(written: bytes, text: str) -> str:
    """`--flag value` as one word, `--flag=value`, where what it stands for is one."""
    flag, _, value = text.partition(" ")
    is_single = written[:1] in (b"'", b'"') or b" " not in written
    if value and is_single:
        return f"{flag}={value}"
    return text


def _line(data: bytes, first: int, last: int, *, continues: bool) -> tuple[int, int, str]:
    """A whole line away; where it ends a command, the continuation that led to it too."""
    above = data[:first].rstrip(b"\r\n")
    if not continues and above.rstrip(_BLANKS).endswith(_CONTINUES):
        kept = above.rstrip(_BLANKS)[:-1].rstrip(_BLANKS)
        return len(kept), last, ""
    return first, min(_line_end(data, last) + 1, len(data)), ""


def _line_end(data: bytes, at: int) -> int:
    end = data.find(b"\n", at)
    if end < 0:
        return len(data)
    return end


def _setting(written: bytes, start: int, name: str, text: str) -> tuple[int, int, str] | None:
    """`key: value`, `key = value` or `Key=value`: another value, or the opposite of a switch."""
    setting = _KEY.fullmatch(written.rstrip())
    if setting is None:
        return None
    value = setting["value"].strip()
    at = start + setting.start("value")
    if not text:
        opposite = _OPPOSITE.get(value)
        if opposite:
            return (at, at + len(value), opposite.decode())
        return None
    flag, _, wanted = text.removeprefix("--").partition(" ")
    if canonical(flag) != name or not wanted or not value.isdigit():
        return None
    return at, at + len(value), wanted


def _in_block(data: bytes, place: Place, name: str, value: str) -> Edit | None:
    """The first line of a block of HCL, its `=` below each other with the line after it."""
    opening = re.compile(rb"\{[ \t]*(?:#[^\n{]*)?\r?\n").search(data, place.start, place.end)
    if opening is None:
        return None
    following = re.compile(rb"([ \t]*)(\w+[ \t]*)?").match(data, opening.end())
    indent = following[1].decode() if following else ""
    if following:
        width = max(len(following[2] or b"") - 1, 0)
    else:
        width = 0
    line = f"{indent or '  '}{name:<{width}} = {value}\n"
    return Edit(place.file, opening.end(), opening.end(), line)


def _in_yaml(
    data: bytes, place: Place, path: tuple[str, ...], value: str, holders: tuple[str, ...] = ()
) -> Edit | None:
    """Below the first key of the deepest mapping that is there, as the keys beside it are written.

    `holders` are the keys of which one holds the settings.
    """
    text = data[place.start : place.end].decode()
    if not text.isascii():  # the parser counts characters, an edit bytes
        return None
    pad = " " * (place.column - 1)
    node = _item(pad + text, place.file)
    mapping, rest, step = _deepest(_holding(node, holders) if holders else node, path)
    if mapping is None or mapping.flow_style or not rest or not mapping.value:
        return None
    key, first = mapping.value[0]
    column = key.start_mark.column
    lines = [f"{' ' * (column + step * deep)}{name}:" for deep, name in enumerate(rest)]
    lines[-1] += f" {value}"
    added_text = "\n".join(lines)
    at = place.start - len(pad)
    if _on_one_line(key, first):
        end = _line_end(data, at + first.end_mark.index)
        return Edit(place.file, end, end, f"\n{added_text}")
    start = at + key.start_mark.index
    return Edit(place.file, start, start, f"{added_text.lstrip()}\n{' ' * column}")


def _item(text: str, file: str) -> Node | None:
    """A declaration, or the item of the list that its `-` makes it; None for what is no YAML."""
    try:
        node = compose(text, file)
    except (ReadError, RecursionError):
        return None
    if isinstance(node, SequenceNode) and len(node.value) == 1:
        item: Node = node.value[0]
        return item
    return node


def _deepest(
    node: Node | None, path: tuple[str, ...]
) -> tuple[MappingNode | None, tuple[str, ...], int]:
    """The mapping that the first keys of a path lead to, the keys that it lacks, and the blanks of
    one level."""
    step = 2
    while isinstance(node, MappingNode) and path:
        below = next((value for key, value in node.value if key.value == path[0]), None)
        if below is None:
            break
        inner = below.start_mark.column - node.start_mark.column
        if 0 < inner <= _WIDEST:
            step = inner
        node, path = below, path[1:]
    return (node if isinstance(node, MappingNode) else None), path, step


def _on_one_line(key: Node, value: Node) -> bool:
    """Whether a key and its value are written on one line."""
    lines = {key.start_mark.line, value.start_mark.line, value.end_mark.line}
    return isinstance(value, ScalarNode) and len(lines) == 1


def _holding(node: Node | None, holders: tuple[str, ...]) -> Node | None:
    """The value of the key that holds the settings, also below the item's own name; None where
    there is none."""
    itself = node if "" in holders else None
    pairs: list[tuple[Node, Node]] = node.value if isinstance(node, MappingNode) else []
    settings = next((value for key, value in pairs if key.value in holders), None)
    if settings is None and itself is None and len(pairs) == 1:
        return _holding(pairs[0][1], holders)
    return settings or itself


def only(invocation: Invocation, pattern: bytes, text: str) -> Edit | None:
    """Write a text behind the first group of a pattern, where the file has it exactly once."""
    data = _bytes(invocation)
    if data is not None:
        matches = list(re.finditer(pattern, data))
    else:
        matches = []
    if len(matches) != 1 or invocation.source is None:
        return None
    shift = invocation.source.offset
    return Edit(invocation.file, matches[0].end(1) + shift, matches[0].end() + shift, text)
