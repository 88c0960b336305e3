"""The nodes of a Go template: text/template/parse/parse.go.

Whether a function is defined is seen where it is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policylint.runtime.patterns import pattern
from policylint.scan.gitops.gotemplates.lexing import BRACES, Delimiters, Token, tokens
from policylint.scan.gitops.gotemplates.model import (
    Action,
    Branch,
    Call,
    Chain,
    Command,
    Dot,
    Leave,
    Literal,
    Name,
    Pipeline,
    Template,
    TemplateError,
    Text,
    Variable,
)

_DEEPEST = 60
"""Blocks and parentheses within each other."""
_CONSTANTS = {"true": True, "false": False, "nil": None}
_ESCAPE = pattern(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_ESCAPED = {
    **{"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"},
    **{"\\": "\\", '"': '"', "'": "'"},
}


def parse(text: str, delimiters: Delimiters = BRACES) -> Template:
    """The template of a text. Raises TemplateError."""
    parser = _Parser(tokens(text, delimiters))
    nodes, ending = parser.block()
    if ending:
        raise TemplateError(f"{{{{{ending}}}}} of a template that nothing opens")
    return Template(nodes, parser.defined)


class _Parser:
    def __init__(self, source: Iterator[Token]) -> None:
        self.defined: dict[str, tuple[Any, ...]] = {}
        self._source = source
        self._ahead: list[Token] = []
        self._depth = 0
        self._names = ["$"]

    def _next(self) -> Token:
        if self._ahead:
            return self._ahead.pop()
        return next(self._source, ("end", ""))

    def _peek(self) -> Token:
        token = self._next()
        self._ahead.append(token)
        return token

    def _solid(self) -> Token:
        """The next token that is no space."""
        token = self._next()
        while token[0] == "space":
            token = self._next()
        return token

    def _expect(self, kind: str) -> str:
        token = self._solid()
        if token[0] != kind:
            raise TemplateError(f"unexpected {token[1]!r} in a template")
        return token[1]

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise TemplateError("a template that is nested too deeply")

    def block(self) -> tuple[tuple[Any, ...], str]:
        """The nodes up to the word that ends them (`end`, `else`), which is "" at the end of the
        text."""
        nodes: list[Any] = []
        while True:
            kind, text = self._next()
            if kind == "end":
                return tuple(nodes), ""
            if kind == "text":
                nodes += [Text(text)] if text else []
                continue
            ending = self._action(nodes)
            if ending:
                return tuple(nodes), ending

    def _action(self, nodes: list[Any]) -> str:
        """Read one action; the word where it ends a block."""
        kind, word = self._solid()
        if kind == "word" and word in ("end", "else"):
            return word
        if kind == "word" and word in ("if", "with", "range"):
            nodes.append(self._branch(word))
        elif kind == "word" and word in ("define", "template", "block"):
            nodes += self._named(word)
        elif kind == "word" and word in ("break", "continue"):
            self._expect("right")
            nodes.append(Leave(word))
        else:
            self._ahead.append((kind, word))
            nodes.append(Action(self._pipeline("right")))
        return ""

    def _branch(self, word: str) -> Branch:
        self._deeper()
        known = len(self._names)
        pipeline = self._pipeline("right", most=2 if word == "range" else 1)
        inside = len(self._names)
        body, ending = self.block()
        del self._names[inside:]
        otherwise: tuple[Any, ...] = ()
        if ending == "else":
            otherwise = self._otherwise(word)
        elif ending == "end":
            self._expect("right")
        else:
            raise TemplateError(f"{{{{{word}}}}} of a template that does not end")
        del self._names[known:]
        self._depth -= 1
        return Branch(word, pipeline, body, otherwise)

    def _otherwise(self, word: str) -> tuple[Any, ...]:
        """What follows `else`; `else if` and `else with` share the end of theirs."""
        kind, chained = self._solid()
        if kind == "word" and chained == word and word != "range":
            return (self._branch(word),)
        if kind != "right":
            raise TemplateError(f"unexpected {chained!r} after else in a template")
        body, ending = self.block()
        if ending != "end":
            raise TemplateError(f"{{{{{word}}}}} of a template that does not end")
        self._expect("right")
        return body

    def _named(self, word: str) -> list[Any]:
        """`define`, `template` and `block`."""
        kind, written = self._solid()
        if kind not in ("string", "raw"):
            raise TemplateError(f"unexpected {written!r} after {word} in a template")
        name = _text(kind, written)
        if word == "define":
            self._expect("right")
            self._body_of(name)
            return []
        if word == "template" and self._follows("right"):
            return [Call(name)]
        pipeline = self._pipeline("right")
        if word == "block":
            self._body_of(name)
        return [Call(name, pipeline)]

    def _follows(self, kind: str) -> bool:
        token = self._solid()
        if token[0] == kind:
            return True
        self._ahead.append(token)
        return False

    def _body_of(self, name: str) -> None:
        self._deeper()
        outer, self._names = self._names, ["$"]
        body, ending = self.block()
        self._names = outer
        if ending != "end":
            raise TemplateError(f"{{{{define}}}} of a template that does not end: {name}")
        self._expect("right")
        self.defined[name] = body
        self._depth -= 1

    def _pipeline(self, closing: str, most: int = 1) -> Pipeline:
        names, mark = self._declared(most)
        commands: list[Command] = []
        while True:
            words, ending = self._words()
            _check(words, is_first=not commands)
            commands.append(Command(words))
            if ending == closing:
                self._names += names if mark == "declare" else ()
                return Pipeline(tuple(commands), names, mark == "declare")
            if ending != "pipe":
                raise TemplateError("a template with an action that does not end")

    def _declared(self, most: int) -> tuple[tuple[str, ...], str]:
        """The variables that a pipeline gives its result to, and how: `:=` or `=`."""
        read: list[Token] = []
        names: list[str] = []
        while True:
            token = self._next()
            read.append(token)
            if token[0] == "variable":
                names.append(token[1])
            elif token[0] in ("declare", "assign") and 0 < len(names) <= most:
                return tuple(names), token[0]
            elif token[0] not in ("space", "comma"):
                self._ahead += reversed(read)
                return (), ""

    def _words(self) -> tuple[tuple[Any, ...], str]:
        """The words of a command, and the kind of token that ends it."""
        words: list[Any] = []
        while True:
            kind, written = self._solid()
            if kind in ("pipe", "right", "close"):
                return tuple(words), kind
            words.append(self._operand(kind, written))
            if self._peek()[0] not in ("space", "pipe", "right", "close"):
                raise TemplateError(f"unexpected {self._peek()[1]!r} in a template")

    def _operand(self, kind: str, written: str) -> Any:
        operand = self._term(kind, written)
        fields = [written[1:]] if kind == "field" else []
        while self._peek()[0] == "field":
            fields.append(self._next()[1][1:])
        if not fields:
            return operand
        if isinstance(operand, Literal) or (kind == "dot" and fields):
            raise TemplateError(f"unexpected . after {written!r} in a template")
        return Chain(operand, tuple(fields))

    def _term(self, kind: str, written: str) -> Any:
        if kind == "open":
            self._deeper()
            inner = self._pipeline("close")
            self._depth -= 1
            return inner
        if kind in ("field", "dot"):
            return Dot()
        if kind == "variable":
            return self._variable(written)
        if kind == "word":
            return Literal(_CONSTANTS[written]) if written in _CONSTANTS else Name(written)
        if kind == "number":
            return Literal(_number(written))
        if kind == "char":
            return Literal(ord(_text("string", written)))
        if kind in ("string", "raw"):
            return Literal(_text(kind, written))
        raise TemplateError(f"unexpected {written!r} in a template")

    def _variable(self, name: str) -> Variable:
        if name not in self._names:
            raise TemplateError(f"the variable {name} is not defined")
        return Variable(name)


def _check(words: tuple[Any, ...], *, is_first: bool) -> None:
    if not words:
        raise TemplateError("a template with an action that says nothing")
    if not is_first and isinstance(words[0], Literal | Dot):
        raise TemplateError("a template with a pipeline into what is no function")


def _number(written: str) -> int | float:
    if written.lower().lstrip("+-").startswith("0x"):
        return int(written, 16)
    if any(mark in written for mark in ".eE"):
        return float(written)
    if len(written) > 19:
        raise TemplateError("a template with a number that is too large")
    has_octal = len(written.lstrip("+-")) > 1 and written.lstrip("+-").startswith("0")
    try:
        return int(written, 8 if has_octal else 10)
    except ValueError:
        raise TemplateError(f"a template with a number that is none: {written}") from None


def _text(kind: str, written: str) -> str:
    inner = written[1:-1]
    if kind == "raw":
        return inner
    return _ESCAPE.sub(_escaped, inner)


def _escaped(match: re.Match[str]) -> str:
    code = match[1]
    if code in _ESCAPED:
        return _ESCAPED[code]
    try:
        if code[0] in "xuU":
            return chr(int(code[1:], 16))
        return chr(int(code, 8))
    except (ValueError, OverflowError):
        raise TemplateError(f"a template with an escape that Go does not know: \\{code}") from None
