"""CONTRIBUTING's recipes name files and folders that are there."""

import re
from pathlib import Path

import pytest

from policylint.kubernetes.api.schemas import NEWEST

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
BASES = (ROOT, ROOT / "policylint", ROOT / "tests" / "e2e")
"""Where a path may begin: short ones in a sentence about the package or about `tests/e2e/`."""
MADE = ("recorded/", ".venv/", "~/", "policylint/data/derived/")
"""What a reader or a run makes."""
CASE = ("before.yaml", "after.yaml", "case.yaml")
FOREIGN = ("/spec", "k8s.io/")
"""Pointers into objects, and Go modules."""
WRITTEN = re.compile(r"[\w.*~-]*(?:/[\w.*~-]+)+/?|\b[\w-]+\.(?:py|yaml|json|md|sh)\b")


def next_minor() -> str:
    major, minor = NEWEST.split(".")
    return f"{major}.{int(minor) + 1}"


def named_paths() -> list[str]:
    """The paths in code spans and blocks, those with a placeholder (ID, NAME, WHAT) left out."""
    code = re.findall(r"```.*?```|`[^`\n]+`", TEXT, re.DOTALL)
    words = {word for span in code for word in WRITTEN.findall(span)}
    placeholder = re.compile(r"\b[A-Z]{2,}\b|the[-_]id|fail-|pass-")
    own = [word for word in words if not placeholder.search(word) or word.endswith("README.md")]
    return sorted(word for word in own if not word.startswith(MADE + FOREIGN) and word not in CASE)


def exists(path: str) -> bool:
    return any(next(base.glob(path.rstrip("/")), None) is not None for base in BASES)


@pytest.mark.parametrize("path", named_paths())
def test_a_named_path_exists(path):
    if next_minor() in path:
        path = path.replace(next_minor(), NEWEST)  # of the recipe for the minor to come
    assert exists(path), path


def test_the_recipes_name_paths_at_all():
    assert len(named_paths()) > 50
