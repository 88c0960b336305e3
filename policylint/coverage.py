"""`policylint doctor`: which deploys of a repository policylint runs before, and which it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from policylint.formats.json import SCHEMA
from policylint.invocations.advice import is_dry_run
from policylint.invocations.doctor import Coverage, examine
from policylint.invocations.walk import naming
from policylint.model import Verdict, combine
from policylint.report import RuleFailure
from policylint.survey import Survey, absolute, configuration, searched


class Examination(Struct, frozen=True):
    """The deploys found, each with the run of policylint that comes before it."""

    coverages: tuple[Coverage, ...]
    failures: tuple[RuleFailure, ...]

    @property
    def verdict(self) -> Verdict:
        """Fail where a deploy is not covered, unknown where a file could not be read."""
        found = [Verdict.PASS]
        found += [Verdict.FAIL for each in self.coverages if each.guard is None]
        found += [Verdict.UNKNOWN for _ in self.failures]
        return combine(found)

    def as_json(self) -> dict[str, Any]:
        """The examination as a JSON document."""
        return {
            "schema": SCHEMA,
            "verdict": str(self.verdict),
            "deploys": [_row(each) for each in self.coverages],
            "failures": [{"message": each.message, "remedy": each.remedy} for each in self.failures],
        }

    def as_text(self) -> str:
        """One line for each deploy, those without a check first."""
        rows = sorted(self.coverages, key=lambda each: each.guard is not None)
        lines = [_line(each) for each in rows]
        lines += [f"unknown      {each.message}\n  fix        {each.remedy}" for each in self.failures]
        bare = sum(each.guard is None for each in rows)
        if bare:
            lines.append("  fix        run policylint check before helm: policylint check CHART -f VALUES --env ENV")
        return "\n".join([*lines, f"{str(self.verdict).upper()}: {len(rows)} deploys, {bare} without policylint", ""])


def cover(asked: Survey) -> Examination:
    """Find every deploy below the paths, and what checks it. Raises `UsageError` for a broken configuration."""
    found = searched(asked)
    deploys = [each for each in found.invocations if each.deploys and not is_dry_run(each)]
    here = Path.cwd()
    sources = naming("policylint", absolute(asked), here, skip=configuration(asked).scan_ignore)
    return Examination(examine(deploys, sources), found.failures)


def _line(each: Coverage) -> str:
    deploy = each.deploy
    where = f"{deploy.file}:{deploy.line}"
    what = " ".join(word for word in (deploy.tool, deploy.action, deploy.release) if word)
    guard = f": {each.guard.file}:{each.guard.line}" if each.guard else ""
    return f"{'covered' if each.guard else 'NOT COVERED':<12} {where}  {what}  ({each.because}{guard})"


def _row(each: Coverage) -> dict[str, Any]:
    deploy, guard = each.deploy, each.guard
    names = ("file", "line", "tool", "action", "release", "namespace")
    found = {name: getattr(deploy, name) for name in names}
    held = {"file": guard.file, "line": guard.line, "kind": guard.kind} if guard else None
    return {**found, "covered": guard is not None, "guard": held, "because": each.because}
