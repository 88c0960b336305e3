"""Whatever is sent, validity answers and does not crash, and answers the same for the same
object."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.validity import validate, validate_sent
from policylint.kyaml.load import load
from policylint.model import Apply, Target

BASES = load((Path(__file__).parent / "recorded" / "bases.yaml").read_text(), "bases.yaml")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 70000) | st.floats(-2, 2) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "spec", "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path] * bool(path) + [
        place for key, item in pairs for place in _places(item, (*path, key))
    ]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(BASES)),
    st.data(),
    ANYTHING,
    st.sampled_from(["1.28", "1.30", "1.33", "1.34", "1.36", "1.40"]),
)
def test_any_value_anywhere_gets_an_answer(
    name: str, data: st.DataObject, value: Any, minor: str
) -> None:
    obj = copy.deepcopy(BASES[name])
    *steps, last = data.draw(st.sampled_from(_places(obj)))
    place = obj
    for step in steps:
        place = place[step]
    if (*steps, last) not in {("apiVersion",), ("kind",)}:
        place[last] = value
    before = copy.deepcopy(obj)
    for apply in Apply:
        target = Target(minor, apply=apply)
        assert validate_sent(obj, schemas(minor), target) == validate_sent(
            obj, schemas(minor), target
        )
        assert validate(obj, schemas(minor), target) == validate(obj, schemas(minor), target)
    assert obj == before
