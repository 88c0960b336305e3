"""One way somebody runs Helm: a command line or a declared release, with flags of three states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from policylint.model import Json, Location
from policylint.scan.shells.flags import State
from policylint.scan.texts.source import Place

if TYPE_CHECKING:
    from policylint.scan.shells.argv import Command
    from policylint.scan.texts.source import Source
    from policylint.scan.texts.yaml import Tree

ALWAYS = (
    "atomic",
    "cleanup-on-fail",
    "create-namespace",
    "dry-run",
    "force",
    "history-max",
    "install",
    "namespace",
    "reset-then-reuse-values",
    "reset-values",
    "reuse-values",
    "timeout",
    "version",
    "wait",
)
"""The flags that every invocation's JSON names, seen or not."""

INLINE = "<inline>"
"""Stands among the values files for values written in a declaration itself."""


class Flag(Struct, frozen=True):
    """One of Helm's flags, as it is given.

    `value` is the text given (True for a bare switch, False for `--atomic=false`), None where it
    cannot be told or where the flag was not seen. `written` is the spelling in the file
    ("--rollback-on-failure", "-n").
    """

    state: State
    value: Json = None
    origin: Place | None = None
    written: str = ""

    def to_json(self) -> dict[str, Json]:
        """`{"state", "value"}`, and where it stands."""
        row: dict[str, Json] = {"state": self.state, "value": self.value}
        if self.origin:
            row["line"], row["column"] = self.origin.line, self.origin.column
        return row


UNSET = Flag("unset")
UNKNOWN = Flag("unknown")


class Assignment(Struct, frozen=True):
    """One `--set` whose text is known; `origin` is where the flag stands together with it."""

    text: str
    origin: Place | None = None


class Written(Struct, frozen=True):
    """Values that stand in a declaration itself: a YAML text whose lines are those of `file`."""

    file: str
    text: str


class Job(Struct, frozen=True):
    """What surrounds a command in CI: minutes until the job is stopped, what may run at the same
    time."""

    name: str = ""
    timeout: float | None = None
    """Minutes; None where the job gives none, or not a number."""
    concurrency: str | None = None
    """The concurrency or resource group, None where there is none."""
    cancel_in_progress: bool | None = None
    environment: str = ""
    stage: str = ""
    own_cluster: bool = False
    """Whether the job makes a cluster for itself (kind, k3d, minikube), which nothing else deploys
    to."""


class Invocation(Struct, frozen=True):
    """One helm or helmfile command, or one declared release.

    `line` is that of the helm or helmfile word, or the first of the declaration. `release`,
    `chart`, `version` (the chart's) and `namespace` are None where they are not given or cannot be
    told; `written` then has the words as the file spells them. `dynamic` says that arguments may be
    given which cannot be seen here: every flag not seen is then unknown.
    """

    file: str
    line: int
    column: int
    tool: str
    action: str
    release: str | None = None
    chart: str | None = None
    version: str | None = None
    namespace: str | None = None
    flags: Mapping[str, Flag] = field(default_factory=dict)
    values_files: tuple[str, ...] = ()
    """The files that give values as they are written; `INLINE` for values inside a declaration."""
    sets: tuple[str, ...] = ()
    """Each `--set`-like argument as it is written: `key=value`, or the key where the value is given
    elsewhere."""
    assigned: tuple[Assignment, ...] = ()
    """Those of `sets` that `--set` itself gives, whose types Helm guesses, where they can be
    told."""
    inline: tuple[Written, ...] = ()
    """The values that a declaration holds itself, where no template writes them."""
    dynamic: bool = False
    written: Mapping[str, str] = field(default_factory=dict)
    """release, chart, version, namespace and action as spelled in the file."""
    positionals: tuple[str | None, ...] = ()
    """The words after the verb that are no flags; None for one that cannot be told."""
    job: Job | None = None
    helm_version: str = ""
    """The Helm that runs it, "3" or "3.14.2", as far as the file says; "" where it does not."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of the file that Helm itself reads (HELM_MAX_HISTORY, HELM_NAMESPACE, ...)."""
    repeated: tuple[str, ...] = ()
    """Flags given more than once though only the last counts."""
    syntax: str = "shell"
    """What the place is written in: shell, powershell, yaml, hcl or code."""
    insertion: Place | None = None
    """Where ` --flag` can be written into a command; None where it cannot."""
    span: Place | None = None
    """The whole command or declaration, from its first word to its last."""
    overlays: tuple[Tree, ...] = ()
    """What patches of the repository merge into the declaration."""
    source: Source | None = None
    """The file's text, for edits of it; None for a command that stands in no file."""
    command: Command | None = None
    """The words of a helm command, told apart; None for a declaration, and where several readings
    of one place differ."""

    def flag(self, name: str) -> Flag:
        """The flag by Helm 3's name; one that was not seen is unset, or unknown where arguments are
        hidden."""
        return self.flags.get(name) or (UNKNOWN if self.dynamic else UNSET)

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.line, self.column, file=self.file)

    @property
    def identity(self) -> str:
        """What it does, wherever it stands: tool, action, release, chart, namespace."""
        known = {"release": self.release, "chart": self.chart, "namespace": self.namespace}
        words = [value or self.written.get(name, "") for name, value in known.items()]
        return " ".join(filter(None, (self.tool, self.action, *words)))

    @property
    def location(self) -> Location:
        """Where it is, for a finding."""
        return Location("command", self.file, self.line, self.column, self.release or "")

    def places(self, name: str) -> tuple[Location, ...]:
        """Where it is, and where the flag is set for it: helmDefaults, a template, a patch."""
        origin = self.flag(name).origin
        if origin is None or self.span is None or self._holds(origin):
            return (self.location,)
        return (self.location, Location("cause", origin.file, origin.line, origin.column))

    def _holds(self, place: Place) -> bool:
        span = self.span
        return span is not None and place.file == span.file and span.start <= place.start < span.end

    @property
    def deploys(self) -> bool:
        """Whether it changes a release in the cluster: install, upgrade, rollback, uninstall,
        apply, sync, destroy."""
        return self.action in (
            "install",
            "upgrade",
            "rollback",
            "uninstall",
            "apply",
            "sync",
            "destroy",
        )

    @property
    def pretends(self) -> bool:
        """Whether it is a dry run."""
        flag = self.flag("dry-run")
        return flag.state == "set" and str(flag.value).lower() not in ("none", "false")

    def to_json(self) -> dict[str, Any]:
        """The invocation as the report has it."""
        names = sorted({*ALWAYS, *self.flags})
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "tool": self.tool,
            "action": self.action,
            "release": self.release,
            "chart": self.chart,
            "version": self.version,
            "namespace": self.namespace,
            "flags": {name: self.flag(name).to_json() for name in names},
            "values_files": len(self.values_files),
            "set_count": len(self.sets),
            "dynamic": self.dynamic,
        }


def as_json(invocation: Invocation) -> dict[str, Any]:
    """An invocation as the report has it, and what rules in YAML may look at beside that."""
    row = invocation.to_json()
    for name, flag in row["flags"].items():
        flag["written"] = invocation.flag(name).written or f"--{name}"
    return row | {
        "deploys": invocation.deploys,
        "pretends": invocation.pretends,
        "in_ci": invocation.job is not None,
        "positionals": list(invocation.positionals),
        "environment": sorted(invocation.environment),
    }
