"""`policylint fix`: the edits of findings, applied to the user's own files; every other byte stays
as it is."""

from __future__ import annotations

import difflib
import errno
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from policylint.commands.scan import Survey, judged, searched
from policylint.errors import PolicylintError
from policylint.model import Edit, Finding, Fix, Grade, Verdict
from policylint.redaction.collect import secret_lines
from policylint.redaction.redactor import Redactor
from policylint.redaction.vocabulary import SHORTEST
from policylint.report.model import Report
from policylint.runtime.wholefiles import write_whole
from policylint.scan.invocations.secrets import secrets

_ROUNDS = 10
"""How often fixes are made and looked at again."""


class Repair(Struct, frozen=True):
    """What was, or would be, written: each file's bytes before and after."""

    files: Mapping[str, tuple[bytes, bytes]] = field(default_factory=dict)
    done: int = 0
    left: int = 0
    """Fixes that meet another one in the same place: they are made once that one is."""
    by_hand: int = 0
    """Findings without a fix that a machine may make."""
    redactor: Redactor = field(default_factory=Redactor)

    def diff(self) -> str:
        """All of it as a unified diff, secrets masked."""
        return "".join(self._shown(name) for name in sorted(self.files))

    def _shown(self, name: str) -> str:
        """One file's diff without the secrets of the commands and those that the file itself
        holds."""
        before, after = self.files[name]
        lines = secret_lines(os.fsdecode(before), nested=True)
        of_file = {text for text in lines if len(text) >= SHORTEST}
        known = sorted({*self.redactor.secrets, *of_file}, key=len, reverse=True)
        return str(Redactor(tuple(known)).value(_diff(name, before, after)))

    def summary(self, *, written: bool) -> str:
        """One line: how many fixes were made, wait for these, or are a person's work."""
        if self.left:
            again = f", {self.left} more that meet these (policylint fix makes them after these)"
        else:
            again = ""
        fixes = "fixes made" if written else "fixes"
        return f"{self.done} {fixes}{again}, {self.by_hand} findings to fix by hand\n"


def repair(survey: Survey, *, unsafe: bool = False) -> tuple[Repair, Report]:
    """The repair of what `policylint scan` finds, and its report; nothing is written yet."""
    scan = searched(survey)
    report = judged(survey, scan)
    redactor = Redactor(tuple(secrets(scan.invocations)))
    return plan(report.findings, unsafe=unsafe, redactor=redactor), report


def settled(survey: Survey, *, unsafe: bool = False) -> tuple[Repair, Report]:
    """Make every fix, look again, and go on until nothing is left to fix.

    Where a finding stays that was fixed, or a new one appears, the round is undone, each fix is
    tried alone, and those that do not help are left out. The files are written; their bytes before
    and after are in the repair. Raises `PolicylintError`.
    """
    originals: dict[str, bytes] = {}
    refused: set[str] = set()
    made, report = repair(survey, unsafe=unsafe)
    done = 0
    for _ in range(_ROUNDS):
        findings = [finding for finding in report.findings if finding.fingerprint not in refused]
        made = plan(findings, unsafe=unsafe, redactor=made.redactor)
        if not made.files:
            break
        for name, (before, _) in made.files.items():
            originals.setdefault(name, before)
        write(made)
        again = repair(survey, unsafe=unsafe)[1]
        if _better(report, again, made.done):
            done += made.done
            report = again
            continue
        _undo(made)
        refused |= _harmful(survey, report, findings, unsafe=unsafe)
    files = {name: (before, Path(name).read_bytes()) for name, before in originals.items()}
    changed = {name: sides for name, sides in files.items() if sides[0] != sides[1]}
    return Repair(changed, done, 0, len(report.findings), made.redactor), report


def _harmful(
    survey: Survey, report: Report, findings: Sequence[Finding], *, unsafe: bool
) -> set[str]:
    """The findings whose fix, made alone and undone again, does not make things better."""
    harmful = set()
    for finding in findings:
        alone = plan([finding], unsafe=unsafe)
        if alone.files:
            write(alone)
            again = repair(survey, unsafe=unsafe)[1]
            _undo(alone)
            if not _better(report, again, 1):
                harmful.add(finding.fingerprint)
    return harmful


