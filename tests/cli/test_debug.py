"""`--debug`: what was run and how long each part took, without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from policylint.cli.app import run
from tests.helm.sources.repository import Repo
from tests.helms import any_helm


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    repo = Repo(tmp_path / "repo").init().chart("chart")
    repo.commit()
    repo.file("chart/values.yaml", "a: 1\n")
    monkeypatch.chdir(repo.top)
    return repo


def words() -> list[str]:
    return ["check", "chart", "--before", "git:HEAD", "--helm", any_helm().path]


@pytest.mark.usefixtures("repo")
def test_stages_and_commands_are_told_beside_the_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([*words(), "--debug", "--set", "password=hunter2hunter2"]) == 0
    out, err = capsys.readouterr()
    assert "debug:" not in out
    assert "hunter2" not in err
    for part in ("load", "render", "read", "diff", "forecast", "evaluate", "the whole run"):
        assert f"  {part}\n" in err
    assert "$ git rev-parse" in err
    assert "template release-name chart" in err


@pytest.mark.usefixtures("repo")
def test_the_environment_asks_for_it_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICYLINT_DEBUG", "1")
    assert run(words()) == 0
    assert "the whole run" in capsys.readouterr().err


@pytest.mark.usefixtures("repo")
def test_nobody_asks(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words()) == 0
    assert "debug:" not in capsys.readouterr().err


@pytest.mark.usefixtures("repo")
def test_what_stands_after_the_dashes_is_helms(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--", "helm", "upgrade", "web", "chart", "--debug"])
    assert "the whole run" not in capsys.readouterr().err
