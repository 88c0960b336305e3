"""What every tool's module makes: a declared release with all that renders it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from policylint.model import Json
from policylint.scan.invocations.model import Invocation

UNKNOWN = "policylint-unknown"
"""How the placeholder of a value begins that is not known here."""


class ChartSource(Struct, frozen=True):
    """Where a release's chart comes from.

    `kind`: `path` (a directory of the repository), `repository` (http), `oci` or `unknown`. `name`
    is the chart's name, or its path from the repository's top. `url` is the repository's URL, or
    the whole reference of an OCI chart.
    """

    kind: str = "unknown"
    name: str = ""
    url: str = ""
    version: str = ""
    digest: str = ""
    file: str = ""
    """Where the version is written, where that is another file than the release's."""

    @property
    def shown(self) -> str:
        """The chart as a person would write it."""
        if self.kind == "oci":
            return self.url
        if self.url:
            return f"{self.url.rstrip('/')}/{self.name}"
        return self.name


class Layer(Struct, frozen=True):
    """One source of values, in the order in which the tool merges them.

    `kind`: `values` (a mapping), `file` (a file of the repository: `path`), `target` (a text put at
    one key, by Helm's --set syntax: `path`). `text` is the layer as it stands in `file`, its lines
    those of the file, where it can be shown so.
    """

    kind: str
    values: Mapping[str, Json] = {}
    path: str = ""
    text: str = ""
    file: str = ""
    label: str = ""


class Declared(Struct, frozen=True):
    """One release as a tool's files declare it at one revision.

    `unresolved` says what is not known, and why: the release cannot be rendered, or not as the tool
    would. `notes` are for the reader. `settings` are the tool's own words for how it rolls the
    release out.
    """

    tool: str
    name: str
    namespace: str
    file: str = ""
    line: int = 0
    cluster: str = ""
    environment: str = ""
    identity: str = ""
    """What tells releases of one name and namespace apart: the Application, where it is called
    otherwise."""
    chart: ChartSource = ChartSource()
    layers: tuple[Layer, ...] = ()
    sets: tuple[tuple[str, str], ...] = ()
    """(Helm's flag without dashes, its argument), in order."""
    secrets: tuple[str, ...] = ()
    """Values among them that the tool calls sensitive."""
    settings: Mapping[str, Json] = {}
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    include_crds: bool = False
    flags: tuple[str, ...] = ()
    """Further flags of `helm template` that the tool renders with."""
    unresolved: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    """Files and directories of the repository that decide it and are not read here."""
    written: str = ""
    """The declaration as it is written: of one that is not resolved, all that can be compared."""
    notes: tuple[str, ...] = ()
    invocations: tuple[Invocation, ...] = ()
    """The command or task that upgrades it, where one does: it is judged too."""

    @property
    def key(self) -> tuple[str, ...]:
        """What a release is known by, whichever tool declares it."""
        own = (self.cluster or self.environment, self.namespace, self.name)
        if self.identity:
            return (*own, self.identity)
        return own

    @property
    def is_absent(self) -> bool:
        """Whether the tool is told to uninstall it: helmfile's `installed: false`."""
        return self.settings.get("absent") is True

    @property
    def is_unapplied(self) -> bool:
        """Whether nothing in the repository applies it, where other releases are applied."""
        return self.settings.get("unapplied") is True

    @property
    def is_suspended(self) -> bool:
        """Whether the tool will not roll changes out."""
        return bool(self.settings.get("suspended"))


class Problem(Struct, frozen=True):
    """What stands in the way of finding releases: where, what, and what to do."""

    file: str
    line: int
    message: str
    remedy: str = ""
    paths: tuple[str, ...] = ()
    """Directories of the repository in which releases may be declared that were not found."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class Declarations(Struct, frozen=True):
    """All that a tree declares."""

    releases: tuple[Declared, ...] = ()
    problems: tuple[Problem, ...] = ()


def placeholder(name: str) -> str:
    """What stands for a value that is not known here; valid as a name and as a label."""
    word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"{UNKNOWN}-{word}"
