"""Secrets that a text assigns to a key: lines of YAML, INI, JSON, XML, shell and `--set`.

A comment assigns nothing; where a colon follows a word of a sentence, only what looks like a
secret is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from policylint.redaction.shapes import Span, is_stand_in, password_like, token_like
from policylint.redaction.vocabulary import (
    counts_or_names,
    places_secret,
    secret_key,
    weak_key,
    word_set,
)
from policylint.runtime.patterns import pattern

_ASSIGNMENT = pattern(
    r"(?<![\w./\[\]$-])(?P<key>[\w./\[\]-]{1,200})\\*+[\"']?[ \t]{0,40}"
    r"(?::=|=>|:(?!//)|=)[ \t]{0,40}"
)
_QUOTE = pattern(r"\\{1,16}[\"']|\"\"\"|\"|'")
_BLOCK = pattern(r"[|>][-+\d]{0,3}(?:[ \t]+#[^\n]{0,200})?\r?\n(?=[ \t\r\n])")
_HEREDOC = pattern(r"<<[-~]?[\"']?(?P<end>\w{1,40})[\"']?[ \t]*\r?\n")
_LINE_END = pattern(r"(?=[\r\n])|\Z")
_WORD_END = pattern(r"[\s;&]|,(?=[\w.\[\]-]{1,100}=|[\"'\s]|\Z)|\Z")
_NEXT = pattern(
    r"[;&,](?=[^\S\r\n]*(?:[\w. \[\]-]{1,60}=|[\r\n]|\Z))"
    r"|(?<![^\S\r\n])[^\S\r\n]+(?=(?:-{0,2}[\w.-]{1,60}=|#|//\s)|\\?(?:[\r\n]|\Z))|[\r\n]|\Z"
)
"""Where the value of a line ends: before the next assignment, a comment, the line's end."""
_SOLID = pattern(r"\S|\Z")
_START = pattern(r"[ \t]*(?:[-+?] +)*(?:export +|set +|ENV +|ARG +|env +|local +)?\\*+[\"']?$")
_PROSE = pattern(r"[\w)] +$")
_COMMENT = pattern(r"^[ \t]*(?:#|//[ \t!/]|/\*|\*|--[ \t]|<!--|;[ \t])|[ \t]#[ \t]")
_ITEMS = pattern(r"[ \t]*\n(?=[ \t]*-[ \t])")
_ITEMS_END = pattern(r"(?m)^(?![ \t]*-[ \t])|\Z")
_ITEM = pattern(r"(?m)^[ \t]*-[ \t]++[\"']?(?P<value>[^\s\"':][^\n\"':]*+)[\"']?[ \t]*$")
_NAMED = pattern(
    r"(?i)(?:\bname|\bkey|\bid)\\*+[\"']?[ \t]{0,8}[=:][ \t]{0,8}\\*+[\"']?(?P<name>[\w.-]{1,200})"
    r"\\*+[\"']?[,;]?[ \t]{0,40}(?:\r?\n[-+]?[ \t]{0,80}|--set(?:-string)?[ =])?\\*+[\"']?"
    r"[\w.\[\]]{0,200}value\\*+[\"']?"
    r"[ \t]{0,8}[=:][ \t]{0,8}"
)
"""The `value` beside a `name`: an env entry, a parameter of a chart, an attribute of XML."""
_NAMED_BEHIND = pattern(
    r"(?i)\bvalue\\*+[\"']?[ \t]{0,8}[=:][ \t]{0,8}\\*+[\"']?(?P<value>[^\s\"'\\,]{1,1024}+)"
    r"\\*+[\"']?[,;]?[ \t]{0,40}(?:\r?\n[ \t]{0,80})?\\*+[\"']?(?:name|key|id)\\*+[\"']?"
    r"[ \t]{0,8}[=:][ \t]{0,8}\\*+[\"']?(?P<name>[\w.-]{1,200})"
)
"""The same in the order of the alphabet, as generators write it."""
_ELEMENT = pattern(
    r"<(?P<name>[A-Za-z][\w.:-]{0,100})(?:\s[^<>]{0,200})?>(?P<value>[^<>]{1,4096})</"
)
_FLOW = pattern(
    r"(?i)(?:secrets|passwords|credentials|tokens)[\"']?[ \t]*:[ \t]*\{(?P<value>[^{}]*)\}"
)
_TABLE = pattern(
    r"(?m)^(?P<indent>[ \t]*)[\"']?(?:\w{0,40}[-_.])?(?:secrets|passwords|credentials|tokens)[\"']?"
    r":[ \t]*\r?\n(?P<lines>(?:(?P=indent)[ \t]++[^\n]*+\n?)+)"
)
_ENTRY = pattern(r"(?m)^[ \t]+[\"']?(?P<key>[\w.-]{1,200})[\"']?:[ \t]+(?P<value>[^\s#].*)$")
_NAME = pattern(r"[A-Za-z][A-Za-z/._-]*")
"""A value that is a word, a name or a path."""
_INVALID = pattern(
    r"(?P<key>[\w.\[\]/-]{1,200}): (?:Invalid|Unsupported|Duplicate) value: "
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|[\w.-]+)"
)
"""The API server's words on a field whose value it shows."""
_WORDS_OF_SERVERS = pattern(
    r"(?i)(?:invalid|unsupported|duplicate|required) value\b|(?:forbidden|not found|too (?:long|"
    r"many|short|few)|internal error|unexpected |must |cannot |is |are |should |has |was )"
)
_SHORTEST = 6
"""Fewer characters without a letter or a digit among them are punctuation."""
_PARSED = pattern(r"(?i)\b(?:unexpected|invalid|unknown|illegal|unterminated) $")
"""What stands before the word token in the words of a parser."""
_NESTED = pattern(
    r"[ \t]*(?:\r?\n[ \t]+|\{[ \t]*\\*+[\"']?)(?:value|plain|plaintext|default|content)\\*+[\"']?"
    r"[ \t]*:[ \t]*(?=\S)"
)
"""A key whose value stands below it, under a word that says no more."""
_NEAR = 400
"""How much of a line before an assignment is looked at."""
_DEEPEST = 100
"""How deep a key is taken to stand at most."""
_FAR = 5000
"""How much of a value is looked at: a longer one is no word of a plain language."""
_PLAIN = word_set(
    "include omit same-origin "
    "true false null none nil yes no on off enabled disabled required optional inherit "
    "await write read string integer boolean int str bool object array number map auto default "
    "bcrypt scrypt argon2 argon2id pbkdf2 md5 sha1 sha256 sha512 "
    "~ { [ {} [] \"\" '' undefined empty never always"
)


