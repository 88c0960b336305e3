"""A name that is made to deceive does nothing when the command that holds it is pasted into a
shell."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from policylint.errors import PolicylintError
from tests.cases import RuleCase, judged, rule_cases

pytestmark = pytest.mark.heavy

FAILING = [case for case in rule_cases() if case.fails and (case.path / "after.yaml").exists()]
CASES = list({case.rule: case for case in FAILING}.values())
PER_CASE = max(1, int(os.environ.get("POLICYLINT_FUZZ", "20")) // 20)
HOSTILE = (
    "$(echo>PWNED)",
    "`echo>PWNED`",
    "x;echo>PWNED;",
    "x|echo>PWNED",
    "x&&echo>PWNED",
    "x\necho>PWNED\n",
    "x>PWNED",
    "' ;echo>PWNED; '",
    '";echo>PWNED;"',
    "'$(echo>PWNED)'",
)
PROGRAMS = ("kubectl", "helm", "git", "policylint", "argocd", "flux", "sed", "jq")
SIDES = ("before.yaml", "after.yaml", "live.yaml")
FIXED = ("apiVersion", "kind", "metadata", "spec", "name", "namespace", "containers", "template")


def words(value: Any) -> Iterator[str]:
    """The keys and the strings of a document that a change may choose."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str) and key not in FIXED:
                yield key
            if key not in ("apiVersion", "kind"):
                yield from words(item)
    elif isinstance(value, list):
        for item in value:
            yield from words(item)
    elif isinstance(value, str):
        yield value


def replaced(value: Any, old: str, new: str) -> Any:
    """The document with one word for another wherever it stands."""
    if isinstance(value, dict):
        return {
            (new if key == old else key): replaced(item, old, new) for key, item in value.items()
        }
    if isinstance(value, list):
        return [replaced(item, old, new) for item in value]
    return new if value == old else value


def commands(case: RuleCase) -> list[str]:
    """The commands among the steps of all that is found."""
    try:
        findings = judged(case).findings
    except PolicylintError:  # nothing is found in what cannot be read
        return []
    steps = [step for finding in findings for fix in finding.fixes for step in fix.steps]
    return [step for step in steps if step.split(" ")[0] in PROGRAMS and "PWNED" in step]


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """A directory with the programs, which do nothing."""
    (tmp_path / "bin").mkdir()
    for name in PROGRAMS:
        program = tmp_path / "bin" / name
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
    return tmp_path


def acts(shell: Path, command: str) -> bool:
    room = shell / "room"
    room.mkdir(exist_ok=True)
    subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=room,
        env={"PATH": str(shell / "bin")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=10,
        check=False,
    )
    return (room / "PWNED").exists()


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_no_name_acts_in_a_pasted_command(shell: Path, case: RuleCase) -> None:
    for seed in range(PER_CASE):
        chance = random.Random(f"{case.id} {seed}")
        sides = {
            side: list(yaml.safe_load_all((case.path / side).read_text()))
            for side in SIDES
            if (case.path / side).exists()
        }
        old = chance.choice(sorted(set(words(list(sides.values())))))
        new = chance.choice(HOSTILE)
        copied = shell / str(seed)
        shutil.copytree(case.path, copied)
        for side, documents in sides.items():
            (copied / side).write_text(yaml.safe_dump_all(replaced(documents, old, new)))
        for command in commands(RuleCase(case.rule, copied)):
            assert not acts(shell, command), (old, new, command)
