"""What a run did and how long each part of it took, kept where somebody asks for it (`--debug`).

Commands are kept as they were run: whoever shows them hides what is secret in them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import ParamSpec, TypeVar

from msgspec import Struct

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Event(Struct, frozen=True):
    """A stage (no words) or a command that was run, and the seconds it took."""

    stage: str
    seconds: float
    words: tuple[str, ...] = ()


class _Trace:
    """The events of this run; None where nobody asks."""

    events: list[Event] | None = None


def begin() -> None:
    """Keep what happens from now on."""
    _Trace.events = []


def end() -> tuple[Event, ...]:
    """What happened since, in the order it ended; nothing is kept any more."""
    events, _Trace.events = _Trace.events or [], None
    return tuple(events)


def is_kept() -> bool:
    """Whether somebody asks for what happens: then all of it happens in this process."""
    return _Trace.events is not None


def timed(
    stage: str,
    function: Callable[Parameters, Result],
    *arguments: Parameters.args,
    **options: Parameters.kwargs,
) -> Result:
    """Call a function as one stage of the run."""
    if _Trace.events is None:
        return function(*arguments, **options)
    start = perf_counter()
    try:
        return function(*arguments, **options)
    finally:
        _note(Event(stage, perf_counter() - start))


def ran(words: Sequence[str], start: float) -> None:
    """Note a command that ended, begun at a time of `perf_counter`."""
    if _Trace.events is not None:
        _note(Event("ran", perf_counter() - start, tuple(words)))


def _note(event: Event) -> None:
    if _Trace.events is not None:
        _Trace.events.append(event)
