"""flux-operator: the entry point that a FluxInstance syncs, and what a ResourceSet makes of its
inputs.

Sources: github.com/controlplaneio-fluxcd/flux-operator docs/api/v1 (fluxinstance.md,
resourceset.md) and internal/builder/resourceset.go: each resource is written as YAML, its
`<< ... >>` are a Go template in which a missing key is an error, and an object that is made twice
counts once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from policylint.model import Json
from policylint.scan.gitops.gotemplates.functions import Function
from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.gotemplates.render import rendered
from policylint.scan.gitops.gotemplates.slugs import slug
from policylint.scan.gitops.gotemplates.sprig import SPRIG
from policylint.scan.gitops.gotemplates.values import from_json
from policylint.scan.gitops.goyaml import go_yaml
from policylint.scan.gitops.tree import Item, mapping, parsed, sequence, string, value

GROUP = "fluxcd.controlplane.io"
_DELIMITERS = ("<<", ">>")
_LONGEST_SLUG = 63
_DISABLED = f"{GROUP}/reconcile"
_OFF = "disabled"

Find = Callable[[str, str, str], Item | None]
"""(kind, namespace, name) -> the object, None where it is not in the repository."""


class ResourceSetError(Exception):
    """Why the objects of a ResourceSet are not known here."""


def entry_point(item: Item) -> Item | None:
    """The Kustomization that a FluxInstance, or a release of the chart flux-instance, sets up; None
    for anything else."""
    if item.kind == "FluxInstance" and item.group == GROUP:
        sync = mapping(item.body, "spec", "sync")
    else:
        sync = mapping(item.body, "spec", "values", "instance", "sync")
    if not string(sync, "path") or not string(sync, "kind"):
        return None
    namespace = item.namespace or "flux-system"
    name = string(sync, "name") or namespace
    source: dict[str, Json] = {"kind": string(sync, "kind"), "name": name}
    body: dict[str, Json] = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"path": string(sync, "path"), "prune": True, "sourceRef": source},
    }
    return replace(item, body=body, text="")


def is_resource_set(item: Item) -> bool:
    """Whether an object makes others of its inputs."""
    return item.kind == "ResourceSet" and item.group == GROUP


def is_disabled(item: Item) -> bool:
    """Whether the operator leaves an object alone."""
    return mapping(item.body, "metadata", "annotations").get(_DISABLED) == _OFF


def objects(item: Item, find: Find) -> list[Item]:
    """What a ResourceSet makes, each where the ResourceSet stands. Raises ResourceSetError."""
    spec = mapping(item.body, "spec")
    inputs = _inputs(item, spec, find)
    made: dict[tuple[str, ...], Item] = {}
    for step in _steps(spec):
        for body in _bodies(step, item, [{}] if inputs is None else inputs):
            own = replace(item, body=body, text="")
            made.setdefault((own.group, own.kind, own.namespace, own.name), own)
    return [own for own in made.values() if not is_disabled(own)]


def _steps(spec: dict[str, Json]) -> list[dict[str, Json]]:
    """Its steps; one where it has none."""
    return [step for step in sequence(spec, "steps") if isinstance(step, dict)] or [spec]


def _inputs(item: Item, spec: Mapping[str, Json], find: Find) -> list[dict[str, Any]] | None:
    """The input sets; None where it takes none."""
    body = dict(spec)
    providers = sequence(body, "inputsFrom")
    if string(body, "inputStrategy", "name") not in ("", "Flatten"):
        raise ResourceSetError("inputs that are permuted are not resolved")
    sets = [_with_provider(row, item) for row in sequence(body, "inputs") if isinstance(row, dict)]
    sets += [_static(reference, item, find) for reference in providers]
    if sets or providers:
        return sets
    return None


def _static(reference: Json, item: Item, find: Find) -> dict[str, Any]:
    """The inputs of a provider whose values are written down."""
    name = string(reference, "name")
    if not name:
        raise ResourceSetError("its inputs are those of providers by a selector")
    provider = find("ResourceSetInputProvider", item.namespace, name)
    if provider is None or string(provider.body, "spec", "type") != "Static":
        raise ResourceSetError(f"its inputs come from ResourceSetInputProvider {name}")
    return _with_provider(mapping(provider.body, "spec", "defaultValues"), provider)


def _with_provider(row: Mapping[str, Json], provider: Item) -> dict[str, Any]:
    own = {"kind": provider.kind, "name": provider.name, "namespace": provider.namespace}
    return {**row, "provider": {"apiVersion": provider.api, **own}}


def _bodies(step: dict[str, Json], item: Item, inputs: list[dict[str, Any]]) -> Iterator[Any]:
    for resource in sequence(step, "resources"):
        for row in inputs:
            yield from _read(_filled(go_yaml(resource), row), item)
    text = string(step, "resourcesTemplate")
    for row in inputs if text else ():
        yield from _read(_filled(text, row), item)


def _read(text: str, item: Item) -> Iterator[dict[str, Json]]:
    documents = parsed(text, item.file)
    if documents.error:
        raise ResourceSetError(f"what it makes cannot be read: {documents.error}")
    for made in documents.items:
        yield made.body


def _filled(text: str, inputs: dict[str, Any]) -> str:
    own = from_json(inputs)
    functions = {
        **SPRIG,
        "inputs": Function("", lambda: own),
        "slugify": Function("s", lambda name: slug(name, _LONGEST_SLUG)),
        "toYaml": Function("a", go_yaml),
        "mustToYaml": Function("a", go_yaml),
    }
    try:
        return rendered(text, None, functions=functions, delimiters=_DELIMITERS, is_strict=True)
    except TemplateError as error:
        raise ResourceSetError(str(error)) from None


def is_suspended(item: Item) -> bool:
    """Whether a ResourceSet is not reconciled."""
    return is_disabled(item) or value(item.body, "spec", "suspend") is True