_PROPERTY = pattern(
    r"(?:<name>|(?:name|key)=\")(?P<name>[^<>\"]{1,200})(?:</name>|\">)\s{0,80}"
    r"(?:<value>)?(?P<value>[^<>]{1,4096})</"
)


def assigned_spans(text: str) -> Iterator[Span]:
    """Where the values of secret-like keys stand in a text."""
    yield from _Assignments(text).spans()
    if "alue" in text:
        yield from _named_spans(text)
        yield from _refused_spans(text)
    if "s:" in text or "s':" in text or 's":' in text:
        yield from _table_spans(text)
    if "</" in text:
        yield from _element_spans(text)
    if "{" in text:
        yield from (flow.span("value") for flow in _FLOW.finditer(text) if flow["value"].strip())


def _table_spans(text: str) -> Iterator[Span]:
    """The values below `passwords:`, whatever their keys are."""
    for table in _TABLE.finditer(text):
        for entry in _ENTRY.finditer(text, *table.span("lines")):
            value = entry["value"].strip("\"' \t")
            is_plain = places_secret(entry["key"]) or _NAME.fullmatch(value) or value.isdigit()
            if not is_plain and _may_be_secret(entry["key"], value):
                yield entry.span("value")


def _element_spans(text: str) -> Iterator[Span]:
    for form in (_ELEMENT, _PROPERTY):
        for element in form.finditer(text):
            if secret_key(element["name"]) and is_secret_value(element["value"]):
                yield element.span("value")


def is_secret_value(value: str) -> bool:
    """Whether the value of a secret-like key is one: no switch, no type, nothing that stands for
    another."""
    text = value.strip().strip("\"'")
    is_word = any(map(str.isalnum, text[:_FAR])) or len(text) >= _SHORTEST
    return is_word and text.lower() not in _PLAIN and not is_stand_in(text)


