"""Every labelled declaration of fixtures/pipelines/declarative is found, with every fact of its
label, and no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policylint.kyaml.load import load
from policylint.scan.invocations.model import ALWAYS, Flag, Invocation
from policylint.scan.invocations.reader import Reading
from policylint.scan.repository.registry import read_source
from policylint.scan.texts.source import Source

CORPUS = Path(__file__).parents[3] / "fixtures" / "pipelines" / "declarative"
LABELS: dict[str, list[dict[str, Any]]] = load((CORPUS / "labels.yaml").read_text(), "labels.yaml")
WORDS = ("release", "chart", "version", "namespace")


def declared(name: str) -> tuple[Reading, ...]:
    return read_source(Source.of(name, (CORPUS / name).read_bytes(), CORPUS))


def expected(label: dict[str, Any]) -> dict[str, Any]:
    facts = {word: label.get(word) for word in WORDS}
    facts |= {key: label.get(key, 0) for key in ("values_files", "set_count")}
    facts |= {key: label[key] for key in ("line", "tool")}
    dynamic = label.get("dynamic", False)
    named = {name: label[name] for name in ("version", "namespace") if label.get(name) is not None}
    flags = {**named, **label.get("flags", {})}
    rest = ("unknown" if dynamic else "unset", None)
    states = dict.fromkeys(ALWAYS, rest)
    states |= {name: state_of(value) for name, value in flags.items()}
    states |= dict.fromkeys(label.get("disabled", ()), ("unset", False))
    return {**facts, "action": label.get("action", "upgrade"), "dynamic": dynamic, "flags": states}


def state_of(value: Any) -> tuple[str, Any]:
    return ("unknown", None) if value == "unknown" else ("set", value)


def seen(invocation: Invocation) -> dict[str, Any]:
    shown = invocation.to_json()
    names = {*ALWAYS, *invocation.flags} - {"set", "values"}
    flags: dict[str, Flag] = {name: invocation.flag(name) for name in names}
    keys = ("line", "tool", "action", *WORDS, "values_files", "set_count", "dynamic")
    return {
        **{key: shown[key] for key in keys},
        "flags": {name: (f.state, f.value) for name, f in flags.items()},
    }


def test_every_file_is_labelled() -> None:
    files = {str(path.relative_to(CORPUS)) for path in CORPUS.rglob("*") if path.is_file()} - {
        "labels.yaml"
    }
    assert files == set(LABELS)
    assert len(files) >= 70
    assert sum(map(len, LABELS.values())) >= 100


@pytest.mark.parametrize("name", sorted(LABELS))
def test_the_labels_hold(name: str) -> None:
    invocations = [item for item in declared(name) if isinstance(item, Invocation)]
    invocations.sort(key=lambda item: item.line)
    assert [seen(item) for item in invocations] == [expected(item) for item in LABELS[name]]


@pytest.mark.parametrize("name", sorted(LABELS))
def test_a_set_flag_says_where_it_stands(name: str) -> None:
    data = (CORPUS / name).read_bytes()
    for invocation in declared(name):
        assert isinstance(invocation, Invocation)
        for flag in invocation.flags.values():
            if flag.origin is None or flag.origin.file != name or flag.written.startswith("--"):
                continue
            assert flag.origin.start >= 0, "the bytes are known in the file itself"
            written = data[flag.origin.start : flag.origin.end].decode()
            assert written.lstrip("\"'").startswith(flag.written)
            before = data[: flag.origin.start].decode()
            assert (before.count("\n") + 1, len(before) - before.rfind("\n")) == (
                flag.origin.line,
                flag.origin.column,
            )
