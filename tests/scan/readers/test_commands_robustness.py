"""Damaged files: the readers of commands end, with invocations and failures alone."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policylint.errors import RuleFailure
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.registry import reader, wanted
from policylint.scan.texts.source import Source

CORPUS = Path(__file__).parents[3] / "fixtures" / "pipelines" / "commands"
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.name != "labels.yaml")
JUNK = (
    '"',
    "'",
    "`",
    "$(",
    "${",
    "}",
    ")",
    "<<EOF\n",
    "\\\n",
    "{{",
    "}}",
    "{%",
    "@(",
    '@"\n',
    "/*",
    "'''",
    ";;",
    "fi",
    "|",
    "\t",
)
COMMON = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(name: str, text: str) -> list[Invocation | RuleFailure]:
    source = Source.of(name, text.encode(), CORPUS)
    return [
        item
        for name, files in wanted().items()
        if files.rank and files.hold(source) and reader(name).wants(source)
        for item in reader(name).read(source)
    ]


@COMMON
@given(st.sampled_from(FILES), st.integers(0, 2000), st.integers(0, 2000))
def test_a_part_of_a_file(path: Path, start: int, length: int) -> None:
    text = path.read_bytes().decode()[start : start + length]
    for item in read(path.relative_to(CORPUS).as_posix(), text):
        assert isinstance(item, (Invocation, RuleFailure))
        if isinstance(item, Invocation):
            assert 1 <= item.line <= text.count("\n") + 1


@COMMON
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.integers(0, 1500), st.sampled_from(JUNK)), max_size=4),
)
def test_characters_put_in(path: Path, changes: list[tuple[int, str]]) -> None:
    text = path.read_bytes().decode()
    for at, what in changes:
        text = text[:at] + what + text[at:]
    for item in read(path.relative_to(CORPUS).as_posix(), text):
        assert isinstance(item, (Invocation, RuleFailure))


@COMMON
@given(
    st.sampled_from(
        ["a.sh", "Makefile", "a.ps1", "a.bat", "justfile", "Jenkinsfile", "Dockerfile"]
    ),
    st.binary(),
)
def test_any_bytes(name: str, data: bytes) -> None:
    read(name, "helm " + data.decode("latin-1"))