def _better(before: Report, after: Report, fixes: int) -> bool:
    """Whether as many findings are gone as were fixed, no rule finds more than it did, and no more
    than before is unknown."""
    was = Counter(finding.rule for finding in before.findings)
    now = Counter(finding.rule for finding in after.findings)
    gone = len(before.findings) - len(after.findings)
    return now <= was and gone >= fixes and len(after.failures) <= len(before.failures)


def _undo(made: Repair) -> None:
    for name, (before, _) in made.files.items():
        _replace(Path(name), before)


def plan(
    findings: Iterable[Finding], *, unsafe: bool = False, redactor: Redactor | None = None
) -> Repair:
    """The edits of these findings, joined file by file; of two that meet, the first one wins."""
    grades = (Grade.SAFE, Grade.UNSAFE) if unsafe else (Grade.SAFE,)
    taken: dict[str, list[Edit]] = {}
    done = left = by_hand = 0
    for finding in findings:
        fix = _fix(finding, grades)
        if fix is None:
            by_hand += 1
        elif _meets(fix, taken):
            left += 1
        else:
            done += 1
            for edit in fix.edits:
                taken.setdefault(edit.file, []).append(edit)
    files = {name: _rewritten(Path(name), edits) for name, edits in sorted(taken.items())}
    return Repair(files, done, left, by_hand, redactor or Redactor())


def _fix(finding: Finding, grades: Sequence[Grade]) -> Fix | None:
    """The first fix that may be made here; None where it is a person's work."""
    return next((fix for fix in finding.fixes if fix.edits and fix.grade in grades), None)


def verdict(report: Report) -> Verdict:
    """Unknown where a file could not be read or a rule not run; what stays to be done is no failure
    of a repair."""
    if report.failures:
        return Verdict.UNKNOWN
    return Verdict.PASS


def applied(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes with the edits made; lines end as those of the file do."""
    crlf = b"\r\n" in data
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        if crlf:
            text = edit.text.replace("\n", "\r\n")
        else:
            text = edit.text
        data = data[: edit.start] + text.encode() + data[edit.end :]
    return data


def write(made: Repair) -> None:
    """Write every file, each whole or not at all, with its mode kept. Raises `PolicylintError`."""
    for name, (_, after) in made.files.items():
        _replace(Path(name), after)


def _meets(fix: Fix, taken: Mapping[str, Sequence[Edit]]) -> bool:
    return any(
        edit.start < earlier.end and earlier.start < edit.end
        if edit.start < edit.end and earlier.start < earlier.end
        else edit.start <= earlier.end and earlier.start <= edit.end
        for edit in fix.edits
        for earlier in taken.get(edit.file, ())
    )


def _rewritten(path: Path, edits: Sequence[Edit]) -> tuple[bytes, bytes]:
    try:
        before = path.read_bytes()
    except OSError as error:
        raise PolicylintError(
            f"cannot read it again: {error.strerror}",
            file=str(path),
            remedy="run policylint fix again",
        ) from None
    if any(not 0 <= edit.start <= edit.end <= len(before) for edit in edits):
        raise PolicylintError(
            "the file was changed meanwhile", file=str(path), remedy="run policylint fix again"
        )
    return before, applied(before, edits)


def _replace(path: Path, data: bytes) -> None:
    try:
        write_whole(path.resolve(), data)  # behind a link, the file itself is written
    except OSError as error:
        if error.errno == errno.ENOSPC:
            remedy = "free some space"
        else:
            remedy = "make the file writable"
        raise PolicylintError(
            f"cannot write the fix: {error.strerror}", file=str(path), remedy=remedy
        ) from None


def _diff(name: str, before: bytes, after: bytes) -> str:
    old, new = (os.fsdecode(side).splitlines(keepends=True) for side in (before, after))
    lines = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