def in_comment(text: str, at: int) -> bool:
    """Whether a place of a text stands behind the mark of a comment."""
    begin = max(0, at - _NEAR)
    return _COMMENT.search(text[max(begin, text.rfind("\n", begin, at) + 1) : at]) is not None


@cache
def _block_end(indent: int) -> re.Pattern[str]:
    """What ends the block of a key with that indent: text at the margin, or the next key, item or
    comment that stands no deeper."""
    return re.compile(
        rf"(?m)^(?=[^ \t\r\n]|[ ]{{0,{indent}}}(?:[\w.\"'/-]{{1,100}}:(?:\s|\Z)|- |#))|\Z"
    )


class _Places:
    """Where things stand in a text that is read from its start to its end.

    What was found is remembered: a text that opens a thousand quotes and closes none is searched
    once for their end.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._nearest: dict[re.Pattern[str], tuple[int, re.Match[str] | None]] = {}
        self._closing: dict[str, re.Pattern[str]] = {}

    def nearest(self, form: re.Pattern[str], start: int) -> re.Match[str] | None:
        """The first match of a form that begins at `start` or behind it."""
        searched, match = self._nearest.get(form, (len(self.text) + 1, None))
        is_known = searched <= start and (match is None or start <= match.start())
        if not is_known:
            match = form.search(self.text, start)
            self._nearest[form] = start, match
        return match

    def end(self, form: re.Pattern[str], start: int) -> int:
        """Where the first match of a form begins; the text's end where there is none."""
        match = self.nearest(form, start)
        if match:
            return match.start()
        return len(self.text)

    def extent(self, start: int, *, is_line: bool) -> Span:
        """From where to where a value goes that begins at `start`."""
        span = self._quoted(start) or self._block(start) or self._heredoc(start)
        if span is None:
            end = self.end(_NEXT if is_line else _WORD_END, start)
            span = start, self._before(start, end)
        return span

    def head(self, span: Span) -> str:
        """The beginning of a value, without the blanks before it."""
        start = min(self.end(_SOLID, span[0]), span[1])
        return self.text[start : min(span[1], start + _FAR)]

    def _quoted(self, start: int) -> Span | None:
        quote = _QUOTE.match(self.text, start)
        while quote:
            closing = self.nearest(self._close(quote[0]), quote.end())
            if closing:
                return quote.end(), closing.start()
            if len(quote[0]) == 3:
                quote = _QUOTE.match(self.text, start, start + 1)
            else:
                quote = None
        return None

    def _close(self, quote: str) -> re.Pattern[str]:
        if quote not in self._closing:
            behind = r"(?=\\*+[\"'\s,;&})\]>]|\Z)"
            self._closing[quote] = re.compile(re.escape(quote) + behind)
        return self._closing[quote]

    def _block(self, start: int) -> Span | None:
        header = _BLOCK.match(self.text, start)
        if header is None:
            return None
        line = self.text.rfind("\n", 0, start) + 1
        indent = self.end(_SOLID, line) - line
        return header.end(), self.end(_block_end(min(indent, _DEEPEST)), header.end())

    def _heredoc(self, start: int) -> Span | None:
        header = _HEREDOC.match(self.text, start)
        if header is None:
            return None
        closing = re.compile(rf"(?m)^[ \t]*{header['end']}\b").search(self.text, header.end())
        return header.end(), closing.start() if closing else len(self.text)

    def _before(self, start: int, end: int) -> int:
        """The end of a value without the quotes and brackets that close what it stands in."""
        tail = self.text[max(start, end - _NEAR) : end]
        return end - len(tail) + len(tail.rstrip().rstrip("\"'\\)}],"))


