"""What the repository's own manifests send to a release: the Services and routes that its removal
leaves in the air."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from policylint.errors import ReadError
from policylint.model import Location
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.walk import naming
from policylint.scan.texts.source import Source
from policylint.scan.texts.yaml import Tree, documents

_ROUTERS = (
    *("Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "VirtualService"),
    *("IngressRoute", "IngressRouteTCP", "HTTPProxy", "Mapping"),
)
_BACKENDS = (
    "service",
    "backend",
    "defaultBackend",
    "backendRefs",
    "services",
    "destination",
    "route",
)
_NAMES = ("name", "serviceName", "host", "service")
_SELECTED = ("app.kubernetes.io/instance", "release")
_EXPECTED = (
    "golden",
    "testdata",
    "fixtures",
    "expected",
    "compare",
    "snapshots",
    "__snapshots__",
    "test",
    "tests",
)
"""Directories whose manifests are what a test looks for, and no part of any cluster."""
_MOST = 20
"""Releases that are looked for; each costs a search of the whole tree."""


class Route(Struct, frozen=True):
    """An object that sends traffic to a release: "Ingress web", and where it stands."""

    what: str
    location: Location


class Removal(Struct, frozen=True):
    """A command that uninstalls a release, and what still routes to it; the subject of rules on
    that."""

    invocation: Invocation
    release: str
    routes: tuple[Route, ...]

    @property
    def location(self) -> Location:
        """Where the command is."""
        return self.invocation.location


def removals(
    invocations: Iterable[Invocation],
    paths: Sequence[Path],
    root: Path,
    *,
    skip: Sequence[str] = (),
) -> Iterator[Removal]:
    """Each release that a helm command uninstalls by a name that can be told, with the routes below
    `paths` to it."""
    uninstalled = list(_uninstalled(invocations))
    searched = list(dict.fromkeys(name for _, name in uninstalled))[:_MOST]
    known = {name: tuple(_routes(name, paths, root, skip)) for name in searched}
    for command, name in uninstalled:
        left = _left(known.get(name, ()), command.namespace)
        if left:
            yield Removal(command, name, left)


def _uninstalled(invocations: Iterable[Invocation]) -> Iterator[tuple[Invocation, str]]:
    """Each command that uninstalls, and the releases that it names."""
    for command in invocations:
        if _uninstalls(command):
            yield from ((command, name) for name in command.positionals if name)


def _left(routes: Iterable[tuple[Route, str | None]], namespace: str | None) -> tuple[Route, ...]:
    """The routes that may stand in the namespace of the release."""
    return tuple(route for route, own in routes if _meets(own, namespace))


def _uninstalls(invocation: Invocation) -> bool:
    return (invocation.tool, invocation.action) == ("helm", "uninstall") and not invocation.flag(
        "dry-run"
    ).value


def _meets(namespace: str | None, released: str | None) -> bool:
    """Whether two namespaces may be the same; None is one that nothing tells."""
    return not namespace or not released or namespace == released


def _routes(
    release: str, paths: Sequence[Path], root: Path, skip: Sequence[str]
) -> Iterator[tuple[Route, str | None]]:
    for source in naming(release, paths, root, skip=skip):
        parts = {*source.path.parts[:-1], *source.path.suffixes}
        if source.suffix in (".yaml", ".yml") and not parts & {"templates", ".golden", *_EXPECTED}:
            yield from _of_file(source, release)


def _of_file(source: Source, release: str) -> Iterator[tuple[Route, str | None]]:
    for root in documents(source.text, source.file, wanted=lambda text: release in text):
        if isinstance(root, ReadError) or not _routes_to(root, release):
            continue
        kind, name = root.string("kind") or "", root.string("metadata", "name") or ""
        yield (
            Route(f"{kind} {name}", Location("cause", source.file, root.line)),
            root.string("metadata", "namespace"),
        )


def _routes_to(root: Tree, release: str) -> bool:
    kind, spec = root.string("kind"), root.get("spec")
    if spec is None:
        return False
    if kind == "Service":
        chosen = [spec.string("selector", name) for name in _SELECTED]
        return release in chosen or _is_of(spec.string("externalName") or "", release)
    return kind in _ROUTERS and any(_is_of(name, release) for name in _named(spec, ""))


def _named(tree: Tree, parent: str) -> Iterator[str]:
    """The names of Services below a route."""
    for item in tree.items():
        yield from _named(item, parent)
    for key, value in tree.pairs():
        if value.text is not None and (
            key == "serviceName" or (key in _NAMES and parent in _BACKENDS)
        ):
            yield value.text
        yield from _named(value, key)


def _is_of(name: str, release: str) -> bool:
    """Whether a Service's name, with or without its domain, is that of the release or one that
    charts make of it."""
    first = name.partition(".")[0]
    return first == release or first.startswith(f"{release}-")
