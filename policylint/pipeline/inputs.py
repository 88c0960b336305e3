"""What rules in YAML may name beside their subject: the values of both sides, the history.

Each is made when a rule first asks for it, as most runs ask for none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from policylint.helm.inputs.revisions import History
from policylint.helm.inputs.sides import ChartSide, EmptySide, Side
from policylint.model import Json

if TYPE_CHECKING:
    from policylint.helm.values.subject import ValuesChange


class Inputs(Mapping[str, Json]):
    """Values by name, each made once."""

    def __init__(self, makers: Mapping[str, Callable[[], Json]]) -> None:
        self._makers = makers
        self._made: dict[str, Json] = {}

    def __getitem__(self, name: str) -> Json:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def inputs_of(
    change: ValuesChange | None, before: Side, history: History | None
) -> Mapping[str, Json]:
    """What a case knows; what it does not know has no name here."""
    makers: dict[str, Callable[[], Json]] = {}
    if change is not None:
        makers["values"] = partial(_new_values, change)
        if change.old is not None:
            makers["oldValues"] = partial(_old_values, change, before)
    if isinstance(before, EmptySide):
        makers["oldValues"] = partial(dict)
    if history is not None:
        makers["history"] = _history(history)
    return Inputs(makers)


def _new_values(change: ValuesChange) -> Json:
    return change.effective.values


def _old_values(change: ValuesChange, before: Side) -> Json:
    """The values of the old side as its templates saw them."""
    from policylint.helm.values.given import user_values
    from policylint.helm.values.modes import Mode, effective

    user = change.old_user
    if isinstance(before, ChartSide):
        user = user_values(before.values, change.helm)
    return effective(Mode.RESET, change.old or change.new, user, change.helm).values


def _history(history: History) -> Callable[[], Json]:
    def made() -> Json:
        from policylint.helm.history.report import to_json

        return to_json(history)

    return made
