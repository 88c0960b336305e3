"""Goes through the tokens of an expression, and words what is wrong with them as the server's
parser does where it says the first error."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

from policylint.cel.display import NOWHERE
from policylint.cel.tokens import END, Token, tokens

DEEPEST = 250
"""How deep a rule of the grammar may stand in itself (cel-go's maxRecursionDepth)."""
_OPERAND = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, "
    "BYTES, IDENTIFIER}"
)
_NUMBERS = ("NUM_INT", "NUM_FLOAT", "NUM_UINT")
_STARTS = frozenset(
    (
        "[",
        "{",
        "(",
        ".",
        "-",
        "!",
        "true",
        "false",
        "null",
        *_NUMBERS,
        "STRING",
        "BYTES",
        "IDENTIFIER",
    )
)
"""What an operand may begin with."""
_ENDS = frozenset((END, *")]},:?", "||", "&&", "==", "!=", "<", "<=", ">", ">=", "in", *"+-*/%.["))
"""What may stand behind an operand."""

Item = TypeVar("Item")


class UnreadableError(Exception):
    """A syntax error: nothing more is read."""


class Cursor:
    """The next token, and the errors of syntax with their offsets."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens, self.errors = tokens(source)
        self._at = 0
        self._open: dict[str, int] = {}

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._at]

    @property
    def kind(self) -> str:
        """The kind of the next token."""
        return self._tokens[self._at].kind

    def ahead(self, count: int = 1) -> str:
        """The kind of the token so far behind the next."""
        return self._tokens[min(self._at + count, len(self._tokens) - 1)].kind

    def advance(self) -> Token:
        """Go on behind the next token, and give it."""
        token = self._tokens[self._at]
        self._at += 1
        return token

    def take(self, kind: str) -> None:
        """Go on behind a token that must be there."""
        if self.kind == kind:
            self._at = min(self._at + 1, len(self._tokens) - 1)
            return
        wanted = kind if kind == END else f"'{kind}'"
        if self.ahead() == kind:
            self.fail(f"extraneous input {self._shown()} expecting {wanted}")
        behind = {END: (), ":": _STARTS}.get(kind, _ENDS)
        if self.kind in behind:
            self.fail(f"missing {wanted} at {self._shown()}")
        self.fail(f"mismatched input {self._shown()} expecting {wanted}")

    def taken(self, kind: str) -> bool:
        """Whether the next token is of a kind; it is gone past then."""
        if self.kind != kind:
            return False
        self._at += 1
        return True

    def items(self, closing: str, read: Callable[[], Item]) -> list[Item]:
        """What stands between commas, of which the last may be left out."""
        items: list[Item] = []
        while self.kind not in (",", closing):
            items.append(read())
            if not self.taken(","):
                break
        if not items:
            self.taken(",")
        self.take(closing)
        return items

    def enter(self, rule: str) -> int:
        """Go into a rule of the grammar once more; how often it was entered before."""
        before = self._open.get(rule, 0)
        self._open[rule] = before + 1
        if before == DEEPEST:
            self.fail_everywhere(f"expression recursion limit exceeded: {DEEPEST}")
        return before

    def leave(self, rule: str, before: int) -> None:
        """Go out of a rule."""
        self._open[rule] = before

    def expect_operand(self, closing: str = "") -> None:
        """The next token must begin an operand."""
        if self.kind not in _STARTS:
            self.fail_at_operand(closing)

    def fail_at_operand(self, closing: str = "") -> NoReturn:
        """The next token neither begins an operand nor, where there may be none, ends the list."""
        word = "extraneous" if self.ahead() in _STARTS else "mismatched"
        wanted = _OPERAND.replace("'('", f"'(', '{closing}'") if closing else _OPERAND
        self.fail(f"{word} input {self._shown()} expecting {wanted}")

    def fail_behind(self, start: Token) -> NoReturn:
        """What begins with this token cannot go on with the next."""
        end = self.token.at + (0 if self.kind == END else len(self.token.text))
        self.fail(f"no viable alternative at input '{self._source[start.at : end]}'")

    def fail(self, message: str) -> NoReturn:
        """A syntax error at the next token."""
        self.errors.append((self.token.at, f"Syntax error: {message}"))
        raise UnreadableError

    def fail_everywhere(self, message: str) -> NoReturn:
        """An error that is about no place."""
        self.errors.append((NOWHERE, message))
        raise UnreadableError

    def _shown(self) -> str:
        text = self.token.text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
        return f"'{text}'"
