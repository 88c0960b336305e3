"""A file is written whole or not at all, and a killed run's part of it is removed by the next."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from policylint.runtime.wholefiles import write_whole


def test_what_a_killed_run_left_is_removed_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    left = tmp_path / ".a.json.0123abcd.policylint-part"
    begun = tmp_path / ".a.json.4567abcd.policylint-part"
    another = tmp_path / ".b.json.0123abcd.policylint-part"
    for part in (left, begun, another):
        part.write_text("half")
    with begun.open() as being_written:
        fcntl.flock(being_written, fcntl.LOCK_EX)
        write_whole(tmp_path / "a.json", b"whole")
    assert (tmp_path / "a.json").read_bytes() == b"whole"
    assert not left.exists()
    assert begun.exists()
    assert another.exists()


def test_nothing_is_left_where_it_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.json").write_bytes(b"old")

    def refused(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "a.json", b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_bytes() == b"old"


def test_a_name_as_long_as_names_may_be(tmp_path: Path) -> None:
    write_whole(tmp_path / ("a" * 250), b"x")
    assert (tmp_path / ("a" * 250)).read_bytes() == b"x"
