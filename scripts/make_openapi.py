"""Make policylint/data/openapi-MINOR.json.gz from a recorded OpenAPI document of an API server.

    python scripts/make_openapi.py openapi-1.36.json.gz ...

Drops the prose, keeps what judging needs, and keeps the source's own words for it.
"""

import gzip
import json
import sys
from pathlib import Path

DROPPED = {"description", "title", "externalDocs", "example", "x-kubernetes-unions"}
PREFIX = "#/components/schemas/"
BUILT_IN = "io.k8s."
"""A recorded server may have had custom resources; their schemas have other names."""
OUT = Path(__file__).parent.parent / "policylint" / "data"


def slim(node):
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


def _version_kind(version: str, kind: str) -> str:
    return f"{version} {kind}"


def make(source: Path) -> Path:
    """Write the slim document of one recording and return its path."""
    document = json.loads(gzip.decompress(source.read_bytes()))
    schemas = {
        name: slim(schema)
        for name, schema in document["schemas"].items()
        if name.startswith(BUILT_IN)
    }
    kinds = {}
    for name, schema in schemas.items():
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
        "kinds": kinds,
        "resources": resources,
        "schemas": schemas,
    }
    out = OUT / f"openapi-{document['minor']}.json.gz"
    text = json.dumps(slimmed, sort_keys=True, separators=(",", ":")).encode()
    out.write_bytes(gzip.compress(text, mtime=0))
    return out


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(make(Path(argument)))
