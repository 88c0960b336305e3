"""`--debug`: what the run did and how long each part took, told beside the answer, without
secrets."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence

from policylint.cli.output import tell
from policylint.helm.engines.command import without_secrets
from policylint.redaction.redactor import Redactor
from policylint.runtime.trace import Event, end


def report(start: float) -> None:
    """Tell the trace of a run that began at a time of `perf_counter`."""
    events = end()
    lines = [*_stages(events), *map(_command, _commands(events))]
    whole = _row(time.perf_counter() - start, "the whole run")
    tell("\n".join(["debug: seconds, stage or command", *lines, whole]) + "\n")


def _stages(events: Sequence[Event]) -> Iterator[str]:
    """Each stage with all of its time, in the order of their first end."""
    stages: dict[str, list[float]] = {}
    for event in events:
        if not event.words:
            stages.setdefault(event.stage, []).append(event.seconds)
    for stage, times in stages.items():
        often = f" ({len(times)} times)" if len(times) > 1 else ""
        yield _row(sum(times), f"{stage}{often}")


def _commands(events: Sequence[Event]) -> Iterator[Event]:
    return (event for event in events if event.words)


def _command(event: Event) -> str:
    words = " ".join(map(shlex.quote, without_secrets(_told(event.words))))
    return _row(event.seconds, f"$ {Redactor().text(words)}")


def _told(words: Sequence[str]) -> Sequence[str]:
    """The words of a command; git's without the settings that each of its runs has."""
    if words[0] != "git":
        return words
    rest = [word for word in words[1:] if word != "--no-replace-objects"]
    while rest[:1] == ["-c"]:
        rest = rest[2:]
    return ["git", *rest]


def _row(seconds: float, words: str) -> str:
    return f"  {seconds:7.3f}  {words}"
