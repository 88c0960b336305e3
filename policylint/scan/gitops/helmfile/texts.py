"""helmfile: what of a templated file is literal, and which of its lines templates decide.

Actions whose values are known here are filled in, others stand as placeholders; what stands between
`{{ if }}` or `{{ range }}` and its end, and lines that an action alone makes, are in doubt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from policylint.errors import ReadError
from policylint.kyaml.load import compose
from policylint.kyaml.nodes import MappingNode, SequenceNode
from policylint.model import Json
from policylint.scan.gitops.gotemplates.functions import Function
from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.gotemplates.render import rendered
from policylint.scan.gitops.gotemplates.sprig import SPRIG
from policylint.scan.gitops.goyaml import go_yaml
from policylint.scan.gitops.model import placeholder
from policylint.scan.gitops.tree import Documents, Item, Tree, parsed, sequence

_OPENING = frozenset({"if", "range", "with", "define", "block"})
_SILENT = _OPENING | {"end", "else", "break", "continue"}
_FUNCTIONS = {**SPRIG, "toYaml": Function("a", go_yaml)}
DOUBTS = "policylint-doubts"
"""The key of a body, or of a release, that names the lines which templates decide."""
UNSEEN = placeholder("template")
"""What stands for an action whose value is not known."""


class Action(Struct, frozen=True):
    """One `{{ ... }}` of a text: what stands in it, without trim marks, and where."""

    body: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """Its first word."""
        if self.body:
            return self.body.split(maxsplit=1)[0]
        return ""

    @property
    def is_silent(self) -> bool:
        """Whether it prints nothing: control, comments, variables."""
        is_variable = self.word.startswith("$") and self.body.split()[1:2] in ([":="], ["="])
        return self.word in _SILENT or self.body.startswith("/*") or is_variable


class Literal(Struct, frozen=True):
    """A text with its actions replaced, line by line as it was; `doubts` are the lines (1-based)
    that templates decide."""

    text: str
    doubts: frozenset[int] = frozenset()


def is_templated(text: str) -> bool:
    """Whether there is an action in it."""
    return "{{" in text


def literal(text: str, parameters: Mapping[str, Any]) -> Literal:
    """What of a text is literal, its known actions filled in."""
    parts: list[str] = []
    alone: set[int] = set()
    at = 0
    actions = list(_actions(text))
    for action in actions:
        lines = _lines(text, action)
        parts.append(text[at : action.start])
        at = action.end
        if not action.is_silent and _is_alone(text, action):
            alone.update(lines)
        elif not action.is_silent:
            parts.append(filled_action(action.body, parameters))
        parts.append("\n" * (len(lines) - 1))
    result = "".join([*parts, text[at:]])
    return Literal(result, frozenset(alone | _in_blocks(text, actions, result.splitlines())))


def _lines(text: str, action: Action) -> range:
    """The lines that an action stands on, 1-based."""
    first = text.count("\n", 0, action.start) + 1
    return range(first, text.count("\n", 0, action.end) + 2)


def _in_blocks(text: str, actions: list[Action], lines: list[str]) -> set[int]:
    """The lines between `{{ if }}` or its like and the end, those that are empty without the
    actions left out."""
    inside: set[int] = set()
    opened: list[int] = []
    for action in actions:
        if action.word in _OPENING:
            opened.append(_lines(text, action)[0])
        elif action.word == "end" and opened:
            inside.update(range(opened.pop(), _lines(text, action)[-1] + 1))
    return {line for line in inside if line <= len(lines) and lines[line - 1].strip()}


def filled_action(body: str, parameters: Mapping[str, Any]) -> str:
    """What an action prints, a placeholder where that is not known; what `.` is, the block around
    it decides."""
    if body == ".":
        return UNSEEN
    try:
        printed = rendered(f"{{{{{body}}}}}", parameters, functions=_FUNCTIONS)
    except TemplateError:
        return UNSEEN
    if printed in ("", "<no value>") or "\n" in printed:
        return UNSEEN
    return printed


def filled_text(text: str, parameters: Mapping[str, Any]) -> str:
    """A text of a release whose templates helmfile runs once more (`{{ .Release.Name }}`)."""
    parts: list[str] = []
    at = 0
    for action in _actions(text):
        if action.is_silent:
            printed = UNSEEN
        else:
            printed = filled_action(action.body, parameters)
        parts += [text[at : action.start], printed]
        at = action.end
    return "".join([*parts, text[at:]])


def documents_of(tree: Tree, file: str, parameters: Mapping[str, Any]) -> tuple[Documents, Literal]:
    """The objects of a file as far as they are literal, and which lines are in doubt."""
    text = tree.text(file) or ""
    if not is_templated(text):
        return tree.documents(file), Literal(text)
    written = literal(text, parameters)
    return parsed(written.text, file), written


def doubted(item: Item, doubts: frozenset[int]) -> dict[str, Json]:
    """A document's body, its releases marked whose lines templates decide; under DOUBTS also the
    lines outside of releases that they do."""
    if not doubts:
        return item.body
    places = _lines_of_releases(item)
    start = _start(item)
    left = doubts.intersection(range(start, start + len(item.text.splitlines()) + 1))
    entries = list(sequence(item.body, "releases"))
    for number, lines in enumerate(places[: len(entries)]):
        own = left.intersection(lines)
        entry = entries[number]
        if own and isinstance(entry, dict):
            entries[number] = {**entry, DOUBTS: sorted(own)}
        left -= own
    if entries:
        body = {**item.body, "releases": entries}
    else:
        body = dict(item.body)
    if left:
        return {**body, DOUBTS: [f"{item.file}:{line}" for line in sorted(left)]}
    return body


def _start(item: Item) -> int:
    """The line of the file at which the text of a document begins."""
    lines = item.text.splitlines()
    lead = (n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#"))
    return item.line - next(lead, 0)


def _lines_of_releases(item: Item) -> list[range]:
    try:
        root = compose(item.text, item.file)
    except ReadError:
        return []
    rows = root.value if isinstance(root, MappingNode) else []
    nodes = next((node for key, node in rows if getattr(key, "value", "") == "releases"), None)
    start = _start(item)
    if isinstance(nodes, SequenceNode):
        entries = nodes.value
    else:
        entries = []
    spans = [(node.start_mark.line, node.end_mark.line) for node in entries]
    return [range(start + first, start + max(first + 1, last)) for first, last in spans]


def _is_alone(text: str, action: Action) -> bool:
    """Whether nothing else stands on the lines of an action: it may print any YAML."""
    before = text[text.rfind("\n", 0, action.start) + 1 : action.start]
    after = text[action.end :].partition("\n")[0]
    return not before.strip() and not after.strip()


def _actions(text: str) -> Iterator[Action]:
    at = 0
    while (start := text.find("{{", at)) >= 0:
        end = _closed(text, start + 2)
        if end < 0:
            return
        body = text[start + 2 : end]
        yield Action(body.removeprefix("-").removesuffix("-").strip(), start, end + 2)
        at = end + 2


def _closed(text: str, at: int) -> int:
    """Where the `}}` of an action is, strings and comments left out; -1 where it has none."""
    if text[at:].lstrip("- \n\t").startswith("/*"):
        at = text.find("*/", at)
    while 0 <= at < len(text):
        if text.startswith("}}", at):
            return at
        at = _after(text, at)
    return -1


def _after(text: str, at: int) -> int:
    """The place after a character, or after the string that begins with it; -1 for one that does
    not end."""
    mark = text[at]
    if mark not in '"`':
        return at + 1
    end = text.find(mark, at + 1)
    while mark == '"' and end > 0 and text[end - 1] == "\\":
        end = text.find(mark, end + 1)
    if end >= 0:
        return end + 1
    return -1
