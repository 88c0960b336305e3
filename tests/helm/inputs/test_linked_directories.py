"""Links to links: twenty levels of two links each lead to one file in a million ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from policylint.cli.app import run
from policylint.errors import ReadError, SourceError
from policylint.helm.engines.confine import confine_chart
from policylint.helm.values.files import from_directory

LEVELS = 20


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    top = tmp_path / "web"
    templates = top / "templates"
    for level in range(LEVELS):
        (templates / f"d{level}").mkdir(parents=True)
        for name in ("a", "b") if level else ():
            (templates / f"d{level - 1}" / name).symlink_to(f"../d{level}")
    (top / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    (templates / f"d{LEVELS - 1}/object.yaml").write_text("kind: ConfigMap\n")
    return top


def test_helm_is_not_given_it(chart: Path) -> None:
    with pytest.raises(SourceError, match="d19 is reached in more than 100 ways"):
        confine_chart(chart)


def test_the_embedded_engine_does_not_read_it(chart: Path) -> None:
    with pytest.raises(ReadError, match="in more than 100 ways"):
        from_directory(chart)


def test_the_verdict_is_unknown(chart: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(chart), "--before", str(chart)]) == 2
    assert "is reached in more than 100 ways, by links" in capsys.readouterr().out


def test_a_directory_may_be_linked_to_by_others(chart: Path) -> None:
    for level in range(3, LEVELS):
        (chart / f"templates/d{level - 1}/a").unlink()
    confine_chart(chart)
    assert f"templates/d0/b/{'b/' * 18}object.yaml" in from_directory(chart)
