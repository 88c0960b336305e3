"""Files that `scan.ignore` leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest

from policylint.scan.repository.listing import Listing


@pytest.mark.parametrize(
    ("pattern", "name", "left_out"),
    [
        ("*.sh", "deploy.sh", True),
        ("ci/*.sh", "ci/jobs/deploy.sh", False),
        ("ci/**/*.sh", "ci/jobs/deploy.sh", True),
        ("my jobs/#1-a+b", "my jobs/#1-a+b/deploy.sh", True),
        ("*a" * 40 + "b", "a" * 200, False),
        ("**/" * 40 + "b", "a/" * 60 + "deploy.sh", False),
    ],
)
def test_a_pattern(tmp_path: Path, pattern: str, name: str, left_out: bool) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("helm upgrade web ./chart\n")
    listing = Listing(tmp_path, (), ("helm",), (pattern,))
    assert list(listing.paths()) == ([] if left_out else [str(file)])
    assert listing.left_out == ([str(file)] if left_out else [])
