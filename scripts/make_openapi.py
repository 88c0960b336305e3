"""Make policylint/data/openapi-MINOR.json.gz: what Kubernetes publishes of its built-in kinds.

    go mod download k8s.io/api@v0.37.2 k8s.io/apimachinery@v0.37.2 \
        k8s.io/apiextensions-apiserver@v0.37.2 k8s.io/kube-aggregator@v0.37.2
    python scripts/make_openapi.py "$(go env GOMODCACHE)" openapi-1.37.json.gz ...

Each recording is the OpenAPI v3 document of a real API server. Its prose is dropped; what judging
needs is kept, in the source's own words. The Go types of the same minor add what no document says:
which fields are pointers (`x-go-pointers` of a struct: there a zero value is not the same as none),
and the values of `+enum` types where the document has none. Schemas say in `provenance` which
versions they were made from. Afterwards the new minor is added to RECORDED in
policylint/kubernetes/api/schemas.py, which names the newest one, and `make score` tells what the
tables still lack.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

Raw = dict[str, Any]

DROPPED = {"description", "title", "externalDocs", "example", "x-kubernetes-unions"}
PREFIX = "#/components/schemas/"
BUILT_IN = "io.k8s."
"""A recorded server may have had custom resources; their schemas have other names."""
OUT = Path(__file__).parent.parent / "policylint" / "data"

MODULES = {
    "io.k8s.api.": "api",
    "io.k8s.apimachinery.pkg.apis.": "apimachinery",
    "io.k8s.apiextensions-apiserver.pkg.apis.": "apiextensions-apiserver",
    "io.k8s.kube-aggregator.pkg.apis.": "kube-aggregator",
}
"""Prefix of a schema's name -> Go module whose types it describes."""
SCALARS = re.compile(r"\.(Quantity|IntOrString|Time|MicroTime)$")
"""Schemas that hold plain values although they have a name."""

_STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r'^\t(?:(\w+)\s+)?(\**)([\w.\[\]*]+)\s+`json:"([^",]*)', re.MULTILINE)
_ENUM = re.compile(r"((?:^//[^\n]*\n)+)type (\w+) string$", re.MULTILINE)
_CONSTANT = re.compile(
    r'^\t\w+\s+(\w+)\s*=\s*"([^"]*)"|^\t\w+\s*=\s*(\w+)\("([^"]*)"\)', re.MULTILINE
)


class Field(NamedTuple):
    """A field of a Go struct; `name` is "" for one that is inlined."""

    name: str
    pointer: bool
    type: str


class Package(NamedTuple):
    """The types of one Go package: structs by name, values of enumerations by type."""

    structs: dict[str, tuple[Field, ...]]
    enums: dict[str, tuple[str, ...]]


def package(directory: Path) -> Package:
    """Read the Go types of a directory."""
    files = [file for file in directory.glob("*.go") if not file.name.endswith("_test.go")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in sorted(files))
    structs = {name: tuple(fields(body)) for name, body in _STRUCT.findall(text)}
    return Package(structs, enums(text))


def enums(text: str) -> dict[str, tuple[str, ...]]:
    """The values of each string type that is marked `+enum`: those of its constants, which are
    written `NAME TYPE = "VALUE"` or `NAME = TYPE("VALUE")`."""
    values: dict[str, set[str]] = {}
    for comment, name in _ENUM.findall(text):
        if "+enum" in comment:
            values[name] = set()
    for typed, value, converted, value_of_call in _CONSTANT.findall(text):
        if (typed or converted) in values:
            values[typed or converted].add(value or value_of_call)
    return {name: tuple(sorted(constants)) for name, constants in values.items() if constants}


def fields(body: str) -> Iterator[Field]:
    """The fields of a struct that have a JSON name or are inlined."""
    for go_name, stars, type_, name in _FIELD.findall(body):
        if name or not go_name:
            yield Field(name, bool(stars), type_)


def flat(types: Package, struct: str) -> Iterator[Field]:
    """The fields of a struct, those of inlined structs of the same package too."""
    for field in types.structs.get(struct, ()):
        if field.name:
            yield field
        elif field.type in types.structs:
            yield from flat(types, field.type)


