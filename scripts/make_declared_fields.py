"""Write policylint/data/declared-fields.json: the fields below `spec` of the kinds that declare
Helm releases.

    python scripts/make_declared_fields.py CRD.yaml ...

The files are the CustomResourceDefinitions as their projects ship them:
helm.toolkit.fluxcd.io_helmreleases.yaml (fluxcd/helm-controller config/crd/bases),
application-crd.yaml (argoproj/argo-cd manifests/crds), helm.cattle.io_helmcharts.yaml
(k3s-io/helm-controller pkg/crds/yaml/generated). A field whose own fields are free is null.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent.parent / "policylint" / "data" / "declared-fields.json"


def fields(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Each field and its own fields; None for a scalar, a map of any keys, and what keeps unknown
    fields."""
    schema = schema.get("items", schema)
    known = schema.get("properties")
    if (
        not known
        or schema.get("x-kubernetes-preserve-unknown-fields")
        or schema.get("additionalProperties")
    ):
        return None
    return {name: fields(below) for name, below in sorted(known.items())}


def main() -> None:
    """Read each CRD and write all."""
    kinds: dict[str, Any] = {}
    for name in sys.argv[1:]:
        crd = yaml.safe_load(Path(name).read_text())
        (served, *_) = (version for version in crd["spec"]["versions"] if version["served"])
        kind = f"{crd['spec']['group']}/{crd['spec']['names']['kind']}"
        kinds[kind] = fields(served["schema"]["openAPIV3Schema"]["properties"]["spec"])
    DATA.write_text(json.dumps(kinds, separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
