"""Secrets that a text assigns to a key: lines of YAML, INI, JSON, XML, shell and `--set`.

A comment assigns nothing; where a colon follows a word of a sentence, only what looks like a
secret is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.redaction.shapes import Span, is_stand_in, token_like
from policylint.redaction.vocabulary import secret_key, weak_key, word_set
from policylint.runtime.patterns import pattern

_ASSIGNMENT = pattern(
    r"(?<![\w./\[\]$-])(?P<key>[\w./\[\]-]{1,200})\\*[\"']?[ \t]{0,40}(?::=|=>|[:=])[ \t]{0,40}"
)
_QUOTED = pattern(
    r"(?P<quote>\\+\"|\\+'|\"\"\"|\"|')(?P<value>.{0,8192}?)(?P=quote)(?=\\*[\"'\s,;&})\]>]|\Z)",
    re.S,
)
_BLOCK = pattern(
    r"[|>][-+\d]{0,3}(?:[ \t]+#[^\n]*)?\n(?P<value>(?:[ \t]+[^\n]*(?:\n|\Z)|[ \t]*\n)+)"
)
_LINE = pattern(r"(?P<value>[^\r\n]{1,16384})")
_WORD = pattern(r"(?P<value>[^\s;&]+)")
_COMMA = pattern(r",(?=[\w.\[\]-]{1,100}=|[\"'\s]|$)")
_NEXT = pattern(
    r"[;&,](?=\s*[\w. \[\]-]{1,60}=|\s*$)|\s+(?=(?:-{0,2}[\w.-]{1,60}=|#|//\s))|\s+\\?$"
)
_START = pattern(r"[ \t]*(?:[-+?] +)*(?:export +|set +|ENV +|ARG +|env +|local +)?\\*[\"']?$")
_PROSE = pattern(r"[\w)] +$")
_COMMENT = pattern(r"^[ \t]*(?:#|//[ \t!/]|/\*|\*|--[ \t]|<!--|;[ \t])|[ \t]#[ \t]")
_ITEMS = pattern(r"[ \t]*\n(?P<items>(?:[ \t]*-[ \t]+[^\n]*(?:\n|\Z))+)")
_ITEM = pattern(r"(?m)^[ \t]*-[ \t]+[\"']?(?P<value>[^\n\"':]+)[\"']?[ \t]*$")
_NAMED = pattern(
    r"(?i)(?:\bname|\bkey|\bid)\\*[\"']?[ \t]{0,8}[=:][ \t]{0,8}\\*[\"']?(?P<name>[\w.-]{1,200})"
    r"\\*[\"']?[,;]?[ \t]{0,40}(?:\r?\n[-+]?[ \t]{0,80})?\\*[\"']?[\w.\[\]]{0,200}value\\*[\"']?"
    r"[ \t]{0,8}[=:][ \t]{0,8}"
)
"""The `value` beside a `name`: an env entry, a parameter of a chart, an attribute of XML."""
_ELEMENT = pattern(
    r"<(?P<name>[A-Za-z][\w.:-]{0,100})(?:\s[^<>]{0,200})?>(?P<value>[^<>]{1,4096})</"
)
_FLOW = pattern(
    r"(?i)(?:secrets|passwords|credentials|tokens)[\"']?[ \t]*:[ \t]*\{(?P<value>[^{}]*)\}"
)
_INVALID = pattern(
    r"(?P<key>[\w.\[\]/-]{1,200}): (?:Invalid|Unsupported|Duplicate) value: "
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|[\w.-]+)"
)
"""The API server's words on a field whose value it shows."""
_WORDS_OF_SERVERS = pattern(
    r"(?i)(?:invalid|unsupported|duplicate|required) value\b|(?:forbidden|not found|too (?:long|"
    r"many|short|few)|internal error|must |cannot |is |are |should |has |was )"
)
_NEAR = 400
"""How much of a line before an assignment is looked at."""
_PLAIN = word_set(
    "true false null none nil yes no on off enabled disabled required optional inherit "
    "write read string integer boolean int str bool object array number map auto default "
    "~ {} [] \"\" '' undefined empty never always"
)


_WORDED = pattern(
    r"(?m)\blogin[ \t]+\S+[ \t]+password[ \t]+(?P<netrc>\S+)"
    r"|^[ \t]*(?:requirepass|masterauth)[ \t]+(?P<redis>\S+)"
)
"""A key and its value with nothing but a blank between them: .netrc, redis.conf."""
_PROPERTY = pattern(
    r"<name>(?P<name>[^<>]{1,200})</name>\s{0,80}<value>(?P<value>[^<>]{1,4096})</value>"
)


