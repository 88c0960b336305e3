"""Every labelled command of fixtures/pipelines/commands is found, with every fact of its label, and
no other."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from policylint.kyaml.load import load
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.registry import read_source
from policylint.scan.texts.source import Source

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / "fixtures" / "pipelines" / "commands"
LABELS: dict[str, list[dict[str, Any]]] = load((CORPUS / "labels.yaml").read_text(), "labels.yaml")


@pytest.fixture(scope="module")
def scorer():
    spec = importlib.util.spec_from_file_location("score_scan", ROOT / "scripts" / "score_scan.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def invocations(name: str) -> list[Invocation]:
    source = Source.of(name, (CORPUS / name).read_bytes(), CORPUS)
    return [item for item in read_source(source) if isinstance(item, Invocation)]


def test_every_file_is_labelled() -> None:
    files = {
        path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*") if path.is_file()
    } - {"labels.yaml"}
    assert files == set(LABELS)
    assert len(files) >= 90


@pytest.mark.parametrize("name", sorted(LABELS))
def test_the_labels_hold(name: str, scorer) -> None:
    assert scorer.score(CORPUS, name, LABELS[name] or [], Counter()) == []


@pytest.mark.parametrize("name", sorted(LABELS))
def test_places_are_those_of_the_file(name: str) -> None:
    data = (CORPUS / name).read_bytes()
    lines = data.split(b"\n")
    for invocation in invocations(name):
        assert (
            b"helm" in lines[invocation.line - 1].lower()
            or invocation.tool != "helm"
            or b"$" in lines[invocation.line - 1]
            or (lines[invocation.line - 1][invocation.column - 1 : invocation.column] == b"h")
        )
        for flag in invocation.flags.values():
            if (
                flag.origin is not None
                and flag.origin.end > flag.origin.start >= 0
                and invocation.syntax == "shell"
            ):
                text = data[flag.origin.start : flag.origin.end].decode()
                assert flag.written.lstrip("-")[:1] in text


@pytest.mark.parametrize("name", sorted(LABELS))
def test_a_flag_written_at_the_insertion_point_is_seen(name: str) -> None:
    data = (CORPUS / name).read_bytes()
    for before in invocations(name):
        if (
            before.insertion is None
            or before.tool != "helm"
            or before.action not in ("upgrade", "install")
        ):
            continue
        at = before.insertion.start
        source = Source.of(name, data[:at] + b" --burst-limit=7" + data[at:], CORPUS)
        after = [item for item in read_source(source) if isinstance(item, Invocation)]
        same = [item for item in after if (item.line, item.column) == (before.line, before.column)]
        assert [item.flag("burst-limit").value for item in same] == ["7"], before
        assert len(after) == len(invocations(name))
