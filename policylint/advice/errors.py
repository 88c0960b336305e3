"""What an error pasted from a terminal means: the rule or topic it belongs to, the cause, and the
fix.

Data: `policylint/data/errors.yaml` (patterns, topics, folk advice that is wrong) and, for the
topics that are rules, the runbooks. Nothing of the text is run, fetched or printed but the names it
is about.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.advice.pasted import LIMIT, Pasted, Subject, pasted
from policylint.advice.runbooks import runbooks, ways_out
from policylint.engine.registry import shipped
from policylint.kyaml.tables import table
from policylint.model import Cause, Fix, Grade
from policylint.runtime.patterns import pattern

_OPTION = pattern(r"force|cleanup|failed to replace", re.IGNORECASE)
_HELM = pattern(
    r"\bhelm\b|kube|k8s|pending|stuck release|release is|another operation"
    r"|immutable|statefulset|deployment|^--force",
    re.IGNORECASE,
)
_OTHERS = pattern(r"\b(git|npm|yarn|docker|rm|cp|apt|apt-get|dpkg|pip|brew|cargo)\b")
_WORD = pattern(r"[a-z]{4,40}")
_GROUPS = ("kind", "name", "namespace", "field", "value")
_FIELD = pattern(
    r"([a-z][\w$-]{0,100}(?:\.[\w$-]{1,100}|\[[^\]]{0,200}\]){0,30})"
    r":(?:Invalidvalue|Requiredvalue|Duplicatevalue|Unsupportedvalue|Forbidden):"
)
_SECRET = "Secret"  # noqa: S105  a kind, whose values are never shown


class Explanation(Struct, frozen=True):
    """What an error means.

    `topic` is a rule's id or a topic of its own, `page` what is worth reading about it. `kind`,
    `name`, `namespace`, `field` and `value` are what the text names, "" where it does not.
    `corrections` are the pieces of folk advice in the text that are wrong, and why. `also` are the
    other errors of the same text.
    """

    topic: str
    title: str
    cause: str
    fixes: tuple[Fix, ...] = ()
    page: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    field: str = ""
    value: str = ""
    corrections: tuple[str, ...] = ()
    also: tuple[Explanation, ...] = ()


class _Pattern(Struct, frozen=True):
    topic: str
    match: re.Pattern[str]
    kinds: tuple[str, ...] | None
    custom: bool
    whole: bool
    alone: bool


class _Advice(Struct, frozen=True):
    topic: str
    match: re.Pattern[str]
    text: str


class _Hit(Struct, frozen=True):
    topic: str
    span: tuple[int, int]
    subject: Subject
    words: Mapping[str, str] = field(default_factory=dict)


def explain(text: str) -> Explanation | None:
    """Explain the errors of Helm and of the API server in a text; None where there is none that is
    known."""
    paste = pasted(text)
    hits = _hits(paste)
    if _advised(paste, hits):
        wrong = _wrong_advice(paste)
    else:
        wrong = []
    if not hits and not wrong:
        return None
    hits = hits or [_Hit(wrong[0].topic, (0, 0), Subject())]
    first, *also = [_explanation(hit, paste) for hit in hits]
    corrections = tuple(advice.text for advice in wrong)
    return replace(first, corrections=corrections, also=tuple(also))


def _wrong_advice(paste: Pasted) -> list[_Advice]:
    return [advice for advice in _data().advice if advice.match.search(paste.plain)]


def nearest(text: str) -> tuple[tuple[str, str], ...]:
    """(id, title) of the three topics whose words a text shares most, rarer words first; fewer
    where it shares none."""
    asked = _words(text[-LIMIT:])
    topics = {topic: _words(f"{topic} {_titled(topic)}") for topic in _data().topics}
    spread = Counter(word for words in topics.values() for word in words)
    scores: Counter[str] = Counter()
    for topic, words in topics.items():
        for word in asked & words:
            scores[topic] += 100 // spread[word]
    return tuple((topic, _titled(topic)) for topic, _ in scores.most_common(3))


def _words(text: str) -> set[str]:
    """The words of more than three letters."""
    return set(_WORD.findall(text.lower()))


def _titled(topic: str) -> str:
    return _rule(topic)[0] or str(_data().topics[topic].get("title", topic))


def _advised(paste: Pasted, hits: list[_Hit]) -> bool:
    """Whether an option in the text is Helm's: others have a --force too."""
    if _OPTION.search(paste.plain) is None:
        return False
    return bool(hits) or (
        _HELM.search(paste.plain) is not None and _OTHERS.search(paste.plain) is None
    )