class _Assignments:
    """The assignments of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places = _Places(text)
        self._line = 0, -1
        self._items_read = {True: 0, False: 0}

    def spans(self) -> Iterator[Span]:
        """Where the values of secret-like keys stand."""
        read = 0  # up to where values reach that were found already
        for assignment in _ASSIGNMENT.finditer(self._text):
            if assignment.start() < read:
                continue
            for span in self._value_spans(assignment):
                read = span[1]
                yield span

    def _value_spans(self, assignment: re.Match[str]) -> Iterator[Span]:
        strong = secret_key(assignment["key"]) or self._is_password(assignment)
        if _is_named(assignment, strong=strong):
            before = self._before(assignment.start())
        else:
            before = None
        if before is None:
            return
        if items := _ITEMS.match(self._text, assignment.end()):
            yield from self._item_spans(items.end(), strong=strong)
            return
        span = self._extent(assignment, before)
        value = self._places.head(span)
        is_told = strong and not _is_sentence(self._text, assignment, before, value)
        if _may_be_secret(assignment["key"], value) and (is_told or _is_mixed(value, strong)):
            yield span

    def _extent(self, assignment: re.Match[str], before: str) -> Span:
        """Where the value stands: behind its key, or below it."""
        clause = before.rpartition(";")[2]  # Server=x;Password=two words;Database=y
        nested = _NESTED.match(self._text, assignment.end())
        start = nested.end() if nested else assignment.end()
        return self._places.extent(start, is_line=_START.fullmatch(clause) is not None)

    def _is_password(self, assignment: re.Match[str]) -> bool:
        """Whether `PWD` is no shell's directory: in `UID=sa;PWD=x`."""
        before = self._text[max(0, assignment.start() - 1) : assignment.start()]
        return assignment["key"] == "PWD" and before == ";"

    def _before(self, start: int) -> str | None:
        """What stands before an assignment in its line; None in a comment, and where a parser
        speaks of a token."""
        text = self._text
        if start > self._line[1]:
            self._line = text.rfind("\n", 0, start) + 1, self._places.end(_LINE_END, start)
        begin = self._line[0]
        before = text[max(begin, start - _NEAR) : start]
        is_comment = _COMMENT.search(before) or _COMMENT.match(text[begin : begin + _NEAR])
        if is_comment or _PARSED.search(before):
            return None
        return before

    def _item_spans(self, start: int, *, strong: bool) -> Iterator[Span]:
        end = self._places.end(_ITEMS_END, start)
        begin = max(start, self._items_read[strong])
        self._items_read[strong] = max(end, begin)
        for item in _ITEM.finditer(self._text, begin, end):
            if is_secret_value(item["value"]) and (strong or token_like(item["value"])):
                yield item.span("value")


def _is_named(assignment: re.Match[str], *, strong: bool) -> bool:
    """Whether the key may name a secret, and is no part of a longer name:
    `arn:aws:secretsmanager:x:1:secret:db`."""
    start = assignment.start()
    is_segment = assignment[0].endswith(":") and assignment.string[max(0, start - 1) : start] == ":"
    return not is_segment and (strong or weak_key(assignment["key"]))


def _is_mixed(value: str, strong: bool) -> bool:
    return token_like(value) or (strong and password_like(value))


def _may_be_secret(key: str, value: str) -> bool:
    if counts_or_names(key, value):
        return False
    is_table = value.startswith(("{", "[{")) and ":" in value  # its keys are found by themselves
    is_long = len(value) >= _FAR and not is_stand_in(value)
    return not is_table and (is_long or is_secret_value(value))


def _is_sentence(text: str, assignment: re.Match[str], before: str, value: str) -> bool:
    """Whether a colon joins words, of people or of a server."""
    is_of_server = _WORDS_OF_SERVERS.match(value) is not None
    return is_of_server or _is_prose(text, assignment, before)


def _is_prose(text: str, assignment: re.Match[str], before: str) -> bool:
    """Whether `password: it` stands in a sentence."""
    operator = assignment[0].rstrip()[-1]
    quoted = text[assignment.end() : assignment.end() + 1] in ("'", '"', "\\")
    return operator == ":" and not quoted and _PROSE.search(before) is not None


def _named_spans(text: str) -> Iterator[Span]:
    places = _Places(text)
    for named in _NAMED.finditer(text):
        if secret_key(named["name"]):
            span = places.extent(named.end(), is_line=False)
            if _may_be_secret(named["name"], places.head(span)):
                yield span

    for named in _NAMED_BEHIND.finditer(text):
        if secret_key(named["name"]) and is_secret_value(named["value"]):
            yield named.span("value")


def _refused_spans(text: str) -> Iterator[Span]:
    for refused in _INVALID.finditer(text):
        if secret_key(refused["key"]):
            yield refused.span("value")
