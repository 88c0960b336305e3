"""Template actions in YAML (Go, Jinja, Terraform, `${}`), replaced by words of the same length.

Every position of the text stays what it was, so the lines and columns of a node tree are those of
the file. What prints a value becomes a word of `HOLE`; what only steers (if, range, end, a comment)
becomes blanks, and its reach is kept, because what stands inside it is only there sometimes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from policylint.runtime.patterns import pattern

HOLE = "\ue000"
"""Stands for one character of a template action; private use, so it is in no real file."""

_ACTION = pattern(
    r"""
      \{\{-?\s*/\*.{0,20000}?\*/\s*-?\}\}                             # {{/* a comment */}}
    | \{\{\{(?:(?!\}\}\}).){0,5000}+\}\}\}                            # {{{ mustache }}}
    | \$?\{\{(?>"[^"\n]*"|`[^`]*`|(?!\}\}).){0,5000}+\}\}             # {{ go }}, ${{ github }}
    | \{%(?:(?!%\}).){0,5000}+%\}                                     # {% jinja %}
    | \{\#(?:(?!\#\}).){0,5000}+\#\}                                  # {# a jinja comment #}
    | %\{~?\s*(?:if|else|endif|for|endfor)\b[^{}\n]*\}                # %{ if terraform }
    | \$\{(?:[^{}\n]|\{[^{}\n]*\})*+\}                                # ${VAR} ${default:=x}
    | <%(?:(?!%>).){0,5000}+%>                                        # <% erb %>
    | <\#--.{0,5000}?--> | </?\#[a-z][^<>\n]*>                        # <#if freemarker> </#if>
    | (?:(?<=[\w"'/.@-])|(?<=:[ ]|-[ ]))\#\{[^{}\n]*\}\#?             # #{ octopus }, makejinja's }#
    | \#%(?:(?!%\#)[^\n])*%\#                                         # #% if makejinja %#
    | (?<=:[ ]|-[ ])\#@[ ][^\n]+                                      # #@ ytt
    | <<-?[ ]+[a-z$.(][^<>\n]*[ ]-?>>                                 # << flux-operator >>
    """,
    re.VERBOSE | re.DOTALL,
)
_HEADER = pattern(
    r"(?P<lead>[ ]*(?:-[ ]+)*)(?P<key>[^\s#-][^#\n]*:|(?<=-[ ]))"
    r"[ ]*(?:[!&]\S{1,200}+[ ]+)*[|>][-+0-9]*[ ]*(?:#.*)?$"
)
"""The first line of a block scalar; what follows deeper than its key, or than the dash before it,
belongs to it."""
_EDGES = pattern(
    r"^(?:\$?\{\{|\{%|\{#|%\{|\$\{|<%|<<|</?#|#%|#\{|#@)[-~+=]?\s*"
    r"|(?<!\s)\s*[-~]?(?:\}\}|%\}|#\}|\}#?|%>|>>|%#|>)$"
)
_OPENS = frozenset(
    ["if", "range", "with", "define", "block", "for", "macro", "call", "filter", "unless", "list"]
)
_TURNS = frozenset(["else", "elif", "elseif"])
_CLOSES = pattern(r"end\w*$")
_SILENT = pattern(r"/\*|\$\w+\s*:?=|set\s|import\s|from\s|extends\s")
_ASSIGNS = pattern(
    r"\{\{-?\s*+(\$\w+)\s*:=\s*\"([^\"\n]*)\"\s*-?\}\}"
    r"|\{%-?\s*+set\s+(\w+)\s*=\s*[\"']([^\"'\n]*)[\"']\s*-?%\}"
)
_SETS = pattern(r"\{\{-?\s*(\$\w+)\s*:?=|\{%-?\s*set\s+(\w+)\b")
_PRINTS = pattern(r"\{\{-?\s*(\$?\w+)\s*(?:\|\s*quote\s*)?-?\}\}|\$\{(\w+)\}|\$([A-Za-z_]\w*)")
_INDENT = pattern(r"\bn?indent\s*+\(?\s*+([0-9]{1,3})(?![0-9])")


_MARKS = ("{{", "{%", "${", "%{", "<%", "<#", "<< ", "<<- ", "#{", "#%", "#@")
"""A text without any of these has no actions."""


class Action(Struct, frozen=True):
    """One template action: where it is, and whether it opens, turns, closes, prints or does nothing
    to see."""

    start: int
    end: int
    role: str
    text: str


class Filled(Struct, frozen=True):
    """A text without template actions, as long as the original; lines are 0-based here."""

    text: str
    original: str
    branches: tuple[tuple[int, int], ...] = ()
    """First and last line of each conditional or repeated part."""
    openings: tuple[tuple[int, int], ...] = ()
    """(line, indent) of each action alone on its line that may print further keys or items at that
    indent."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Template variables of a known value by name, variables of a shell as `${NAME}`."""
    otherwise: tuple[tuple[int, int], ...] = ()
    """Line of the first `else` and of the end of each conditional part that has one."""

    def known(self, text: str) -> str:
        """The text with the actions that only print such a variable replaced by its value."""
        if not self.constants:
            return text
        return _PRINTS.sub(
            lambda match: self.constants.get(match[1] or f"${{{match[2] or match[3]}}}", match[0]),
            text,
        )


def has_actions(text: str) -> bool:
    """Whether template actions stand in the text."""
    return bool(_ACTION.search(text))


def fill(text: str) -> Filled:
    """Replace the template actions of a text."""
    if not any(mark in text for mark in _MARKS):
        return Filled(text, text)
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    plain = block_lines(text)
    actions = [action for action in _actions(text) if _line(action.start, starts) not in plain]
    reaches = list(_branches(actions, starts))
    chars = list(text)
    openings = tuple(_write(chars, text, actions, starts))
    return Filled(
        "".join(chars),
        text,
        tuple((first, last) for first, _, last in reaches),
        openings,
        _constants(text),
        tuple((turn, last) for _, turn, last in reaches if turn),
    )


def _write(
    chars: list[str], text: str, actions: list[Action], starts: list[int]
) -> Iterator[tuple[int, int]]:
    """Write over all actions; yield the openings (see `Filled`)."""
    for line, group in _by_line(actions, starts):
        if line + 1 < len(starts):
            end = starts[line + 1] - 1
        else:
            end = len(text)
        yield from _fill_line(chars, text, group, (line, starts[line], max(end, group[-1].end)))


def _line(position: int, starts: list[int]) -> int:
    """The 0-based line of a position."""
    return bisect_right(starts, position) - 1


def _constants(text: str) -> dict[str, str]:
    """Variables set to one literal and nowhere else."""
    times = Counter(match[1] or match[2] for match in _SETS.finditer(text))
    constants: dict[str, str] = {}
    for match in _ASSIGNS.finditer(text):
        constants.setdefault(match[1] or match[3], match[2] or match[4] or "")
    return {name: value for name, value in constants.items() if value and times[name] == 1}


def block_lines(text: str) -> set[int]:
    """The lines of block scalars (`key: |`): text that YAML takes as it is, templates of another
    tool included."""
    lines: set[int] = set()
    within = -1
    for number, line in enumerate(text.split("\n")):
        indent = len(line) - len(line.lstrip(" "))
        if within >= 0 and (indent > within or not line.strip()):
            lines.add(number)
            continue
        header = _HEADER.match(line)
        within = _parent_column(header) if header else -1
    return lines


def _parent_column(header: re.Match[str]) -> int:
    """The column of the key, or of the dash where the block is a list item itself."""
    if header["key"]:
        return len(header["lead"])
    return header["lead"].rfind("-")


def _actions(text: str) -> Iterator[Action]:
    for match in _ACTION.finditer(text):
        yield Action(match.start(), match.end(), _role(match.group()), match.group())


def _role(action: str) -> str:
    if action.startswith("${") and not action.startswith("${{"):
        return "prints"
    inner = _EDGES.sub("", action)
    if action.startswith("</#"):
        return "closes"
    word = re.split(r"[\s(]", inner, maxsplit=1)[0]
    if action.startswith("{#") or _SILENT.match(inner):
        return "silent"
    if word in _OPENS:
        return "opens"
    if word in _TURNS:
        return "turns"
    if _CLOSES.match(word):
        return "closes"
    return "silent" if action.startswith("<#") else "prints"


def _by_line(actions: list[Action], starts: list[int]) -> Iterator[tuple[int, list[Action]]]:
    """The actions by the line they start on; one that starts where another ends counts to the same
    line."""
    group: list[Action] = []
    first = last = -1
    for action in actions:
        line = _line(action.start, starts)
        if group and line != last:
            yield first, group
            group = []
        if not group:
            first = line
        group.append(action)
        last = _line(action.end - 1, starts)
    if group:
        yield first, group


def _fill_line(
    chars: list[str], text: str, group: list[Action], at: tuple[int, int, int]
) -> Iterator[tuple[int, int]]:
    """Write over the actions of one line; yield the line and an indent where keys or items may be
    printed."""
    line, start, end = at
    roles = {action.role for action in group}
    alone = not _without(text, group, start, end).strip()
    if alone or ("closes" in roles and _leads(group[0], text[start : group[0].start])):
        _put(chars, start, end, " ")
        if not alone or "prints" in roles:
            yield line, _indent(group, start)
        return
    for first, last, word in _runs(group):
        # `${{ if x }}:` is a key of its own
        is_key = text.startswith("${{", first) and text.startswith(":", last)
        _put(chars, first, last, HOLE if is_key else word)


def _leads(action: Action, before: str) -> bool:
    """Whether it opens a part and nothing stands before it."""
    return action.role == "opens" and not before.strip()


def _without(text: str, group: list[Action], start: int, end: int) -> str:
    """What stands beside the actions."""
    parts, at = [], start
    for action in group:
        parts.append(text[at : action.start])
        at = action.end
    return "".join([*parts, text[at:end]])


def _indent(group: list[Action], start: int) -> int:
    """The column of what the actions print: what `nindent` says, else their own."""
    for action in reversed(group):
        indent = _INDENT.search(action.text)
        if indent:
            return int(indent[1])
    return group[0].start - start


def _runs(group: list[Action]) -> Iterator[tuple[int, int, str]]:
    """(start, end, word) to write: an if closed on its line is one value, a lone one is blank."""
    open_at: list[int] = []
    for action in group:
        if action.role == "opens":
            open_at.append(action.start)
        elif action.role == "closes" and open_at:
            yield open_at.pop(), action.end, HOLE
            continue
        yield action.start, action.end, HOLE if action.role == "prints" else " "


def _put(chars: list[str], start: int, end: int, word: str) -> None:
    for index in range(start, end):
        if chars[index] == "\n":
            word = " "  # the rest of an action over several lines is no text of its own
        else:
            chars[index] = word


def _branches(actions: list[Action], starts: list[int]) -> Iterator[tuple[int, int, int]]:
    """First line, line of the first `else` (0: none) and last line of each part over several
    lines."""
    stack: list[tuple[int, int]] = []
    for action in actions:
        line = _line(action.start, starts)
        if action.role == "opens":
            stack.append((line, 0))
        elif action.role == "turns" and stack:
            first, turn = stack.pop()
            stack.append((first, turn or line))
        elif action.role == "closes" and stack:
            first, turn = stack.pop()
            if line > first:
                yield first, turn, line
