"""What a render engine is: a side goes in, Helm's manifest text comes out."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from policylint.helm.inputs.sides import ChartSide

OLDEST = {"3": 13}
"""The first minor of a line that knows `--dry-run=server`; Helm 4 has always known it."""


class Rendered(Struct, frozen=True):
    """One side's manifest text, as `helm template` prints it, hooks included.

    `crds` is the text of the chart's crds/ directories; it is part of `text` only where
    `--include-crds` asks for that. `notes` are Helm's warnings. `command` is the command line that
    does the same, with secret-like values redacted; "" where nothing was rendered.
    """

    text: str
    crds: str = ""
    notes: tuple[str, ...] = ()
    command: str = ""


class Pending(Protocol):
    """A render that is under way."""

    @property
    def is_done(self) -> bool:
        """Whether `wait` would give its result at once."""

    def wait(self) -> Rendered:
        """The result, once it is there; raises RenderError with Helm's own message."""

    def cancel(self) -> None:
        """End it and leave nothing behind; harmless when it is over."""


class Engine(Protocol):
    """Something that renders charts as one version of Helm does."""

    @property
    def name(self) -> str:
        """How the report calls it: the binary's path, or "embedded"."""

    @property
    def time_limit(self) -> float:
        """The seconds that one render may take."""

    @property
    def version(self) -> str:
        """Helm's version, "4.3.1"."""

    @property
    def line(self) -> str:
        """Helm's major version, "3" or "4"."""

    def start(self, side: ChartSide) -> Pending:
        """Begin to render, without waiting where that is possible."""

    def render(self, side: ChartSide) -> Rendered:
        """Render and wait."""


def asks_clusters(engine: Engine) -> bool:
    """Whether an engine can render what an upgrade makes of what a cluster holds."""
    if engine.name == "embedded":
        return True
    line, minor = engine.version.split(".")[:2]
    return int(minor) >= OLDEST.get(line, 0)
