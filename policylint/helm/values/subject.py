"""The change of values that an upgrade makes: what values rules judge."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct, field

from policylint.errors import RenderError
from policylint.helm.inputs.sides import ValuesInput
from policylint.helm.values.chart import Chart, read_values
from policylint.helm.values.given import read_file, user_values
from policylint.helm.values.modes import Effective, Mode, effective, upgrade_values
from policylint.helm.values.references import Path
from policylint.helm.values.tables import Table, dotted
from policylint.kyaml.lines import line_of
from policylint.model import Location
from policylint.runtime.patterns import pattern


class ValuesFile(Struct, frozen=True):
    """A values file of the upgrade as the user has it."""

    path: str
    text: str


class RenderFailure(Struct, frozen=True):
    """What Helm said when it could not render the after side: its words, the template and the
    line."""

    message: str
    template: str = ""
    line: int = 0
    key: str = ""

    @property
    def nil_pointer(self) -> bool:
        """Whether a template read below a value that is not there."""
        return "nil pointer evaluating" in self.message


EXPORT = (
    "helm prints no chart: export the release's record, which holds it, and name the file as the "
    "before side: "
    "kubectl get secret -n NAMESPACE -l owner=helm,name=NAME -o yaml > release.yaml"
)
"""What to do where a release is known by what helm prints of it."""

_PLACE = pattern(
    r"(?<![^\s:()])(?P<template>[^\s:()]+/templates/[^\s:()]+):(?P<line>\d+)(?::(?P<column>\d+))?"
)
_KEY = pattern(r"at <[^>]*?\.Values\.(?P<key>[\w.]++)[^>]*+>")


def failure_of(message: str) -> RenderFailure:
    """What helm (either line) or the engine said when a render failed, taken apart."""
    place, key = _PLACE.search(message), _KEY.search(message)
    return RenderFailure(
        message=message,
        template=place["template"] if place else "",
        line=int(place["line"]) if place else 0,
        key=key["key"] if key else "",
    )


class ValuesChange(Struct, frozen=True):
    """Both charts, both sides' user values, the mode, and the files they came from.

    `old` is None on a first install, and where a cluster's release is known by its values alone.
    `failure` is what rendering under this mode ended in, where it was tried.
    """

    new: Chart
    new_user: Table
    old: Chart | None = None
    old_user: Table = field(default_factory=dict)
    mode: Mode = Mode.DEFAULT
    helm: str = "4"
    files: tuple[ValuesFile, ...] = ()
    values_input: ValuesInput = field(default_factory=ValuesInput)
    failure: RenderFailure | None = None

    def under(self, mode: Mode) -> Effective:
        """What this upgrade would make of the values under a mode. Raises `RenderError` where Helm
        stops."""
        if self.old is None and not self.old_user:
            return effective(mode, self.new, self.new_user, self.helm)
        if self.old is None and mode is Mode.REUSE:
            raise RenderError(
                "--reuse-values takes the defaults of the old chart, which is not known",
                remedy=EXPORT,
            )
        # the other modes take nothing of the old chart
        return upgrade_values(
            mode, self.helm, self.old or self.new, self.old_user, self.new, self.new_user
        )

    def tried(self, mode: Mode) -> Effective | None:
        """As `under`, None where Helm stops: for comparing with a mode that is not this upgrade's
        own."""
        try:
            return self.under(mode)
        except RenderError:
            return None

    @property
    def defaults(self) -> Table:
        """The new chart's defaults with those of its subcharts; empty where Helm cannot put them
        together."""
        try:
            return effective(Mode.RESET, self.new, {}, self.helm).values
        except RenderError:
            return {}

    @property
    def effective(self) -> Effective:
        """What it makes of them under its own mode."""
        return self.under(self.mode)

    @property
    def location(self) -> Location | None:
        """The file that the user would look at first: the last values file."""
        if self.files:
            return Location("cause", self.files[-1].path)
        return None

    def place(self, path: Path) -> Location:
        """Where the user set a key: the last file that has it, else the command line, else the
        chart's defaults."""
        for file in reversed(self.files):
            line = line_of(file.text, path)
            if line and self.sets(file, path):
                return Location("cause", file.path, line, key=dotted(path))
        if (
            self.values_input.set
            or self.values_input.set_string
            or self.values_input.set_json
            or self.values_input.set_literal
        ):
            return Location("command", "--set", key=dotted(path))
        return self.default_place(path)

    def default_place(self, path: Path) -> Location:
        """Where the new chart's values.yaml has a key, or its nearest parent."""
        chart, inner = owner(self.new, path)
        where = f"{chart.path or chart.name}/values.yaml"
        return Location("cause", where, line_of(chart.values_text, inner), key=dotted(path))

    def sets(self, file: ValuesFile, path: Path) -> bool:
        """Whether one values file has this very key."""
        node: object = _table(file.text, file.path, self.helm)
        for part in path:
            if not isinstance(node, dict) or part not in node:
                return False
            node = node[part]
        return True


@lru_cache(maxsize=8)
def _table(text: str, path: str, helm: str) -> Table:
    """The values of a file, which is asked for one key after the other; nobody changes them."""
    return read_values(text, path, helm)


def owner(chart: Chart, path: Path) -> tuple[Chart, Path]:
    """The chart whose values.yaml would hold a key: a subchart for keys below its name that the
    parent lacks."""
    for child in chart.charts:
        if len(path) > 1 and child.name == path[0] and not line_of(chart.values_text, path[:2]):
            return owner(child, path[1:])
    return chart, path


def change_of(
    new: Chart,
    values_input: ValuesInput,
    *,
    old: Chart | None = None,
    old_user: Table | None = None,
    mode: Mode = Mode.DEFAULT,
    helm: str = "4",
    failure: RenderFailure | None = None,
    read: Callable[[str], str] = read_file,
) -> ValuesChange:
    """The values change of an upgrade with these flags; raises `ReadError` or `UsageError` for
    unreadable values."""
    files = tuple(ValuesFile(path, read(path)) for path in values_input.files)
    return ValuesChange(
        new=new,
        new_user=user_values(values_input, helm, read),
        old=old,
        old_user=old_user or {},
        mode=mode,
        helm=helm,
        files=files,
        values_input=values_input,
        failure=failure,
    )
