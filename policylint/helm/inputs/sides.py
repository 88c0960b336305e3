"""What one side of a check is: a chart to render, manifests as they are, or nothing at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.kubernetes.api.schemas import NEWEST
from policylint.runtime.patterns import pattern

if TYPE_CHECKING:
    from policylint.helm.inputs.revisions import History, Revision


_SET_FILE = pattern(r"(\A|(?<!\\),)((?:[^=,\\]|\\.)++=)([^,]+)")

UNNAMED = "release-name"
"""What `helm template` calls a release that was given no name."""


def default_namespace() -> str:
    """The namespace that Helm takes where no `-n` is given: HELM_NAMESPACE, else `default`."""
    return os.environ.get("HELM_NAMESPACE") or "default"


class ValuesInput(Struct, frozen=True):
    """The values of Helm's command line, by flag, each in the order given.

    Helm merges all files first, then every `--set-json`, `--set`, `--set-string`, `--set-file` and
    `--set-literal`, whatever their order between each other on the command line.
    """

    files: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    set_string: tuple[str, ...] = ()
    set_json: tuple[str, ...] = ()
    set_file: tuple[str, ...] = ()
    set_literal: tuple[str, ...] = ()

    def flags(self) -> tuple[tuple[str, str], ...]:
        """(Helm's flag, its argument), in the order Helm merges them."""
        return (
            *(("--values", item) for item in self.files),
            *(("--set-json", item) for item in self.set_json),
            *(("--set", item) for item in self.set),
            *(("--set-string", item) for item in self.set_string),
            *(("--set-file", item) for item in self.set_file),
            *(("--set-literal", item) for item in self.set_literal),
        )

    @property
    def named(self) -> tuple[str, ...]:
        """Every file that is named: the values files, and those whose content `--set-file` makes a
        value."""
        return (
            *self.files,
            *(match[3] for item in self.set_file for match in _SET_FILE.finditer(item)),
        )

    def with_set_files(self, rename: Callable[[str], str]) -> ValuesInput:
        """The same with other names for the files of `--set-file`."""
        items = (
            _SET_FILE.sub(lambda match: match[1] + match[2] + rename(match[3]), item)
            for item in self.set_file
        )
        return replace(self, set_file=tuple(items))


class ChartSide(Struct, frozen=True):
    """A chart that Helm renders: `chart` is a directory, an archive, `oci://...`, `repo/name` or a
    name with `repo`.

    `root` is the directory that a git revision was copied to ("" for the work tree); paths below it
    are shown without it. `copies` are (path, name) of files that were copied from a pipe or
    standard input, shown by that name. `extra` are further arguments of `helm template`, passed on
    as they are. `reference` is the side as it was named, where helm has pulled its chart since.
    """

    chart: str
    values: ValuesInput = field(default_factory=ValuesInput)
    release: str = UNNAMED
    namespace: str = "default"
    version: str = ""
    repo: str = ""
    kube_version: str = NEWEST
    api_versions: tuple[str, ...] = ()
    include_crds: bool = False
    is_upgrade: bool = True
    label: str = ""
    root: str = ""
    copies: tuple[tuple[str, str], ...] = ()
    extra: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What the user should know of how this side came about, for the report's evidence."""
    reference: ChartSide | None = None

    @property
    def is_local(self) -> bool:
        """Whether the chart lies on this machine, so that its values can be worked out."""
        return "://" not in self.chart and os.path.exists(self.chart)  # noqa: PTH110

    def as_named(self, text: str) -> str:
        """`text` with the paths of temporary copies as the user knows them."""
        for path, name in self.copies:
            text = text.replace(path, name)
        if self.root:
            return text.replace(self.root.rstrip("/\\") + "/", "")
        return text


class ManifestSide(Struct, frozen=True):
    """Manifests as they are: (file name, text), in the order they are read."""

    text: tuple[tuple[str, str], ...]
    label: str = ""
    notes: tuple[str, ...] = ()
    apply_method: str = ""
    """How the release record says it was sent ("csa" or "ssa"); "" where there is no record."""
    revision: Revision | None = None
    """The release's revision with its chart and values, where the side comes from a record."""
    history: History | None = None
    """All that is known of the release's revisions, where the side comes from records."""


class EmptySide(Struct, frozen=True):
    """Nothing: a chart that is new (before) or gone (after)."""

    label: str = "nothing"
    notes: tuple[str, ...] = ()


Side = ChartSide | ManifestSide | EmptySide
