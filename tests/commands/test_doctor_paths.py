"""`policylint doctor` on whole repositories: which way a deploy is reached, and whether the answer
before it counts."""

from __future__ import annotations

import subprocess

import pytest

from policylint.commands.doctor import cover
from policylint.commands.scan import Survey
from policylint.kyaml.load import load
from tests.cases import ROOT
from tests.commands.test_scan import here

__all__ = ["here"]
FILE = ROOT / "fixtures" / "doctor" / "cases.yaml"
CASES = load(FILE.read_text(), FILE.name)


@pytest.mark.parametrize("name", CASES)
def test_a_deploy_is_covered_by_an_answer_that_counts(here, name):
    for file, text in CASES[name]["files"].items():
        (here / file).parent.mkdir(parents=True, exist_ok=True)
        (here / file).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=here, check=True)
    survey = cover(Survey())
    reasons = [coverage.because for coverage in survey.coverages]
    assert [coverage.guard is not None for coverage in survey.coverages] == [
        CASES[name]["covered"]
    ], reasons
    assert survey.failures == ()
