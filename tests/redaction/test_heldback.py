"""Secrets that were written down without a look at the detectors, alone and through the program."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from policylint.cli.app import run
from policylint.redaction.redactor import Redactor
from policylint.redaction.texts import masked
from policylint.report.formats import names
from tests.redaction.heldback import Entry, entries, look_alikes
from tests.redaction.test_corpus import shows

SEEDS = range(int(os.environ.get("POLICYLINT_SEEDS", "5")))
"""Each seed makes other secrets of the same kinds."""
COMMANDS = (
    *(("check", name) for name in names()),
    *(("diff", name) for name in ("text", "json", "jsonpatch")),
)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_secret_is_shown(seed: int) -> None:
    made = entries(seed)
    assert len(made) >= 500
    assert [entry for entry in made if shows(masked(entry.text), entry.secret)] == []


def test_no_secret_is_shown_as_a_value() -> None:
    redactor = Redactor()
    for entry in entries(1):
        shown = redactor.value({"data": {"app.conf": entry.text}, "args": [entry.text]})
        assert not shows(json.dumps(shown, ensure_ascii=False), entry.secret), entry


@pytest.mark.parametrize("seed", SEEDS)
def test_what_looks_like_a_secret_stays_readable(seed: int) -> None:
    texts = [entry.text for entry in look_alikes(seed)]
    assert len(texts) >= 300
    wrongly = [text for text in texts if masked(text) != text]
    assert len(wrongly) <= len(texts) // 100, wrongly


def manifest(made: list[Entry], *, revision: int) -> str:
    """Every text in a key of a ConfigMap and as an argument of a container."""
    texts = [f"{entry.text}\n# {revision}" for entry in made]
    objects = (
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "immutable": True,  # so that each change is a finding
            "metadata": {"name": f"app-{number}", "annotations": {"example.com/note": text}},
            "data": {"app.conf": text},
        }
        for number, text in enumerate(texts)
    )
    return "\n---\n".join(map(json.dumps, objects))


@pytest.mark.parametrize(("command", "form"), COMMANDS)
def test_no_secret_passes_through_a_command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    form: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    made = entries(1)[::3]
    for revision, name in enumerate(("before.yaml", "after.yaml")):
        Path(name).write_text(manifest(made, revision=revision), "utf-8")
    words = (command, "after.yaml", "--before", "before.yaml", "--format", form)
    assert run((*words, "--helm-version", "3")) in (0, 1)
    printed = capsys.readouterr()
    assert printed.out
    shown = printed.out + printed.err
    assert [entry for entry in made if shows(shown, entry.secret)] == []
