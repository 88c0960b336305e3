"""Programs in Python, Go and JavaScript that run helm: by a list of words, or by a line for a
shell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.commands import shell
from policylint.scan.invocations.model import Invocation
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.shells.flags import verbs
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import HOLE, TAIL, Text

_PIECE = (
    r"(?P<string>[rRbBuUfF]{0,2}(?:\"\"\"(?:.*?\"\"\"|.*\Z)|'''(?:.*?'''|.*\Z)"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`]*(?:`|\Z)))"
    r"|(?P<name>[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)|(?P<mark>\.\.\.|\\\S|\S)"
)
_PYTHON = pattern(rf"#[^\n]*|{_PIECE}", re.DOTALL)
_BRACES = pattern(rf"//[^\n]*|/\*(?:.*?\*/|.*\Z)|{_PIECE}", re.DOTALL)
_HELM = pattern(r"(?:\S*/)?helm[23]?(?:\.exe)?")
_LINE = pattern(r"\s*(?:sudo\s+)?(?:\S*/)?helm\s+\S")
_RUNS = pattern(
    r"(?:^|\.)(?:run|call|check_call|check_output|Popen|getoutput|system|popen|Command"
    r"|CommandContext|spawn|spawnSync|exec|execSync|execFile|execFileSync|execa|execaSync"
    r"|create_subprocess_exec|create_subprocess_shell|command|sh|bash)$"
)
"""Functions that start a program: subprocess, os, asyncio, os/exec, child_process, execa."""
_SHELLS = pattern(r"(?:\S*/)?(?:ba|z|da|k)?sh")
_FILLED = pattern(r"\$?\{[^{}]*\}|%[-+\d.]*[a-zA-Z]")
"""What a program writes into a text: {name}, ${name}, %s."""
_GROWS = pattern(
    r"\b(\w+)(?:[ \t]*\+=|\.(?:append|extend|insert|push|unshift|concat)\b)|append\(\s*+(\w+)"
)
_OPEN, _CLOSE = "([{", ")]}"


class Token(Struct, frozen=True):
    """A string, name or mark of a program; `start` and `end` are characters of the file."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def inner(self) -> tuple[int, int]:
        """Where the text within the quotes stands."""
        prefix = len(self.text) - len(self.text.lstrip("rRbBuUfF"))
        if self.text[prefix : prefix + 3] in ('"""', "'''"):
            width = 3
        else:
            width = 1
        start = self.start + prefix + width
        return start, max(self.end - width, start)


class _Bracket(Struct, frozen=True):
    mark: str
    callee: str
    """The function that is called, or what stands before a list."""
    first: int
    """The index of the first token in it."""

    @property
    def is_call(self) -> bool:
        """Whether it is the call of a function that starts a program."""
        return self.mark == "(" and _RUNS.search(self.callee) is not None

    @property
    def is_list(self) -> bool:
        """Whether it is a list of texts."""
        return self.mark == "[" or (self.mark == "{" and self.callee == "string")

    @property
    def program(self) -> int:
        """The index of the token that names the program: the first, or that behind a context."""
        return self.first + (2 if self.callee.endswith("CommandContext") else 0)


def _read(source: Source) -> Iterator[Reading]:
    tokens = list(_tokens(source))
    partner = _partners(tokens)
    growing = {name for names in _GROWS.findall(source.text) for name in names if name}
    for bracket in _brackets(tokens):
        last = partner.get(bracket.first - 1)
        if last is not None:
            yield from _calls(source, bracket, tokens, last, growing)


def _tokens(source: Source) -> Iterator[Token]:
    grammar = _PYTHON if source.suffix == ".py" else _BRACES
    for match in grammar.finditer(source.text):
        if match.lastgroup:
            yield Token(match.lastgroup, match[0], match.start(), match.end())


def _partners(tokens: Sequence[Token]) -> dict[int, int]:
    """The index of the bracket that closes the one of each index."""
    pairs: dict[int, int] = {}
    stack: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind != "mark":
            continue
        if token.text in _OPEN:
            stack.append(index)
        elif token.text in _CLOSE and stack:
            pairs[stack.pop()] = index
    return pairs


def _brackets(tokens: Sequence[Token]) -> Iterator[_Bracket]:
    for index, token in enumerate(tokens):
        if token.kind == "mark" and token.text in _OPEN:
            before = tokens[index - 1].text if index else ""
            yield _Bracket(token.text, before, index + 1)


