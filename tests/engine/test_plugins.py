"""Rules of other packages, by the entry point `policylint.rules`: a distribution of the test's
own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {team: NAME}}\n"
RULE = '''\
"""A label of ours changed.

What happens: nothing in the cluster.
"""
from policylint import Category, Kept, Severity, Violation
from policylint.engine.rule import Context, rule


@rule(category=Category.PRACTICE, severity=Severity.ERROR, pack="ours")
def check(change: Kept, context: Context):
    for field in change.fields:
        if field.path == "/metadata/labels/team":
            sides = {"before": field.before, "after": field.after}
            yield Violation("the team changed", path=field.path, **sides)
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("before", "after"):
        (tmp_path / f"{name}.yaml").write_text(MANIFEST.replace("NAME", name))
    return tmp_path


def installed(folder: Path, text: str) -> None:
    """A distribution with one rule module, as pip leaves it."""
    site = folder / "site"
    info = site / "ours-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "team_changed.py").write_text(text)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[policylint.rules]\nteam-changed = team_changed\n")


def policylint(folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    sides = ("after.yaml", "--before", "before.yaml")
    done = subprocess.run(
        [sys.executable, "-m", "policylint", "check", *sides, *words, "--format", "json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder / "site")])},
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def rules_of(report: dict[str, Any]) -> list[str]:
    return [finding["rule"] for finding in report["releases"][0]["findings"]]


def test_a_rule_of_another_package_judges_like_any_other(folder: Path) -> None:
    assert policylint(folder)[0] == 0
    installed(folder, RULE)
    code, report = policylint(folder)
    assert (code, rules_of(report)) == (1, ["team-changed"])
    assert report["releases"][0]["findings"][0]["after"] == "after"
    for words in (
        ["--ignore", "team-changed"],
        ["--ignore", "ours"],
        ["--level", "downtime"],
        ["--select", "core"],
    ):
        assert policylint(folder, *words)[0] == 0, words
    assert policylint(folder, "--select", "ours")[0] == 1


@pytest.mark.parametrize(
    "broken", ["import no_such_module\n", RULE.replace("yield Violation", "raise ValueError")]
)
def test_a_rule_that_breaks_makes_the_verdict_unknown(folder: Path, broken: str) -> None:
    installed(folder, broken)
    code, report = policylint(folder)
    assert (code, report["verdict"]) == (2, "unknown")
    (failure,) = report["releases"][0]["failures"]
    assert failure["rule"] == "team-changed"
    assert failure["remedy"]
