"""Objects that a real API server refused: the errors are its own, word for word."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from policylint.kubernetes.api.schemas import minor_number, schemas
from policylint.kubernetes.forecast.decode import decode
from policylint.kubernetes.validity import validate
from policylint.kyaml.load import load
from policylint.model import Target

RECORDED = Path(__file__).parent / "recorded"
MINOR = "1.36"
"""The minor of a case that names none."""


def _read(name: str) -> Any:
    return load((RECORDED / name).read_text(), name)


BASES = _read("bases.yaml")
CASES = [
    pytest.param(case, id=f"{path.stem}-{number}-{case['base']}{'+'.join(case['set'])}")
    for path in sorted(RECORDED.glob("*.yaml"))
    if path.stem != "bases"
    for number, case in enumerate(_read(path.name))
]


def _object(case: dict[str, Any]) -> Any:
    copied = copy.deepcopy(BASES[case["base"]])
    for path, value in case["set"].items():
        _set(copied, path.strip("/").split("/"), value)
    return copied


def _set(place: Any, steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    key = int(steps[-1]) if isinstance(place, list) else steps[-1]
    if value is None:
        place.pop(key, None)
    else:
        place[key] = value


def _fields(obj: Any, minor: str = MINOR) -> set[str]:
    causes = validate(obj, schemas(minor), Target(minor))
    return {f"{cause.field}: {cause.message}" for cause in causes}


def _defaulted(obj: Any, minor: str = MINOR) -> Any:
    node = schemas(minor).kind(obj["apiVersion"], obj["kind"])
    assert node is not None
    return decode(node, obj, minor_number(minor))


@pytest.mark.parametrize("case", CASES)
def test_says_what_the_server_said(case: dict[str, Any]) -> None:
    minor = case.get("minor", MINOR)
    causes = _fields(_defaulted(_object(case), minor), minor)
    assert causes == set(case.get("said", case["server"]))


@pytest.mark.parametrize("case", CASES)
def test_object_as_sent_is_refused_exactly_when_the_server_refused_it(case: dict[str, Any]) -> None:
    assert bool(_fields(_object(case), case.get("minor", MINOR))) == bool(case["server"])


@pytest.mark.parametrize("name", sorted(BASES))
def test_bases_are_valid_as_sent_and_as_stored(name: str) -> None:
    assert _fields(BASES[name]) == set()
    assert _fields(_defaulted(BASES[name])) == set()