def _calls(
    source: Source, bracket: _Bracket, tokens: Sequence[Token], last: int, growing: set[str]
) -> Iterator[Invocation]:
    """The helm command that a list of words, or a call that starts a program, is."""
    at = bracket.program
    if at >= last or tokens[at].kind != "string":
        return
    if not _HELM.fullmatch(source.text[slice(*tokens[at].inner)]):
        if bracket.is_call:
            line = _line(source, tokens, at, last)
        else:
            line = None
        yield from _as_code(shell(source, _filled(source, line))) if line else ()
    elif bracket.is_call or bracket.is_list:
        words = _words(source, tokens, at, last)
        if bracket.is_list:
            words += _tail(tokens, bracket.first - 1, last, growing)
        yield from _as_code(shell(source, words))


def _as_code(invocations: Iterator[Invocation]) -> Iterator[Invocation]:
    """A word of a program cannot be written as text; a list of names has no verb and runs
    nothing."""
    for invocation in invocations:
        if invocation.action in verbs().values():
            yield replace(invocation, insertion=None, syntax="code")


def _line(source: Source, tokens: Sequence[Token], at: int, last: int) -> Token | None:
    """The text that a shell is given: the first argument, or that behind -c."""
    for token in tokens[at:last]:
        if token.kind != "string":
            continue
        text = source.text[slice(*token.inner)]
        if _LINE.match(text):
            return token
        if text != "-c" and not _SHELLS.fullmatch(text):
            return None
    return None


def _words(source: Source, tokens: Sequence[Token], at: int, last: int) -> Text:
    """The items from `at` on as the words of a shell: what the program decides is a hole."""
    text = Text.of("")
    depth, item = 0, list[Token]()
    for token in (*tokens[at:last], Token("mark", ",", -1, -1)):
        if token.kind == "mark" and token.text in "[]" and depth <= 1:
            depth += 1 if token.text == "[" else -1  # spawn("helm", ["upgrade", ...])
        elif token.text == ",":
            if _is_option(item):
                break
            text += _word(source, item, alone=depth == 0)
            item = []
        else:
            item.append(token)
    return text


def _is_option(item: Sequence[Token]) -> bool:
    """Whether an argument is none of the words: `check=True`, `{stdio: "inherit"}`."""
    named = len(item) > 1 and item[0].kind == "name" and item[1].text == "="
    return named or (bool(item) and item[0].text == "{")


def _word(source: Source, item: Sequence[Token], *, alone: bool) -> Text:
    if not item:
        return Text.of("")
    first = item[0]
    if first.text in ("*", "...") or item[-1].text == "..." or _is_words(source, item, alone):
        return Text.of(f" {TAIL}")
    if first.kind != "string":
        return Text.of(f" {HOLE}")
    literal = _quoted(_filled(source, first))
    rest = Text.of(HOLE) if len(item) > 1 else Text.of("")
    return Text.of(" ") + literal + rest


def _is_words(source: Source, item: Sequence[Token], alone: bool) -> bool:
    """Whether a name stands for a list of words: the second argument of JavaScript's functions."""
    return alone and source.suffix not in (".py", ".go") and len(item) == 1 and _is_name(item[0])


def _is_name(token: Token) -> bool:
    return token.kind == "name"


def _filled(source: Source, token: Token) -> Text:
    """The text of a string, with holes for what the program writes into it."""
    start, end = token.inner
    text = Text.cut(source.text, start, end)
    for match in reversed(list(_FILLED.finditer(text.text))):
        text = text.splice(match.start(), match.end(), Text.of(HOLE))
    return text


def _quoted(text: Text) -> Text:
    """One word of a shell."""
    mark = '"' if "'" in text.text else "'"
    return Text.of(mark) + text + Text.of(mark)


def _tail(tokens: Sequence[Token], opened: int, last: int, growing: set[str]) -> Text:
    """More words, where a list is added to another or grows under its name."""
    before = tokens[max(opened - 6, 0) : opened]
    is_named = any(token.text == "=" for token in before)
    grows = is_named and any(token.text in growing for token in before)
    is_added_to = last + 1 < len(tokens) and tokens[last + 1].text == "+"
    if grows or is_added_to:
        return Text.of(f" {TAIL}")
    return Text.of("")


READER = Reader(_read)