def _hits(paste: Pasted) -> list[_Hit]:
    """One hit per topic, in the order of the patterns; words that an earlier pattern took are not
    taken again."""
    hits: list[_Hit] = []
    taken: list[tuple[int, int]] = []
    for known in _data().patterns:
        if known.alone and hits:
            continue
        for hit in _matches(known, paste):
            if not any(hit.span[0] < end and start < hit.span[1] for start, end in taken):
                taken.append(_with_field(hit.span, paste))
                hits.append(hit)
    first: dict[str, _Hit] = {}
    for hit in hits:
        first.setdefault(hit.topic, hit)
    return list(first.values())


def _with_field(span: tuple[int, int], paste: Pasted) -> tuple[int, int]:
    """A span together with the field and the reason right before it, which are of the same
    error."""
    before = _FIELD.finditer(paste.squeezed, max(0, span[0] - 600), span[0])
    return next((match.start() for match in before if match.end() == span[0]), span[0]), span[1]


def _matches(pattern: _Pattern, paste: Pasted) -> Iterator[_Hit]:
    matches = pattern.match.finditer(paste.squeezed)
    for match in matches:
        if pattern.whole and match.span() != (0, len(paste.squeezed)):
            continue
        subject = paste.subject(match.end())
        if pattern.kinds is not None and subject.kind not in pattern.kinds:
            continue
        if pattern.custom and not subject.custom:
            continue
        named = {
            name: _word(name, paste.shown(*match.span(name)))
            for name in match.re.groupindex
            if match.group(name)
        }
        yield _Hit(pattern.topic, match.span(), subject, named)


def _word(group: str, text: str) -> str:
    """What a group names: a name ends at a blank, and a field before the next of a list; the
    patterns see no blanks."""
    if group in ("name", "namespace"):
        return text.partition(" ")[0]
    if group == "field":
        return re.split(r"\s-\s", text)[0]
    return text


def _explanation(hit: _Hit, paste: Pasted) -> Explanation:
    topic, subject = _data().topics[hit.topic], hit.subject
    named = {name: hit.words.get(name, "") or getattr(subject, name, "") for name in _GROUPS}
    named["field"] = (named["field"] or _field(paste, hit)).lstrip("[.")
    if named["kind"].lower().startswith(_SECRET.lower()):
        named["value"] = ""
    title, page = _rule(hit.topic)
    words = _Words(named)
    return Explanation(
        topic=hit.topic,
        title=title or str(topic.get("title", hit.topic)),
        cause=_tidy(str(topic["cause"]).format_map(words)),
        fixes=tuple(_fixes(hit, topic, named, paste)),
        page=page,
        kind=named["kind"],
        name=named["name"],
        namespace=named["namespace"],
        field=named["field"],
        value=named["value"],
    )


def _field(paste: Pasted, hit: _Hit) -> str:
    """The field that the server names before its reason: the last one between the object's name and
    the hit's end."""
    start, end = max(hit.subject.at, 0), hit.span[1]
    named = [match.group(1) for match in _FIELD.finditer(paste.squeezed, start, end)]
    if named:
        return named[-1]
    return ""


def _tidy(sentence: str) -> str:
    """A sentence without the places of what the text does not name: empty brackets, blanks."""
    plain = re.sub(r" {2,}", " ", re.sub(r" ?\(\)", "", sentence)).replace(" ,", ",")
    return plain[:1].upper() + plain[1:]


