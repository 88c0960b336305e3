"""Broken files never break a scan: fixtures with pieces cut, doubled, moved and replaced.

Each run takes a few hundred of them; `make fuzz` takes as many as POLICYLINT_FUZZ says. A failing
one is named by its seed, which makes it again.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from policylint.scan.repository.walk import scan

ROOT = Path(__file__).parents[2] / "fixtures"
ROUNDS = int(os.environ.get("POLICYLINT_FUZZ", "200"))
PER_TEST = 50
LARGEST = 6000
HOSTILE = (
    *(b"\0", b"\r", b"\xff\xfe", b"\xc3", b"\t", b"{{", b"}}", b"${", b"$(", b"`", b"'", b'"'),
    *(
        b"|",
        b">-",
        b"&a",
        b"*a",
        b"<<: ",
        b"- ",
        b": ",
        b"!!binary ",
        b"---\n",
        b"\\\n",
        b"<<EOF\n",
    ),
    *("\u2028".encode(), "\u202e".encode(), b"helm ", b"null", b"[", b"]", b"{", b"}", b"\n" * 40),
)


def originals() -> list[Path]:
    files = (path for path in sorted(ROOT.rglob("*")) if path.is_file())
    return [path for path in files if path.stat().st_size < LARGEST and holds_helm(path)]


def holds_helm(path: Path) -> bool:
    return b"helm" in path.read_bytes().lower()


def mutated(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 6)):
        start = chance.randint(0, len(data))
        end = min(len(data), start + chance.randint(0, 30))
        piece = chance.choice(
            (b"", chance.choice(HOSTILE), data[start:end] * 2, data[start:end][::-1])
        )
        data = data[:start] + piece + data[end:]
    return data


@pytest.mark.parametrize("first", range(0, ROUNDS, PER_TEST))
def test_no_mutation_breaks_a_scan(tmp_path: Path, first: int) -> None:
    files = originals()
    assert files
    for seed in range(first, first + PER_TEST):
        chance = random.Random(seed)
        original = chance.choice(files)
        name = original.relative_to(ROOT).as_posix()
        copy = tmp_path / str(seed) / name.partition("repo/")[2] if "repo/" in name else None
        path = copy or tmp_path / str(seed) / original.name
        path.parent.mkdir(parents=True)
        path.write_bytes(mutated(original.read_bytes(), chance))
        try:
            scan([path], tmp_path)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {name}") from error
