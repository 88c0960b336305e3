"""`policylint fix`: the edits of findings, applied to the user's own files; every other byte stays
as it is."""

from __future__ import annotations

import difflib
import errno
import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from policylint.commands.scan import Survey, judged, searched
from policylint.errors import PolicylintError
from policylint.model import Edit, Finding, Fix, Grade, Verdict
from policylint.redaction.collect import secret_lines
from policylint.redaction.redactor import Redactor
from policylint.redaction.vocabulary import SHORTEST
from policylint.report.model import Report
from policylint.runtime.drafts import drafted
from policylint.runtime.wholefiles import write_whole
from policylint.scan.invocations.secrets import secrets

_ROUNDS = 10
"""How often fixes are made and looked at again."""


class Repair(Struct, frozen=True):
    """What is to be written: each file's bytes before and after."""

    files: Mapping[str, tuple[bytes, bytes]] = field(default_factory=dict)
    done: int = 0
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
        """One line: how many fixes were made, and how much is a person's work."""
        fixes = "fixes made" if written else "fixes"
        return f"{self.done} {fixes}, {self.by_hand} findings to fix by hand\n"


def repair(survey: Survey, *, unsafe: bool = False) -> tuple[Repair, Report]:
    """The repair of what `policylint scan` finds, and the report of what is then left; nothing is
    written.

    Every fix is made in drafts of the files, which are looked at again, until nothing is left to
    fix. Where a finding stays that was fixed, or a new one appears, the fixes are tried by halves,
    and those that do not help are left out. Raises `PolicylintError`.
    """
    report, redactor = _looked(survey, {})
    trial = _Trial(survey, report, unsafe)
    for _ in range(_ROUNDS):
        done, refused = trial.done, len(trial.refused)
        trial.settle({finding.fingerprint for finding in trial.report.findings} - trial.refused)
        if (done, refused) == (trial.done, len(trial.refused)):
            break
    files = {name: (_content(name, {}), draft) for name, draft in sorted(trial.drafts.items())}
    changed = {name: sides for name, sides in files.items() if sides[0] != sides[1]}
    return Repair(changed, trial.done, len(trial.report.findings), redactor), trial.report


def _looked(survey: Survey, drafts: Mapping[str, bytes]) -> tuple[Report, Redactor]:
    """What is found where the files hold their drafts."""
    with drafted(drafts):
        scan = searched(survey)
        return judged(survey, scan), Redactor(tuple(secrets(scan.invocations)))


class _Trial(Struct):
    """The drafts that help so far, what is found in them, and the findings whose fix alone makes
    nothing better."""

    survey: Survey
    report: Report
    unsafe: bool
    drafts: dict[str, bytes] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    done: int = 0

    def settle(self, wanted: Collection[str]) -> None:
        """Make the fixes of these findings (by fingerprint) where they help together, else by
        halves; those that meet another one have their turn in the next round."""
        findings = [finding for finding in self.report.findings if finding.fingerprint in wanted]
        fixed, made = planned(findings, self.drafts, unsafe=self.unsafe)
        if not made:
            return
        again, _ = _looked(self.survey, {**self.drafts, **fixed})
        if _better(self.report, again, made):
            self.drafts |= fixed
            self.report = again
            self.done += made
            return
        names = list(dict.fromkeys(finding.fingerprint for finding in findings))
        if len(names) == 1:
            self.refused.update(names)
            return
        middle = len(names) // 2
        self.settle(names[:middle])
        self.settle(names[middle:])


def _better(before: Report, after: Report, fixes: int) -> bool:
    """Whether as many findings are gone as were fixed, no rule finds more than it did, and no more
    than before is unknown."""
    was = Counter(finding.rule for finding in before.findings)
    now = Counter(finding.rule for finding in after.findings)
    gone = len(before.findings) - len(after.findings)
    return now <= was and gone >= fixes and len(after.failures) <= len(before.failures)


def planned(
    findings: Iterable[Finding], drafts: Mapping[str, bytes], *, unsafe: bool = False
) -> tuple[dict[str, bytes], int]:
    """What the files hold with the edits of these findings, and how many fixes that are; of two
    that meet, the first one wins."""
    grades = (Grade.SAFE, Grade.UNSAFE) if unsafe else (Grade.SAFE,)
    taken: dict[str, list[Edit]] = {}
    made = 0
    for finding in findings:
        fix = _fix(finding, grades)
        if fix is None or _meets(fix, taken):
            continue
        made += 1
        for edit in fix.edits:
            taken.setdefault(edit.file, []).append(edit)
    return {name: _rewritten(name, edits, drafts) for name, edits in taken.items()}, made


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
    for name, (before, after) in made.files.items():
        if _content(name, {}) != before:
            raise _changed(name)
        _replace(Path(name), after)


def _meets(fix: Fix, taken: Mapping[str, Sequence[Edit]]) -> bool:
    return any(
        edit.start < earlier.end and earlier.start < edit.end
        if edit.start < edit.end and earlier.start < earlier.end
        else edit.start <= earlier.end and earlier.start <= edit.end
        for edit in fix.edits
        for earlier in taken.get(edit.file, ())
    )


def _rewritten(name: str, edits: Sequence[Edit], drafts: Mapping[str, bytes]) -> bytes:
    before = _content(name, drafts)
    if any(not 0 <= edit.start <= edit.end <= len(before) for edit in edits):
        raise _changed(name)
    return applied(before, edits)


def _content(name: str, drafts: Mapping[str, bytes]) -> bytes:
    """What a file holds, its draft where there is one. Raises `PolicylintError`."""
    if name in drafts:
        return drafts[name]
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise PolicylintError(
            f"cannot read it again: {error.strerror}", file=name, remedy="run policylint fix again"
        ) from None


def _changed(name: str) -> PolicylintError:
    return PolicylintError(
        "the file was changed meanwhile", file=name, remedy="run policylint fix again"
    )


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
