"""Parses CEL as the API server does: cel-go's grammar (parser/gen/CEL.g4), macros written out.

A recursive descent that follows the grammar rule by rule, so that what is nested too deeply for the
server is so here: it counts how deep each rule stands in itself, and how many operators, members
and calls of methods do. After the first syntax error nothing more is read; the server goes on and
may print more of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

from policylint.cel.building import Builder
from policylint.cel.cursor import DEEPEST, Cursor, UnreadableError
from policylint.cel.display import NOWHERE, display
from policylint.cel.macros import HAS, METHODS
from policylint.cel.quoted import bytes_value, string_value
from policylint.cel.tokens import END
from policylint.cel.tree import Call, Entry, Ident, Literal, MakeList, Node, Select
from policylint.cel.values import CelUnsupported, Uint
from policylint.errors import PolicylintError

TOO_DEEP = "an expression nested too deeply"
NEWEST = 37
"""The newest minor of Kubernetes whose syntax is known."""

_LONGEST = 100_000
"""Characters of an expression (cel-go's expressionSizeCodePointLimit)."""
_OPTIONALS_SINCE, _ESCAPES_SINCE = 28, 37
_RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import"),
        *("in", "let", "loop", "package", "namespace", "null", "return", "true", "var", "void"),
        "while",
    )
)
_OPERATORS: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "relation": {
        **{sign: (1, f"_{sign}_") for sign in ("<", "<=", ">=", ">", "==", "!=")},
        "in": (1, "@in"),
    },
    "calc": {
        **{sign: (1, f"_{sign}_") for sign in "+-"},
        **{sign: (2, f"_{sign}_") for sign in "*/%"},
    },
}
"""By rule of the grammar: how tightly its operators bind, and the functions that they call."""
_WORDS = {"true": True, "false": False, "null": None}


class CelSyntaxError(PolicylintError):
    """An expression that does not parse; the message is the server's, with line and column."""


@lru_cache(maxsize=4096)
def parse(expression: str, minor: int = NEWEST) -> tuple[Node, dict[int, int]]:
    """The tree of an expression, macros expanded, and each node's offset, as the API server of a
    minor reads it (36 for 1.36); raises CelSyntaxError, and CelUnsupported for what is nested too
    deeply or grows too large to be read here."""
    if len(expression) > _LONGEST:
        size = f"size: {len(expression)}, limit {_LONGEST}"
        message = f"expression code point size exceeds limit: {size}"
        raise CelSyntaxError(display(expression, [(NOWHERE, message)]))
    parser = _Parser(Cursor(expression), Builder(), minor)
    try:
        return parser.start()
    except RecursionError as error:
        raise CelUnsupported(TOO_DEEP) from error
    except UnreadableError as error:
        raise CelSyntaxError(display(expression, parser.errors())) from error


