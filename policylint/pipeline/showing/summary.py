"""A report counted by rule, release or owner: what a fleet has to do, and who.

The owner of a finding is the one of its waiver, else whom CODEOWNERS names for the file that it is
in, or that declares its release. Source: GitHub's and GitLab's documentation of CODEOWNERS (the
last line that matches counts).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from policylint.model import Finding
from policylint.report.counts import By, Count, Counts
from policylint.report.model import ReleaseReport, Report, release_name
from policylint.report.places import primary
from policylint.runtime.patterns import like

NOBODY = "(nobody)"
_FILES = (".github/CODEOWNERS", "CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")


Placed = tuple[ReleaseReport | None, Finding]
"""A finding and its release, None for one of no release."""


def counts(report: Report, by: By) -> Counts:
    """The findings of a report, counted; the gravest first."""
    owners = _owners(Path.cwd()) if by is By.OWNER else ()
    rows: dict[str, Count] = {}
    for release, finding in _placed(report):
        key = _key(release, finding, by, owners)
        rows[key] = rows.get(key, Count(key)).with_one(finding)
    return Counts(by, tuple(sorted(rows.values(), key=_gravest)))


def _gravest(row: Count) -> tuple[int, int, int, str]:
    return -row.error, -row.warning, -row.note, row.name


def _placed(report: Report) -> Iterator[Placed]:
    for release in report.releases:
        yield from ((release, finding) for finding in (*release.findings, *release.settled))
    yield from ((None, finding) for finding in (*report.findings, *report.settled))


def _key(
    release: ReleaseReport | None, finding: Finding, by: By, owners: Sequence[tuple[str, str]]
) -> str:
    if by is By.RULE:
        return finding.rule
    if by is By.RELEASE:
        if release is not None:
            return release_name(release)
        return "(no release)"
    return _owner_of(release, finding, owners)


def _owner_of(
    release: ReleaseReport | None, finding: Finding, owners: Sequence[tuple[str, str]]
) -> str:
    if finding.waived is not None and finding.waived.owner:
        return finding.waived.owner
    place = primary(finding)
    source = release.source if release is not None else None
    of_place = _owner(place.file, owners) if place else ""
    return of_place or (_owner(source.file, owners) if source else "") or NOBODY


def _owner(file: str, owners: Sequence[tuple[str, str]]) -> str:
    if not file:
        return ""
    path, here = Path(file), Path.cwd()
    if path.is_relative_to(here):
        inside = path.relative_to(here)
    else:
        inside = path
    named = [owner for glob, owner in owners if _covers(glob, inside.as_posix())]
    if named:
        return named[-1]
    return ""


def _covers(glob: str, path: str) -> bool:
    """Whether a line of CODEOWNERS means a path: as .gitignore does, without its rarer forms."""
    anchored = "/" in glob.rstrip("/")
    pattern = glob.strip("/").replace("**", "*")
    candidates = [pattern, f"{pattern}/*"]
    if not anchored:
        candidates += [f"*/{pattern}", f"*/{pattern}/*"]
    return any(like(candidate, path) for candidate in candidates)


def _owners(folder: Path) -> tuple[tuple[str, str], ...]:
    """(glob, owners) of each line of the nearest CODEOWNERS of a directory."""
    top = folder.resolve()  # what a link shows from outside is nobody's to print
    files = (folder / name for name in _FILES)
    file = next((f for f in files if f.is_file() and f.resolve().is_relative_to(top)), None)
    if file:
        lines = file.read_text("utf-8", "replace").splitlines()
    else:
        lines = []
    words = [line.partition("#")[0].split() for line in lines]
    return tuple((first, " ".join(rest)) for first, *rest in filter(None, words))
