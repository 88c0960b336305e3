"""What several releases or resources of a run show alike: it is told once, with the first of
them, and where else it holds beside it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import RuleFailure
from policylint.model import Category, Finding, Fix, ResourceId, Severity
from policylint.report.model import ReleaseReport, release_name
from policylint.runtime.patterns import pattern
from policylint.runtime.sentences import first_of

_FEW = 3
"""Further releases, and further resources, that are named."""
_WORD = pattern(r"\w(?:[\w.-]*\w)?")
_NAME = "\0"
"""What stands for a resource's own name while words are compared."""


class _Place(Struct, frozen=True, eq=False):
    """A finding or failure, and the release that shows it."""

    release: ReleaseReport
    row: Finding | RuleFailure


class Shared:
    """Findings and failures by what they say.

    Findings that differ by the names of their resources alone are alike; errors, what the cluster
    may refuse, and all of them where every fix is shown (`every_fix`), only where what to do is the
    same to the letter, so that nobody follows the steps of another resource.
    """

    def __init__(self, releases: Sequence[ReleaseReport], *, every_fix: bool = False) -> None:
        self._every_fix = every_fix
        self._keys: dict[int, Hashable] = {}
        self._places: dict[Hashable, list[_Place]] = {}
        for release in releases:
            rows: list[Finding | RuleFailure] = [*release.findings, *release.failures]
            for row in rows:
                key = self._key(row, release)
                self._keys[id(row)] = key
                self._places.setdefault(key, []).append(_Place(release, row))

    def first(self, release: ReleaseReport) -> ReleaseReport:
        """The release with what nothing before it shows."""
        return replace(
            release,
            findings=tuple(row for row in release.findings if self._is_first(row, release)),
            failures=tuple(row for row in release.failures if self._is_first(row, release)),
        )

    def _is_first(self, row: Finding | RuleFailure, release: ReleaseReport) -> bool:
        first = self._alike(row)[0]
        return first.release is release and first.row is row

    def also(self, row: Finding | RuleFailure) -> str:
        """Which further releases and resources show the same, "" where none does."""
        places = self._alike(row)
        if not places:
            return ""
        own, *further = places
        same = [place for place in further if _is_same(place.row, row)]
        elsewhere = [
            release_name(place.release) for place in same if place.release is not own.release
        ]
        resources = [_resource(place) for place in further if not _is_same(place.row, row)]
        words = [f"in {few(elsewhere)}"] if elsewhere else []
        words += [few(resources)] if resources else []
        return "; ".join(words)

    def fingerprints(self, finding: Finding) -> tuple[str, ...]:
        """The fingerprints of all that it stands for, its own first."""
        alike = (place.row for place in self._alike(finding))
        further = [row.fingerprint for row in alike if isinstance(row, Finding)]
        return tuple(dict.fromkeys((finding.fingerprint, *further)))

    def _alike(self, row: Finding | RuleFailure) -> list[_Place]:
        return self._places.get(self._keys.get(id(row)), [])

    def _key(self, row: Finding | RuleFailure, release: ReleaseReport) -> Hashable:
        named = row.resource
        if isinstance(row, RuleFailure):
            message = _placeless(row.message, release)
            return row.rule, _nameless(message, named), _nameless(row.remedy, named)
        may_refuse = row.category is Category.CLUSTER_REJECTS
        is_literal = self._every_fix or may_refuse or row.severity is Severity.ERROR
        words = (_nameless(row.message, named), _nameless(row.because, named))
        sides = (row.path, repr(row.before), repr(row.after))
        weight = (row.severity, row.confidence, row.direction, row.dry)
        return row.rule, words, sides, weight, _todo(row.fixes, None if is_literal else named)


def few(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    return first_of(list(dict.fromkeys(names)), _FEW)


def _todo(fixes: Sequence[Fix], named: ResourceId | None) -> Hashable:
    """What to do, without the resource's own name where one is given."""
    return tuple((fix.title, _nameless("\n".join(fix.steps), named)) for fix in fixes)


def _nameless(text: str, named: ResourceId | None) -> str:
    """A text without the name and namespace of the resource that it is about."""
    if named is None:
        return text
    names = (named.name, named.namespace)
    return _WORD.sub(lambda word: _NAME if word[0] in names else word[0], text)


def _placeless(message: str, release: ReleaseReport) -> str:
    """What could not be judged, without the name and the place of the release."""
    source = release.source
    if source is None:
        return message
    place = f"{source.file}:{source.line}"
    return message.replace(place, _NAME).replace(release_name(release), _NAME)


def _is_same(row: Finding | RuleFailure, first: Finding | RuleFailure) -> bool:
    return row.resource == first.resource


def _resource(place: _Place) -> str:
    cluster = _cluster(place.release)
    where = f" for {cluster}" if cluster else ""
    return f"{place.row.resource}{where}"


def _cluster(release: ReleaseReport) -> str:
    if release.source:
        return release.source.cluster or release.source.environment
    return ""
