"""The smallest part of a whole that still shows something."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policylint.runtime.smallest import smallest

ITEMS = st.lists(st.integers(), min_size=1, max_size=40, unique=True)


@given(ITEMS, st.data())
def test_what_is_needed_is_found_and_nothing_else(items: list[int], data: st.DataObject) -> None:
    needed = data.draw(st.sets(st.sampled_from(items), min_size=1, max_size=4))
    assert set(smallest(items, lambda some: needed <= set(some))) == needed


@given(ITEMS, st.data())
def test_of_several_that_suffice_one_is_found(items: list[int], data: st.DataObject) -> None:
    enough = data.draw(st.sets(st.sampled_from(items), min_size=1, max_size=4))
    (chosen,) = smallest(items, lambda some: bool(enough & set(some)))
    assert chosen in enough


def test_the_likely_one_takes_one_question() -> None:
    asked: list[tuple[int, ...]] = []

    def shows(some: tuple[int, ...]) -> bool:
        asked.append(some)
        return 0 in some

    assert smallest(range(100), shows) == (0,)
    assert asked == [(0,)]
