"""Damaged and long files: the readers of commands end, with invocations and failures alone, and soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policylint.invocations.model import Invocation
from policylint.invocations.source import Source, readers
from policylint.report import RuleFailure

CORPUS = Path(__file__).parents[2] / "fixtures" / "pipelines" / "commands"
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
    return [each for reader in readers() if reader.rank and reader.wants(source) for each in reader.read(source)]


@COMMON
@given(st.sampled_from(FILES), st.integers(0, 2000), st.integers(0, 2000))
def test_a_part_of_a_file(path: Path, start: int, length: int) -> None:
    text = path.read_bytes().decode()[start : start + length]
    for each in read(path.relative_to(CORPUS).as_posix(), text):
        assert isinstance(each, (Invocation, RuleFailure))
        if isinstance(each, Invocation):
            assert 1 <= each.line <= text.count("\n") + 1


@COMMON
@given(st.sampled_from(FILES), st.lists(st.tuples(st.integers(0, 1500), st.sampled_from(JUNK)), max_size=4))
def test_characters_put_in(path: Path, changes: list[tuple[int, str]]) -> None:
    text = path.read_bytes().decode()
    for at, what in changes:
        text = text[:at] + what + text[at:]
    for each in read(path.relative_to(CORPUS).as_posix(), text):
        assert isinstance(each, (Invocation, RuleFailure))


@COMMON
@given(st.sampled_from(["a.sh", "Makefile", "a.ps1", "a.bat", "justfile", "Jenkinsfile", "Dockerfile"]), st.binary())
def test_any_bytes(name: str, data: bytes) -> None:
    read(name, "helm " + data.decode("latin-1"))


LONG: dict[str, Callable[[int], str]] = {
    "a.sh": lambda count: "helm upgrade {{ web }} ./web --set a=b\n" * count,
    "glued.sh": lambda count: "helm upgrade web\\\n--install ./web\n" * count,
    "doubled.sh": lambda count: "A=x\n" + 'A="$A$A"\n' * count + "helm upgrade $A ./web\n",
    "branches.sh": lambda count: "if x; then A+=(--set a=b); fi\n" * (count // 10) + 'helm upgrade a b "${A[@]}"\n',
    "open.sh": lambda count: "cat <<EOF\nhelm upgrade\n" * count,
    "Makefile": lambda count: "ifdef A\nX = $(\nendif\n" * count + "a:\n\thelm upgrade $(X) y\n",
    "a.ps1": lambda count: '$x = @("a",\n@"\nhelm ls $x.y `\n' * count,
    "a.bat": lambda count: "set X=1\nhelm upgrade %X% y ^\n --set a=b\n" * count,
    "justfile": lambda count: 'a x="y":\n  helm upgrade {{x}} y\n' * count,
    "Jenkinsfile": lambda count: '/* """ sh "helm upgrade ${a} ./b"\n' * count,
    "README.md": lambda count: "```sh\nhelm upgrade a b\n```\n" * count,
    ".gitlab-ci.yml": lambda count: "".join(
        f"j{index}:\n  extends: [j{index + 1}, j{index + 2}]\n  script: [helm ls]\n" for index in range(count // 10)
    ),
}


@pytest.mark.parametrize("name", sorted(LONG))
def test_a_file_ten_times_as_long_takes_about_ten_times_as_long(name: str) -> None:
    def seconds(count: int) -> float:
        text, start = LONG[name](count), time.perf_counter()
        read(name, text)
        return time.perf_counter() - start

    seconds(10)
    assert seconds(2000) < 40 * max(seconds(200), 0.05)
