"""What a .helmignore leaves out, as Go's filepath.Match says."""

from __future__ import annotations

import pytest

from policylint.helm.values.helmignore import Ignore


@pytest.mark.parametrize(
    ("line", "name", "left_out"),
    [
        ("*.bak", "notes.bak", True),
        ("a*b*c", "axbxxbyc", True),
        ("a*b*c", "axbxxbyd", False),
        ("docs/*x*", "docs/a/x", False),
        ("docs/*x*", "docs/axe", True),
        # Go looks for `[^a]` where it first occurs only, and the last star stops at the slash
        ("/*[^a]*", "b/c", False),
    ],
)
def test_stars(line: str, name: str, left_out: bool) -> None:
    assert Ignore.parse(line, ".helmignore").matches(name, False) is left_out


def test_many_stars_end() -> None:
    line = "*a" * 100 + "b"
    assert not Ignore.parse(line, ".helmignore").matches("a" * 250, False)
    assert Ignore.parse(line, ".helmignore").matches("a" * 250 + "b", False)
