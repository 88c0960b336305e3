"""Score the readers of commands on fixtures/pipelines: recall and precision of invocations and of
each fact.

    python scripts/score_scan.py [CORPUS]

CORPUS holds files and a labels.yaml as fixtures/pipelines/commands has it. Exits 1 below 100 %.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from policylint.kyaml.load import load
from policylint.scan.invocations.model import ALWAYS, Invocation
from policylint.scan.repository.registry import read_source
from policylint.scan.texts.source import Source

CORPUS = Path(__file__).parent.parent / "fixtures" / "pipelines" / "commands"
WORDS = ("release", "chart", "version", "namespace")
COUNTED = ("set", "set-string", "set-file", "set-json", "set-literal", "values")
Facts = dict[str, Any]


def expected(label: dict[str, Any]) -> Facts:
    """Every fact of a label, those left out included."""
    dynamic = label.get("dynamic", False)
    named = {name: label[name] for name in ("version", "namespace") if label.get(name) is not None}
    states = dict.fromkeys(ALWAYS, "unknown" if dynamic else "unset")
    for name, value in {**named, **label.get("flags", {})}.items():
        states[name] = "unknown" if value == "unknown" else "set"
    facts: Facts = {word: label.get(word) for word in WORDS}
    facts |= {"values_files": label.get("values_files", 0), "set_count": label.get("set_count", 0)}
    values = {name: value for name, value in label.get("flags", {}).items() if value != "unknown"}
    return {**facts, "dynamic": dynamic, "flags": states, "values": values}


def seen(invocation: Invocation) -> Facts:
    """The same facts of an invocation."""
    shown = invocation.to_json()
    facts = {key: shown[key] for key in (*WORDS, "values_files", "set_count", "dynamic")}
    states, values = {}, {}
    for name in {*ALWAYS, *invocation.flags}.difference(COUNTED):
        flag = invocation.flag(name)
        if name in ALWAYS or flag.state != "unset":
            states[name] = flag.state
        if flag.state == "set" and name not in WORDS:
            values[name] = flag.value
        elif flag.state == "set" and not shown[name]:
            values[name] = None  # it is set, to what the file does not tell
    return {**facts, "flags": states, "values": values}


def key(line: int, tool: str, action: str) -> tuple[int, str, str]:
    """What makes an invocation the same: where, with what, doing what."""
    return (line, tool, action)


def score(corpus: Path, name: str, labels: list[dict[str, Any]], totals: Counter[str]) -> list[str]:
    """Count one file's invocations and facts; the differences in words."""
    source = Source.of(name, (corpus / name).read_bytes(), corpus)
    invocations = [item for item in read_source(source) if isinstance(item, Invocation)]
    wanted = [
        (key(item["line"], item.get("tool", "helm"), item.get("action", "upgrade")), item)
        for item in labels
    ]
    missed: list[str] = []
    totals["found"] += len(invocations)
    totals["labelled"] += len(wanted)
    rest = list(invocations)
    for place, label in wanted:
        match = next(
            (item for item in rest if key(item.line, item.tool, item.action) == place), None
        )
        if match is None:
            missed.append(f"{name}:{place[0]}: not found: {place[1]} {place[2]}")
            continue
        rest.remove(match)
        totals["right"] += 1
        missed += [
            f"{name}:{place[0]}: {text}" for text in _facts(expected(label), seen(match), totals)
        ]
    return missed + [
        f"{name}:{item.line}: no invocation: {item.tool} {item.action}" for item in rest
    ]


def _facts(wanted: Facts, got: Facts, totals: Counter[str]) -> list[str]:
    wrong: list[str] = []
    for fact, value in wanted.items():
        totals[f"{fact} of"] += 1
        if got[fact] == value:
            totals[fact] += 1
        else:
            wrong.append(f"{fact} is {value!r}, read as {got[fact]!r}")
    return wrong


def main() -> int:
    """Print the score; 1 where anything is missed."""
    corpus = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    labels: dict[str, list[dict[str, Any]]] = load(
        (corpus / "labels.yaml").read_text(), "labels.yaml"
    )
    totals: Counter[str] = Counter()
    missed = [
        line
        for name, wanted in sorted(labels.items())
        for line in score(corpus, name, wanted or [], totals)
    ]
    print(*missed, sep="\n", end="\n" if missed else "")
    print(f"{len(labels)} files, {totals['labelled']} invocations")
    print(f"recall     {totals['right'] / max(totals['labelled'], 1):7.2%}")
    print(f"precision  {totals['right'] / max(totals['found'], 1):7.2%}")
    for fact in (*WORDS, "values_files", "set_count", "dynamic", "flags", "values"):
        print(f"{fact:<13}{totals[fact] / max(totals[f'{fact} of'], 1):7.2%}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