class _Parser:
    def __init__(self, cursor: Cursor, builder: Builder, minor: int) -> None:
        self._cursor = cursor
        self._build = builder
        self._minor = minor

    def start(self) -> tuple[Node, dict[int, int]]:
        """The whole expression and the offsets of its nodes; raises UnreadableError."""
        root = self._expression()
        self._cursor.take(END)
        if self._build.height(root) > DEEPEST:
            self._cursor.fail_everywhere("max recursion depth exceeded")
        if self.errors():
            raise UnreadableError
        return root, self._build.positions

    def errors(self) -> list[tuple[int, str]]:
        """What is wrong, with its offset."""
        return self._cursor.errors + self._build.errors

    def _expression(self) -> Node:
        before = self._cursor.enter("expr")
        node = self._either()
        if self._cursor.kind == "?":
            sign = self._cursor.advance()
            chosen = self._either()
            self._cursor.take(":")
            node = self._build.call(sign, "_?_:_", (node, chosen, self._expression()))
        self._cursor.leave("expr", before)
        return node

    def _either(self) -> Node:
        return self._terms("||", "_||_", self._both)

    def _both(self) -> Node:
        return self._terms("&&", "_&&_", self._relation)

    def _terms(self, sign: str, function: str, term: Callable[[], Node]) -> Node:
        terms, signs = [term()], []
        while self._cursor.kind == sign:
            signs.append(self._cursor.advance())
            terms.append(term())
        return self._build.balanced(function, terms, signs)

    def _relation(self, least: int = 0) -> Node:
        return self._operators("relation", least, self._relation, self._calculation)

    def _calculation(self, least: int = 0) -> Node:
        return self._operators("calc", least, self._calculation, self._unary)

    def _operators(
        self, rule: str, least: int, itself: Callable[[int], Node], operand: Callable[[], Node]
    ) -> Node:
        """Operators of one rule that bind at least so tightly, from left to right."""
        before = self._cursor.enter(rule)
        node = operand()
        while True:
            binding, function = _OPERATORS[rule].get(self._cursor.kind, (-1, ""))
            if binding < least:
                break
            sign = self._cursor.advance()
            node = self._build.call(sign, function, (node, itself(binding + 1)))
        self._cursor.leave(rule, before)
        return node

    def _unary(self) -> Node:
        first = self._cursor.token
        if first.kind not in ("!", "-") or self._is_negative_number():
            return self._member()
        count = 0
        while self._cursor.taken(first.kind):
            count += 1
        operand = self._member()
        if count % 2 == 0:
            return operand
        node = Call(self._build.number(first.at), f"{first.kind}_", None, (operand,))
        return self._build.deeper(node, (operand,))

    def _is_negative_number(self) -> bool:
        return self._cursor.kind == "-" and self._cursor.ahead() in ("NUM_INT", "NUM_FLOAT")

    def _member(self) -> Node:
        before = self._cursor.enter("member")
        node = self._primary()
        while self._cursor.kind in (".", "["):
            if self._cursor.kind == "[":
                node = self._index(node)
            else:
                node = self._field(node)
        self._cursor.leave("member", before)
        return node

    def _index(self, target: Node) -> Node:
        sign = self._cursor.advance()
        function = "_[?_]" if self._is_optional(sign.at, "[?") else "_[_]"
        index = self._expression()
        self._cursor.take("]")
        return self._build.call(sign, function, (target, index))

    def _field(self, target: Node) -> Node:
        dot = self._cursor.advance()
        is_optional = self._is_optional(dot.at, ".?")
        if self._cursor.kind not in ("IDENTIFIER", "ESC_IDENTIFIER"):
            self._cursor.fail_behind(dot)
        if not is_optional and self._is_call():
            return self._method(target)
        at, name = self._cursor.token.at, self._field_name()
        if is_optional:
            field = Literal(self._build.number(at), name)
            return self._build.call(dot, "_?._", (target, field))
        node = Select(self._build.number(dot.at), target, name)
        return self._build.deeper(node, (target,), by=1)

    def _is_call(self) -> bool:
        return self._cursor.kind == "IDENTIFIER" and self._cursor.ahead() == "("

    def _method(self, target: Node) -> Node:
        name, opening = self._cursor.advance().text, self._cursor.token
        args = self._arguments()
        macro = METHODS.get((name, len(args)))
        if macro is not None and self._minor >= macro.since:
            node = self._build.expanded(opening.at, macro.expand, target, args)
        else:
            node = Call(self._build.number(opening.at), name, target, args)
        return self._build.deeper(node, (target, *args), by=1)

    def _primary(self) -> Node:
        read = self._primaries.get(self._cursor.kind)
        if read is None or (self._cursor.kind == "-" and not self._is_negative_number()):
            self._cursor.fail_at_operand()
        return read(self)

    def _name(self) -> Node:
        start = self._cursor.token
        dot = "." if self._cursor.taken(".") else ""
        if self._cursor.kind != "IDENTIFIER":
            self._cursor.fail_behind(start)
        length = self._length_of_type()
        if length:
            return self._message(dot, length)
        name = self._cursor.advance()
        if name.text in _RESERVED:
            self._build.errors.append((start.at, f"reserved identifier: {name.text}"))
        if self._cursor.kind == "(":
            return self._function(f"{dot}{name.text}")
        if name.text in _RESERVED:
            return self._build.nothing(start.at)
        return Ident(self._build.number(name.at), f"{dot}{name.text}")

    def _length_of_type(self) -> int:
        """How many tokens name the type of the message that begins here; 0 where none does."""
        length = 1
        while self._cursor.ahead(length) == "." and self._cursor.ahead(length + 1) == "IDENTIFIER":
            length += 2
        if self._cursor.ahead(length) == "{":
            return length
        return 0

    def _function(self, name: str) -> Node:
        opening = self._cursor.token
        args = self._arguments()
        if name == "has" and len(args) == 1:
            node = self._build.expanded(opening.at, HAS.expand, args[0], args)
        else:
            node = Call(self._build.number(opening.at), name, None, args)
        return self._build.deeper(node, args)

    def _message(self, dot: str, length: int) -> Node:
        name = dot + "".join(self._cursor.advance().text for _ in range(length))
        opening = self._cursor.advance()
        return self._build.map(opening, self._cursor.items("}", self._message_field), name)

    def _message_field(self) -> Entry:
        start = self._cursor.token
        is_optional = self._is_optional(start.at, "?")
        if self._cursor.kind not in ("IDENTIFIER", "ESC_IDENTIFIER"):
            self._cursor.fail_behind(start)
        key = Literal(0, self._field_name())
        self._cursor.take(":")
        return Entry(key, self._expression(), is_optional)

    def _map(self) -> Node:
        opening = self._cursor.advance()
        return self._build.map(opening, self._cursor.items("}", self._entry), "")

    def _entry(self) -> Entry:
        is_optional = self._is_optional(self._cursor.token.at, "?")
        key = self._expression()
        self._cursor.take(":")
        return Entry(key, self._expression(), is_optional)

    def _list(self) -> Node:
        opening = self._cursor.advance()
        items = self._cursor.items("]", self._element)
        elements = tuple(element for element, _ in items)
        optional = frozenset(at for at, (_, is_optional) in enumerate(items) if is_optional)
        node = MakeList(self._build.number(opening.at), elements, optional)
        return self._build.deeper(node, elements)

    def _element(self) -> tuple[Node, bool]:
        is_optional = self._is_optional(self._cursor.token.at, "?")
        return self._expression(), is_optional

    def _is_optional(self, at: int, sign: str) -> bool:
        """Whether a question mark makes this optional."""
        if not self._cursor.taken("?"):
            return False
        if self._minor < _OPTIONALS_SINCE:
            self._build.errors.append((at, f"unsupported syntax '{sign}'"))
        return True

    def _nested(self) -> Node:
        self._cursor.advance()
        node = self._expression()
        self._cursor.take(")")
        return node

    def _arguments(self) -> tuple[Node, ...]:
        self._cursor.advance()
        args: list[Node] = []
        if not self._cursor.taken(")"):
            self._cursor.expect_operand(")")
            args.append(self._expression())
            while self._cursor.taken(","):
                args.append(self._expression())
            self._cursor.take(")")
        return tuple(args)

    def _field_name(self) -> str:
        name = self._cursor.advance()
        if name.kind == "IDENTIFIER":
            return name.text
        if self._minor < _ESCAPES_SINCE:
            self._build.errors.append((name.at, "unsupported syntax: '`'"))
        return name.text[1:-1]

    def _number(self) -> Node:
        first = self._cursor.advance()
        token = self._cursor.advance() if first.kind == "-" else first
        value = _NUMBERS[token.kind]("-" if first is not token else "", token.text)
        if value is None:
            self._build.errors.append((first.at, f"invalid {_NUMBER_TYPES[token.kind]} literal"))
        return Literal(self._build.number(first.at), value)

    def _text(self) -> Node:
        token = self._cursor.advance()
        try:
            if token.kind == "BYTES":
                value: str | bytes = bytes_value(token.text[1:])
            else:
                value = string_value(token.text)
        except ValueError as error:
            self._build.errors.append((token.at, str(error)))
            return self._build.nothing(token.at)
        return Literal(self._build.number(token.at), value)

    def _word(self) -> Node:
        token = self._cursor.advance()
        return Literal(self._build.number(token.at), _WORDS[token.kind])

    _primaries: Mapping[str, Callable[[_Parser], Node]] = {
        **dict.fromkeys((".", "IDENTIFIER"), _name),
        **dict.fromkeys(("-", "NUM_INT", "NUM_UINT", "NUM_FLOAT"), _number),
        **dict.fromkeys(("STRING", "BYTES"), _text),
        **dict.fromkeys(_WORDS, _word),
        "(": _nested,
        "[": _list,
        "{": _map,
    }


def _int(sign: str, text: str) -> int | None:
    value = _digits(text)
    if value is None:
        return None
    if sign:
        value = -value
    return value if -(1 << 63) <= value < 1 << 63 else None


def _uint(_sign: str, text: str) -> Uint | None:
    value = _digits(text[:-1])
    return Uint(value) if value is not None and value < 1 << 64 else None


def _double(sign: str, text: str) -> float | None:
    value = float(sign + text)
    return None if math.isinf(value) else value


def _digits(text: str) -> int | None:
    """An unsigned number; None for one of more digits than any that fits."""
    base, digits = (16, text[2:]) if text.startswith("0x") else (10, text)
    digits = digits.lstrip("0") or "0"
    return int(digits, base) if len(digits) <= 20 else None


_NUMBERS: Mapping[str, Callable[[str, str], int | float | None]] = {
    "NUM_INT": _int,
    "NUM_UINT": _uint,
    "NUM_FLOAT": _double,
}
_NUMBER_TYPES = {"NUM_INT": "int", "NUM_UINT": "uint", "NUM_FLOAT": "double"}