class _Words(dict[str, str]):
    """The words of a text for the placeholders of the data, in plain speech where the text does not
    name them."""

    def __init__(self, named: Mapping[str, str]) -> None:
        super().__init__({key: value for key, value in named.items() if value})
        kind, name = named["kind"], named["name"]
        self["subject"] = f"{kind} {name}".strip() or "the object"
        self["at"] = f" (at {named['field']})" if named["field"] else ""
        self["field_said"] = named["field"] or "the field"
        self["value_named"] = f" {named['value']}" if named["value"] else ""
        self["value_said"] = f" (status {named['value']})" if named["value"] else ""

    def __missing__(self, key: str) -> str:
        return {"kind": "the kind", "name": "", "namespace": "NAMESPACE", "value": "", "field": ""}[
            key
        ]


def _fixes(
    hit: _Hit, topic: Mapping[str, Any], named: Mapping[str, str], paste: Pasted
) -> Iterator[Fix]:
    book = str(topic.get("runbook", hit.topic))
    if book in runbooks() and ("runbook" in topic or "fix" not in topic):
        message = paste.shown(hit.span[0], hit.span[1])
        cause = Cause(named["field"], "", message, book)
        yield from ways_out(cause, named, _sent(paste) | frozenset(topic.get("facts", ())))
    for row in topic.get("fix", ()):
        steps = tuple(_filled(str(step), named) for step in row["steps"])
        yield Fix(str(row["title"]), Grade.MANUAL, steps, cost=str(row.get("cost", "")))


def _filled(step: str, named: Mapping[str, str]) -> str:
    """A step with what the text names; braces that are none of ours (templates, JSON) stay."""
    for name in _GROUPS:
        step = step.replace(f"{{{name}}}", named[name] or name.upper())
    if named["namespace"]:
        return step.replace("NAMESPACE", named["namespace"])
    return step


def _sent(paste: Pasted) -> frozenset[str]:
    """How the update was sent, as far as Helm's own words tell."""
    facts = {
        "server-side apply failed": ("server-side", "helm-4"),
        "failed to create typed patch object": ("server-side", "helm-4"),
        "cannot patch": ("client-side",),
        "failed to replace object": ("replace",),
    }
    return frozenset(fact for words, how in facts.items() if words in paste.plain for fact in how)


def _rule(topic: str) -> tuple[str, str]:
    """Title and page of the rule of that id, empty where the topic is none."""
    return next(((rule.title, rule.page) for rule in shipped() if rule.id == topic), ("", ""))


class _Data(Struct, frozen=True):
    patterns: tuple[_Pattern, ...]
    topics: Mapping[str, Mapping[str, Any]]
    advice: tuple[_Advice, ...]


@cache
def _data() -> _Data:
    read = table("errors")
    advice = (_Advice(row["topic"], _regex(row["match"]), row["text"]) for row in read["advice"])
    return _Data(tuple(_pattern(row) for row in read["patterns"]), read["topics"], tuple(advice))


def _pattern(row: Mapping[str, Any]) -> _Pattern:
    kinds = row.get("kinds")
    flags = (bool(row.get(name)) for name in ("custom", "whole", "alone"))
    return _Pattern(
        row["topic"], _regex(row["match"].replace(" ", "")), tuple(kinds) if kinds else None, *flags
    )


def _regex(text: str) -> re.Pattern[str]:
    """Compile a pattern of the data; repeats are bounded, so that no text takes long."""
    named = re.sub(r"\(\?<(?=[a-z])", "(?P<", text)
    bounded = re.sub(
        r"(\\w|(?<!\\)\])\+", r"\1{1,200}", re.sub(r"(\\w|(?<!\\)\])\*", r"\1{0,200}", named)
    )
    return re.compile(bounded.replace(".*?", ".{0,15000}?"), re.IGNORECASE)
