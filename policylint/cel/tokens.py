"""The tokens of CEL, as cel-go's lexer cuts them (parser/gen/CEL.g4).

What begins no token is skipped up to and with the character that shows it, and is an error of its
own: parsing goes on behind it, as in the server.
"""

from __future__ import annotations

from msgspec import Struct

from policylint.runtime.patterns import pattern

_ESCAPE = r"\\(?:[abfnrtv\"'\\?`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})"
_STARTED_ESCAPE = r"\\(?:[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?)?"
_TEXT = (
    r'[rR](?:"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"[^"\n\r]*"|\'[^\'\n\r]*\')'
    rf'|"""(?:[^\\]|{_ESCAPE})*?"""'
    rf"|'''(?:[^\\]|{_ESCAPE})*?'''"
    rf'|"(?:[^\\"\n\r]|{_ESCAPE})*"'
    rf"|'(?:[^\\'\n\r]|{_ESCAPE})*'"
)
_PLAIN_TEXT = r'"[^"\n\r]*"|\'[^\'\n\r]*\''
_INVOLVED = pattern(r"""\\|\"\"\"|\'\'\'|[bBrR]["\']""")
"""What shows a text that is more than what stands between two quotes."""
_OTHERS = (
    r"|(?P<hidden>[\t \r\n\f]+|//[^\n]*)"
    r"|(?P<IDENTIFIER>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<NUM_FLOAT>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+"
    r"|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<NUM_UINT>(?:0x[0-9a-fA-F]+|[0-9]+)[uU])"
    r"|(?P<NUM_INT>0x[0-9a-fA-F]+|[0-9]+)"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[<>\[\]{}().,\-!?:+*/%])"
    r"|(?P<ESC_IDENTIFIER>`[A-Za-z0-9_.\-/ ]+`)"
)
_PLAIN = pattern(rf"(?P<STRING>{_PLAIN_TEXT}){_OTHERS}")
_ANY = pattern(rf"(?P<BYTES>[bB](?:{_TEXT}))|(?P<STRING>{_TEXT}){_OTHERS}")
_BROKEN = pattern(
    r"(?s)(?:"
    rf'[bB]?(?:"(?:[^\\"\n\r]|{_ESCAPE})*|\'(?:[^\\\'\n\r]|{_ESCAPE})*)(?:{_STARTED_ESCAPE})?'
    r'|[bB]?[rR](?:"[^"\n\r]*|\'[^\'\n\r]*)'
    r"|`[A-Za-z0-9_.\-/ ]*"
    r"|[|&=])?.?"
)
"""The beginning of a token and the character that cannot follow it."""
_WORDS = frozenset(("in", "true", "false", "null"))
END = "<EOF>"


class Token(Struct, frozen=True, gc=False):
    """A token: `kind` is the grammar's name of it, or its text where it is a sign or a word; `at`
    is its offset in characters."""

    kind: str
    text: str
    at: int


def tokens(source: str) -> tuple[list[Token], list[tuple[int, str]]]:
    """The tokens of an expression, the last of kind `END`, and what is none, with its offset."""
    cut: list[Token] = []
    errors: list[tuple[int, str]] = []
    at = 0
    token = _ANY if _INVOLVED.search(source) else _PLAIN
    while at < len(source):
        match = token.match(source, at)
        if match is None:
            text = _broken(source, at)
            errors.append((at, f"Syntax error: token recognition error at: '{text}'"))
            at += len(text)
            continue
        kind, text = str(match.lastgroup), match[0]
        if kind == "sign" or (kind == "IDENTIFIER" and text in _WORDS):
            cut.append(Token(text, text, at))
        elif kind != "hidden":
            cut.append(Token(kind, text, at))
        at = match.end()
    cut.append(Token(END, END, len(source)))
    return cut, errors


def _broken(source: str, at: int) -> str:
    """What begins no token here: to the character that shows it."""
    match = _BROKEN.match(source, at)
    return match[0] if match else source[at]
