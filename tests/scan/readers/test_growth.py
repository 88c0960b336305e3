"""Reading a file takes time that grows as its length does, whatever it holds.

Times are compared with each other, never with a clock: eight times the text may take at most 24
times as long, where quadratic reading takes 64 times as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from policylint.scan.repository.registry import read_source
from policylint.scan.texts.source import Source

pytestmark = pytest.mark.heavy

FACTOR, ALLOWED = 8, 24
QUICK = 0.1
"""Seconds of the longer text below which a ratio says nothing."""
HELM = "helm upgrade web ./chart"
NAMES = (
    "deploy.sh",
    "Makefile",
    "justfile",
    "Dockerfile",
    "Jenkinsfile",
    "crontab",
    "package.json",
    "README.md",
    "deploy.ps1",
    "deploy.bat",
    "deploy.py",
    "deploy.go",
    "deploy.ts",
    "main.tf",
)
SHAPES: dict[str, Callable[[int], str]] = {
    "blank lines": lambda n: "\n" * n,
    "lines of blanks": lambda n: "   \n" * n,
    "a long line": lambda n: "x" * n,
    "a long line of words": lambda n: "x " * n,
    "a long line of quotes": lambda n: "\"'" * n,
    "continued lines": lambda n: "x \\\n" * n,
    "keys": lambda n: "".join(f"k{i}: v\n" for i in range(n // 4)),
    "lists": lambda n: "a:\n" + "- a\n" * n,
    "open brackets": lambda n: "([{" * n,
    "templates": lambda n: "{{ if x }}a: b\n{{ end }}\n" * (n // 4),
    "open templates": lambda n: "{{ " * n,
    "substitutions": lambda n: "$(x " * (n // 8),
    "variables": lambda n: "A=$A$B\n" * (n // 4),
    "comments": lambda n: "/* # // \n" * n,
    "here-documents": lambda n: "cat <<EOF\n" * (n // 8),
    "commands": lambda n: f"{HELM}\n" * (n // 16),
}


def seconds(name: str, text: str) -> float:
    """The least of three readings."""
    taken = []
    for attempt in range(3):
        source = Source.of(name, f"{text}# {attempt}\n".encode())
        begun = time.process_time()
        with suppress(RecursionError):  # a scan says that the file is nested too deeply
            read_source(source)
        taken.append(time.process_time() - begun)
        if taken[-1] < QUICK / FACTOR:
            break
    return min(taken)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_reading_grows_with_the_text(name: str, shape: str) -> None:
    text = SHAPES[shape]
    frame = "{}\n# helm helm: helm_release releases: apiVersion: argoproj.io/\nrun: {}\n"
    short, long = (frame.format(text(n), HELM) for n in (150, 150 * FACTOR))
    seconds(name, short)  # what is loaded at the first use
    longer = seconds(name, long)
    if longer > QUICK:
        assert longer / seconds(name, short) < ALLOWED


EVALS = {
    "eval": 'eval "helm upgrade web ./chart --set a={0}"\n',
    "nested shells": "bash -c \"bash -c 'helm upgrade web{0} ./chart'\"\n",
    "functions": "f{0}() {{ helm upgrade web ./chart; }}\nf{0}\n",
    "callers": 'f{0}() {{ g "$@"; }}\nf{0} upgrade web ./chart\n',
    "loops": "for a{0} in 1 2 3; do helm upgrade web$a{0} ./chart; done\n",
}


@pytest.mark.parametrize("line", EVALS.values(), ids=EVALS.keys())
def test_thousands_of_commands_within_commands(line: str) -> None:
    head = 'g() { helm "$@"; }\n'
    short, long = (head + "".join(map(line.format, range(n))) for n in (125, 125 * FACTOR))
    seconds("deploy.sh", short)
    longer = seconds("deploy.sh", long)
    if longer > QUICK:
        assert longer / seconds("deploy.sh", short) < ALLOWED
