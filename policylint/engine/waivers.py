"""Waivers: reading those that stand in comments and annotations, and matching findings by them.

A waiver takes a finding out of the verdict, never out of the report, and changes no forecast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from policylint.engine.criteria import Policy
from policylint.model import Finding, Location, Waived
from policylint.report.shown import dotted
from policylint.report.waivers import Flawed, Waiver
from policylint.runtime.patterns import like, pattern

ANNOTATION = "policylint.dev/ignore"
"""The annotation of a resource that waives findings on it, a waiver a line: `RULE until DATE OWNER:
REASON`."""
RULES = frozenset({"waiver-expired", "waiver-unused", "waiver-too-broad", "waiver-incomplete"})
"""The rules on waivers themselves, which no waiver silences."""
_COMMENT = pattern(
    r"(?:^|\s)(?:#|//|--|;|/\*|<!--|rem)\s*policylint:\s*ignore\[(?P<rules>[^\]]*)\](?P<rest>.*)"
)
_ENDS = pattern(r"(?:(?<!\s)\s++)?(?:\*/.*|-->.*)$")
_DATED = pattern(r"^\s*until\s+(?P<until>\S+?)(?=[\s:]|$)")
_OWNED = pattern(r"^\s*+(?P<owner>[@\w./-]*+)\s*+:\s++(?P<reason>\S.*)$")


class Scope(Struct, frozen=True):
    """The release that findings belong to; empty for those of no release."""

    name: str = ""
    namespace: str = ""
    environment: str = ""

    @property
    def names(self) -> tuple[str, str]:
        """What a waiver may call it."""
        return f"{self.namespace}/{self.name}", self.name

    @property
    def key(self) -> str:
        """What a baseline calls it; "" for no release."""
        if self.environment:
            environment = f" ({self.environment})"
        else:
            environment = ""
        if self.name:
            return f"{self.names[0]}{environment}"
        return ""


Line = tuple[int, str]
"""A line's number and its text."""


def matches(waiver: Waiver, finding: Finding, scope: Scope) -> bool:
    """Whether a waiver means a finding; whether it still holds is another question."""
    if finding.rule in RULES:
        return False
    if waiver.fingerprint and waiver.fingerprint != finding.fingerprint:
        return False
    asked = (
        (waiver.rule, (finding.rule,)),
        (waiver.resource, _resource_names(finding)),
        (waiver.path, (finding.path, dotted(finding.path))),
        (waiver.release, scope.names if scope.name else ()),
        (waiver.environment, (scope.environment,)),
    )
    return all(_any_like(text, words) for text, words in asked if text)


def _resource_names(finding: Finding) -> tuple[str, ...]:
    """What a waiver may call a finding's resource: Deployment prod/web, Deployment/web, ..."""
    resource = finding.resource
    if resource is None:
        return ()
    kind, name, full = resource.kind, resource.name, f"{resource.namespace}/{resource.name}"
    return f"{kind} {full}", f"{kind} {name}", f"{kind}/{name}", f"{kind}/{full}"


def _any_like(glob: str, words: Iterable[str]) -> bool:
    return any(like(glob, word) for word in words)


def is_expired(waiver: Waiver, today: date) -> bool:
    """Whether its last day is over."""
    return bool(waiver.until) and date.fromisoformat(waiver.until) < today


def waived(finding: Finding, waivers: Iterable[Waiver], scope: Scope, today: date) -> Finding:
    """The finding with the first waiver that means it and still holds."""
    for waiver in waivers:
        if not is_expired(waiver, today) and matches(waiver, finding, scope):
            return by(waiver, finding)
    return finding


def by(waiver: Waiver, finding: Finding) -> Finding:
    """The finding, waived."""
    place = Location("waiver", waiver.file, waiver.line)
    return replace(finding, waived=Waived(waiver.reason, waiver.owner, waiver.until, place))


def lacks(waiver: Waiver, policy: Policy) -> str:
    """What a waiver lacks; "" where it is whole."""
    if waiver.inline and not waiver.rule:
        return "a rule: ignore[RULE]"
    if not waiver.reason.strip():
        return "a reason"
    if waiver.until and not is_date(waiver.until):
        return f"a date: until {waiver.until} is no day such as 2027-01-31"
    for name in policy.require:
        if not getattr(waiver, name):
            return f"{name}, which the configuration requires of waivers"
    return ""


def is_date(text: str) -> bool:
    """Whether a text is a day as ISO 8601 writes it: 2027-01-31."""
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def commented(lines: Iterable[Line], file: str) -> Iterator[tuple[int, Waiver]]:
    """(line, waiver) of each comment `# policylint: ignore[RULE] until DATE OWNER: REASON`."""
    for number, text in lines:
        if "policylint:" in text:
            comment = _COMMENT.search(text)
        else:
            comment = None
        if comment is not None:
            rest = _ENDS.sub("", comment["rest"])
            for waiver in _waivers_of(comment["rules"], rest, file, number):
                yield number, waiver


def annotated(value: object, file: str, line: int) -> Iterator[Waiver]:
    """The waivers of a resource's annotation."""
    for text in str(value).splitlines():
        rules, _, rest = text.strip().partition(" ")
        if rules.endswith(":"):
            rules, rest = rules[:-1], f": {rest}"
        if text.strip():
            yield from _waivers_of(rules.removeprefix("ignore[").rstrip("]"), rest, file, line)


def _waivers_of(rules: str, rest: str, file: str, line: int) -> Iterator[Waiver]:
    """A waiver for each rule that is named; one without a rule where none is."""
    until, owner = "", ""
    dated = _DATED.match(rest)
    if dated:
        until, rest = dated["until"], rest[dated.end() :]
    owned = _OWNED.match(rest)
    if owned:
        owner, rest = owned["owner"], owned["reason"]
    reason = rest.strip().removeprefix(":").strip()
    for rule in map(str.strip, rules.split(",")):
        yield Waiver(reason, owner, until, rule=rule, file=file, line=line, inline=True)


def sound(
    waivers: Sequence[Waiver], policy: Policy
) -> tuple[tuple[Waiver, ...], tuple[Flawed, ...]]:
    """(those that are whole, what the others lack)."""
    whole, flawed = [], []
    for waiver in waivers:
        missing = lacks(waiver, policy)
        if missing:
            flawed.append(Flawed(waiver.file, waiver.line, missing))
        else:
            whole.append(waiver)
    return tuple(whole), tuple(dict.fromkeys(flawed))