def assigned_spans(text: str) -> Iterator[Span]:
    """Where the values of secret-like keys stand in a text."""
    read = 0  # up to where values reach that were found already
    for assignment in _ASSIGNMENT.finditer(text):
        if assignment.start() >= read:
            spans = list(_value_spans(text, assignment))
            read = spans[-1][1] if spans else read
            yield from spans
    if "alue" in text:
        yield from _named_spans(text)
        yield from _refused_spans(text)
    if "</" in text:
        yield from _element_spans(text)
    if "{" in text:
        yield from (flow.span("value") for flow in _FLOW.finditer(text) if flow["value"].strip())


def worded_spans(text: str) -> Iterator[Span]:
    """Where values stand that follow their key after a blank."""
    for worded in _WORDED.finditer(text):
        yield worded.span(worded.lastgroup or 0)


def _element_spans(text: str) -> Iterator[Span]:
    for form in (_ELEMENT, _PROPERTY):
        for element in form.finditer(text):
            if secret_key(element["name"]) and is_secret_value(element["value"]):
                yield element.span("value")


def is_secret_value(value: str) -> bool:
    """Whether the value of a secret-like key is one: no switch, no type, nothing that stands for
    another."""
    text = value.strip().strip("\"'")
    return bool(text) and text.lower() not in _PLAIN and not is_stand_in(text)


def _value_spans(text: str, assignment: re.Match[str]) -> Iterator[Span]:
    strong = secret_key(assignment["key"])
    if strong or weak_key(assignment["key"]):
        yield from _secret_spans(text, assignment, strong=strong)


def _secret_spans(text: str, assignment: re.Match[str], *, strong: bool) -> Iterator[Span]:
    begin = text.rfind("\n", 0, assignment.start()) + 1
    before = text[max(begin, assignment.start() - _NEAR) : assignment.start()]
    if _COMMENT.search(before) or _COMMENT.match(text[begin : begin + _NEAR]):
        return
    if items := _ITEMS.match(text, assignment.end()):
        yield from _item_spans(text, items, strong=strong)
        return
    clause = before.rpartition(";")[2]  # Server=x;Password=two words;Database=y
    span = _extent(text, assignment.end(), is_line=_START.fullmatch(clause) is not None)
    value = text[slice(*span)]
    is_sentence = _is_prose(text, assignment, before) or _WORDS_OF_SERVERS.match(value)
    if _may_be_secret(value) and (token_like(value) or (strong and not is_sentence)):
        yield span


def _may_be_secret(value: str) -> bool:
    is_table = value.startswith("{") and ":" in value  # its keys are found by themselves
    return not is_table and is_secret_value(value)


def _is_prose(text: str, assignment: re.Match[str], before: str) -> bool:
    """Whether `password: it` stands in a sentence."""
    operator = assignment[0].rstrip()[-1]
    quoted = text[assignment.end() : assignment.end() + 1] in ("'", '"', "\\")
    return operator == ":" and not quoted and _PROSE.search(before) is not None


def _item_spans(text: str, items: re.Match[str], *, strong: bool) -> Iterator[Span]:
    for item in _ITEM.finditer(text, items.start("items"), items.end("items")):
        if is_secret_value(item["value"]) and (strong or token_like(item["value"])):
            yield item.span("value")


def _extent(text: str, start: int, *, is_line: bool) -> Span:
    """From where to where a value goes that begins at `start`."""
    for form in (_QUOTED, _BLOCK):
        if whole := form.match(text, start):
            return whole.span("value")
    line = _LINE.match(text, start)
    if line is None:
        return start, start
    value = line["value"]
    if is_line:
        end = _NEXT.search(value)
    else:
        word = _WORD.match(value)
        value = word["value"] if word else ""
        end = _COMMA.search(value)
    value = value[: end.start()] if end else value
    return start, start + len(value.rstrip().rstrip("\"'\\)}],"))


def _named_spans(text: str) -> Iterator[Span]:
    for named in _NAMED.finditer(text):
        if secret_key(named["name"]):
            span = _extent(text, named.end(), is_line=False)
            if is_secret_value(text[slice(*span)]):
                yield span


def _refused_spans(text: str) -> Iterator[Span]:
    for refused in _INVALID.finditer(text):
        if secret_key(refused["key"]):
            yield refused.span("value")
