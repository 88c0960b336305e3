"""What several releases or resources of a run show alike: it is told once, with the first of
them, and where else it holds beside it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from msgspec import Struct, field
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

Told = Finding | RuleFailure


class _Alike(Struct):
    """What of a run says the same: what the first is about, and where else it holds."""

    release: int
    """The place of the first one's release."""
    resource: ResourceId | None
    elsewhere: dict[str, None] = field(default_factory=dict)
    """Further releases that show it of the same resource."""
    resources: dict[str, None] = field(default_factory=dict)
    """Further resources that it is shown of."""
    fingerprints: dict[str, None] = field(default_factory=dict)
    is_told: bool = False


class Shared:
    """Findings and failures by what they say.

    Findings that differ by the names of their resources alone are alike; errors, what the cluster
    may refuse, and all of them where every fix is shown (`every_fix`), only where what to do is the
    same to the letter, so that nobody follows the steps of another resource. No release is held:
    there may be more of them than fit into memory.
    """

    def __init__(
        self, releases: Iterable[ReleaseReport], *, every_fix: bool = False, ids: bool = False
    ) -> None:
        self._every_fix = every_fix
        self._ids = ids
        self._alike: dict[Hashable, _Alike] = {}
        self._shown: dict[int, _Alike] = {}
        for place, release in enumerate(releases):
            rows: tuple[Told, ...] = (*release.findings, *release.failures)
            for row in rows:
                self._add(row, release, place)

    def _add(self, row: Told, release: ReleaseReport, place: int) -> None:
        key = self._key(row, release)
        alike = self._alike.get(key)
        if alike is None:
            alike = self._alike[key] = _Alike(place, row.resource)
        elif row.resource != alike.resource:
            alike.resources[_resource(row, release)] = None
        elif place != alike.release:
            alike.elsewhere[release_name(release)] = None
        if self._ids and isinstance(row, Finding):
            alike.fingerprints[row.fingerprint] = None

    def first(self, release: ReleaseReport) -> ReleaseReport:
        """The release with what nothing before it shows: asked for once of each, in their
        order."""
        self._shown = {}
        return replace(
            release,
            findings=tuple(row for row in release.findings if self._is_first(row, release)),
            failures=tuple(row for row in release.failures if self._is_first(row, release)),
        )

    def _is_first(self, row: Told, release: ReleaseReport) -> bool:
        alike = self._alike[self._key(row, release)]
        if alike.is_told:
            return False
        alike.is_told = True
        self._shown[id(row)] = alike
        return True

    def also(self, row: Told) -> str:
        """Which further releases and resources show the same, "" where none does, for what the
        release shows that `first` was asked for last."""
        alike = self._shown.get(id(row))
        if alike is None:
            return ""
        words = [f"in {few(alike.elsewhere)}"] if alike.elsewhere else []
        words += [few(alike.resources)] if alike.resources else []
        return "; ".join(words)

    def fingerprints(self, finding: Finding) -> tuple[str, ...]:
        """The fingerprints of all that it stands for, its own first."""
        alike = self._shown.get(id(finding))
        further = alike.fingerprints if alike else {}
        return tuple(dict.fromkeys((finding.fingerprint, *further)))

    def _key(self, row: Told, release: ReleaseReport) -> Hashable:
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


def _resource(row: Told, release: ReleaseReport) -> str:
    cluster = _cluster(release)
    where = f" for {cluster}" if cluster else ""
    return f"{row.resource}{where}"


def _cluster(release: ReleaseReport) -> str:
    if release.source:
        return release.source.cluster or release.source.environment
    return ""
