"""What is shown of a report, and how: the options that check, scan and history share."""

from __future__ import annotations

from pathlib import Path

import pytest

from policylint.cli.showing import Colour, in_colour
from policylint.pipeline.showing.snippets import lines_of
from tests.cli.test_cli import RULES, policylint, sides

FAILS = ("selector-changed", "fail-key-added")


@pytest.mark.parametrize(
    ("colour", "environment", "terminal", "painted"),
    [
        (Colour.AUTO, {}, True, True),
        (Colour.AUTO, {}, False, False),
        (Colour.AUTO, {"NO_COLOR": "1"}, True, False),
        (Colour.AUTO, {"NO_COLOR": ""}, True, True),
        (Colour.AUTO, {"FORCE_COLOR": "1"}, False, True),
        (Colour.AUTO, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        (Colour.AUTO, {"TERM": "dumb"}, True, False),
        (Colour.ALWAYS, {"NO_COLOR": "1"}, False, True),
        (Colour.NEVER, {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_when_text_is_painted(colour, environment, terminal, painted) -> None:
    assert in_colour(colour, environment, terminal=terminal) is painted


def test_exit_zero_is_for_fail_alone(tmp_path: Path) -> None:
    assert policylint("check", *sides(*FAILS), "--exit-zero").returncode == 0
    broken = tmp_path / "after.yaml"
    broken.write_text("kind: [")
    done = policylint(
        "check", broken, "--before", RULES / FAILS[0] / FAILS[1] / "before.yaml", "--exit-zero"
    )
    assert done.returncode == 2


def test_options_of_text() -> None:
    done = policylint("check", *sides(*FAILS), "-q", "--show-fixes", "none", "--color", "always")
    assert done.returncode == 1
    assert done.stdout.startswith("\x1b[31;1merror[selector-changed]\x1b[0m")
    assert "fix " not in done.stdout
    assert "judged for" not in done.stdout
    wrong = policylint("check", *sides(*FAILS), "--show-fixes", "some")
    assert wrong.returncode == 2


def test_a_snippet_shows_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(
        "image: {tag: '1'}\ndb:\n  password: correct-horse-battery\n  dsn: postgres://u:hunter22x@db\n"
    )
    lines = lines_of({(str(file), line) for line in range(1, 9)} | {("/no/such/file", 1)})
    assert lines[str(file), 1] == "image: {tag: '1'}"
    assert "correct-horse" not in str(lines)
    assert "hunter22x" not in str(lines)
