"""What a newcomer meets: help that is whole, completion, and a doctor that knows the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from policylint.cli.app import command_of, names, run
from policylint.cli.parameters import parameters

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_the_list_of_commands_is_not_cut_off(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([word]) == 0
    printed = capsys.readouterr().out
    assert "..." not in printed.partition("Commands:")[2]
    for name in names():
        assert f"  {name.replace('_', '-')} " in printed


@pytest.mark.parametrize("name", names())
def test_every_option_has_help(name: str) -> None:
    command = command_of(name)
    assert command is not None
    for taken in parameters(command):
        assert taken.option.help, taken.name


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_each_shell_has_its_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    printed = capsys.readouterr().out
    assert "_POLICYLINT_COMPLETE" in printed
    assert "policylint" in printed


@pytest.mark.parametrize(
    ("words", "completed"),
    [("policylint ch", "check"), ("policylint check --bla", "--blame")],
)
def test_commands_and_options_are_completed(words: str, completed: str) -> None:
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    done = subprocess.run(
        [sys.executable, "-m", "policylint"],
        env={**os.environ, **asked, "_POLICYLINT_COMPLETE": "complete_bash"},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert completed in done.stdout.split()


def test_the_doctor_looks_at_the_machine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deploy.sh").write_text("policylint check -- helm upgrade web ./chart\n")
    run(["doctor", ".", "--format", "json"])
    report = json.loads(capsys.readouterr().out)["environment"]
    assert {"policylint", "helm", "embedded", "git", "kustomize", "RE2", "cache"} <= set(report)
    assert report["git"].startswith("git version")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("POLICYLINT_HELM", raising=False)
    run(["doctor", "."])
    assert "git          not on PATH: needed for --before git:REV" in capsys.readouterr().out


def test_a_first_configuration_names_its_schema(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=https://")
