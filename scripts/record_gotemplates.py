"""Go's own answers to the templates of fixtures/gotemplates/recorded.jsonl, and to random ones.

    go build -C scripts/gotemplates -o /tmp/gotemplates
    python scripts/record_gotemplates.py /tmp/gotemplates
    python scripts/record_gotemplates.py /tmp/gotemplates --random 5000 --seed 1

The first records the answers anew; the second compares random templates, and prints each of which
another text is printed here, or one that Go refuses. What is not evaluated here is no difference.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.gotemplates.render import rendered
from policylint.scan.gitops.gotemplates.sprig import SPRIG
from policylint.scan.gitops.gotemplates.values import from_json

FOLDER = Path(__file__).parent.parent / "fixtures/gotemplates"
DATA = FOLDER / "data.json"
RECORDED = FOLDER / "recorded.jsonl"

_UNFIT = ("set", "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite")
"""Functions that can make a map hold itself, at which Go's stack ends."""
_LITERALS = (
    *(
        '"a"',
        '"-"',
        '""',
        '"a b"',
        '"a/b/c"',
        "`\\d`",
        "'x'",
        '"\\n"',
        '"Ab cD"',
        '"%s-%d"',
        '"12"',
    ),
    *("1", "0", "-2", "1.5", "2.0", "true", "false", "nil"),
)
_FIELDS = (
    *(".name", ".env", ".port", ".ratio", ".yes", ".no", ".nothing", ".empty", ".list", ".numbers"),
    *(".map", ".map.x", ".map.y.z", ".objects", ".missing", ".missing.deep", ".accents", ".", "$v"),
    *("$.name", "(index .objects 0).n", "(index .objects 1).v"),
)
_OF_TYPE = {
    "s": ('"a"', '"-"', ".name", ".accents", ".empty", '"a/b/c"', '"%5.1f|"', '"%q"', '"b+"'),
    "i": ("0", "1", "2", "-1", "5", "(len .list)", "(int .port)"),
    "b": (".yes", ".no", "true", '(eq .env "prod")', "(not .nothing)"),
    "m": (".map", ".map.y", '(dict "k" .name "q" .nothing)', ".missing", "."),
    "f": (".ratio", "1.5"),
}


class _Templates:
    """Random templates."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._names = [name for name in SPRIG if name not in _UNFIT]
        self._names += ["and", "or", "eq", "default", "printf", "index", "ternary"] * 3

    def template(self) -> str:
        """One template."""
        size = self._random.randint(1, 3)
        return "{{ $v := .env }}" + "".join(self._node(2) for _ in range(size))

    def _node(self, depth: int) -> str:
        share = self._random.random()
        if share < 0.25:
            return self._random.choice(("a ", "\n", " - b\n", "x: ", "{{/* c */}}"))
        if share < 0.65 or depth == 0:
            return self._action(self._pipeline(2))
        if share < 0.72:
            return self._action(f"$v {self._random.choice((':=', '='))} {self._pipeline(1)}")
        return self._block(depth)

    def _block(self, depth: int) -> str:
        word = self._random.choice(("if", "with", "range", "range $i, $e :=", "with $v :="))
        opened = self._action(f"{word} {self._pipeline(1)}") + self._node(depth - 1)
        if self._random.random() < 0.5:
            opened += self._action("else") + self._node(depth - 1)
        return opened + self._action("end")

    def _action(self, inside: str) -> str:
        left = self._random.choice(("{{", "{{ ", "{{- "))
        return left + inside + self._random.choice(("}}", " }}", " -}}"))

    def _pipeline(self, depth: int) -> str:
        share = self._random.random()
        if share < 0.4:
            commands = [self._random.choice(_FIELDS + _LITERALS)]
        else:
            commands = [self._command(depth, 0)]
        while self._random.random() < 0.35:
            commands.append(self._command(depth, 1))
        return " | ".join(commands)

    def _command(self, depth: int, piped: int) -> str:
        name = self._random.choice(self._names)
        fixed, star, rest = SPRIG[name].takes.partition("*") if name in SPRIG else ("a", "*", "a")
        kinds = fixed + (rest * self._random.randint(0, 2) if star else "")
        words = [self._argument(kind, depth) for kind in kinds[: len(kinds) - piped]]
        return " ".join([name, *words])

    def _argument(self, kind: str, depth: int) -> str:
        if kind != "a" and self._random.random() < 0.93:
            return self._random.choice(_OF_TYPE[kind])
        if depth == 0 or self._random.random() < 0.7:
            return self._random.choice(_FIELDS + _LITERALS)
        return f"({self._pipeline(depth - 1)})"


def main() -> int:
    """Record, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not options.random:
        rows = [json.loads(line) for line in RECORDED.read_text("utf-8").splitlines()]
        asked = [{"template": row["template"], "strict": row["strict"]} for row in rows]
        _write([{**question, **answer} for question, answer in _answered(options.program, asked)])
        return 0
    templates = _Templates(options.seed)
    asked = [
        {"template": templates.template(), "strict": number % 3 == 0}
        for number in range(options.random)
    ]
    answers = _answered(options.program, asked)
    differing = [(question, answer) for question, answer in answers if _differs(question, answer)]
    for question, answer in differing:
        print(question, answer, _printed(question), sep="\n  ")
    print(f"{len(differing)} of {options.random} differ")
    return 1 if differing else 0


def _answered(program: str, asked: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    run = subprocess.run(
        [program, DATA],
        input="\n".join(map(json.dumps, asked)),
        capture_output=True,
        text=True,
        check=True,
    )
    return list(zip(asked, map(json.loads, run.stdout.splitlines()), strict=True))


def _write(rows: list[dict[str, Any]]) -> None:
    lines = []
    for row in rows:
        is_known = _printed(row) is not None or row.get("refused", False)
        own = row if is_known else {**row, "unknown": True}
        lines.append(json.dumps(own, ensure_ascii=False) + "\n")
    RECORDED.write_text("".join(lines), "utf-8")


def _printed(row: dict[str, Any]) -> str | None:
    data = from_json(json.loads(DATA.read_text("utf-8")))
    try:
        return rendered(row["template"], data, is_strict=row["strict"])
    except TemplateError:
        return None


def _differs(question: dict[str, Any], answer: dict[str, Any]) -> bool:
    printed = _printed(question)
    return printed is not None and printed != answer.get("printed")


if __name__ == "__main__":
    sys.exit(main())