class Types:
    """The Go types of one minor."""

    def __init__(self, cache: Path, minor: str) -> None:
        self.modules: dict[str, Path] = {}
        self._packages: dict[Path, Package] = {}
        for module in MODULES.values():
            wanted = f"{module}@v0.{minor.partition('.')[2]}.*"
            directories = sorted((cache / "k8s.io").glob(wanted), key=_patch)
            if not directories:
                sys.exit(f"no {wanted} below {cache}/k8s.io: go mod download it (see the top)")
            self.modules[module] = directories[-1]

    def of(self, schema: str) -> tuple[Package, str] | None:
        """The package and struct of a schema's name; None for a name of another module."""
        for prefix, module in MODULES.items():
            if schema.startswith(prefix):
                *path, struct = schema.removeprefix(prefix).split(".")
                root = self.modules[module]
                inside = root if module == "api" else root / "pkg" / "apis"
                return self._package(inside.joinpath(*path)), struct
        return None

    def _package(self, directory: Path) -> Package:
        if directory not in self._packages:
            self._packages[directory] = package(directory)
        return self._packages[directory]


def _patch(directory: Path) -> int:
    return int(directory.name.rpartition(".")[2])


def slim(node: Raw) -> Raw:
    """One schema node without prose; an `allOf` of one reference becomes that reference."""
    kept = {key: value for key, value in node.items() if key not in DROPPED}
    if "allOf" in kept and len(kept["allOf"]) == 1:
        kept.update(slim(kept.pop("allOf")[0]))
    if "$ref" in kept:
        kept["$ref"] = kept["$ref"].removeprefix(PREFIX)
    if "properties" in kept:
        kept["properties"] = {name: slim(child) for name, child in kept["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(kept.get(key), dict):
            kept[key] = slim(kept[key])
    return kept


def with_go_facts(name: str, schema: Raw, types: Types) -> None:
    """Add to a schema what the Go struct of its name says."""
    place = types.of(name)
    if place is None or "properties" not in schema:
        return
    go, struct = place
    pointers = []
    for field in flat(go, struct):
        raw = schema["properties"].get(field.name)
        if raw is None:
            continue
        if field.pointer and ("$ref" not in raw or SCALARS.search(raw["$ref"])):
            pointers.append(field.name)
        _add_enum(raw, field.type, go)
    if pointers:
        schema["x-go-pointers"] = sorted(pointers)


def _add_enum(raw: Raw, type_: str, go: Package) -> None:
    values = go.enums.get(type_.removeprefix("[]"))
    if not values:
        return
    holder = raw["items"] if type_.startswith("[]") and "items" in raw else raw
    holder.setdefault("enum", list(values))


def make(source: Path, cache: Path) -> Path:
    """Write the slim document of one recording and return its path."""
    document = json.loads(gzip.decompress(source.read_bytes()))
    types = Types(cache, document["minor"])
    schemas = {
        name: slim(schema)
        for name, schema in document["schemas"].items()
        if name.startswith(BUILT_IN)
    }
    kinds = {}
    for name, schema in schemas.items():
        with_go_facts(name, schema, types)
        for gvk in schema.pop("x-kubernetes-group-version-kind", []):
            version = f"{gvk['group']}/{gvk['version']}" if gvk["group"] else gvk["version"]
            kinds[_version_kind(version, gvk["kind"])] = name
    resources = sorted(
        [r["groupVersion"], r["kind"], r["namespaced"]]
        for r in document["resources"]
        if "/" not in r["name"] and _version_kind(r["groupVersion"], r["kind"]) in kinds
    )
    slimmed = {
        "minor": document["minor"],
        "provenance": [f"k8s.io/{module.name}" for module in types.modules.values()],
        "kinds": kinds,
        "resources": resources,
        "schemas": schemas,
    }
    out = OUT / f"openapi-{document['minor']}.json.gz"
    text = json.dumps(slimmed, sort_keys=True, separators=(",", ":")).encode()
    out.write_bytes(gzip.compress(text, mtime=0))
    return out


def _version_kind(version: str, kind: str) -> str:
    return f"{version} {kind}"


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: make_openapi.py GOMODCACHE RECORDING ... (see the top of this file)")
    for argument in sys.argv[2:]:
        print(make(Path(argument), Path(sys.argv[1])))
