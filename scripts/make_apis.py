"""Make `policylint/data/apis.json`: which built-in API version came, was deprecated and went in
which minor.

The facts are Kubernetes' own: the methods `APILifecycleIntroduced`, `...Deprecated`, `...Removed`
and `...Replacement` of the published Go modules k8s.io/api, k8s.io/apiextensions-apiserver and
k8s.io/kube-aggregator. A type that newer modules no longer have keeps the last row that an older
one gave it, so several versions are read: those of VERSIONS, to which a new minor is added.

    python scripts/make_apis.py "$(go env GOMODCACHE)"

says which modules are not in the cache yet, as the command that downloads them.
"""

from __future__ import annotations

import json
import re
import sys
from itertools import product
from pathlib import Path
from typing import Any

VERSIONS = (
    "0.20.15",
    "0.22.17",
    "0.25.16",
    "0.28.15",
    "0.31.14",
    "0.34.4",
    "0.36.3",
    "0.37.2",
)
"""Oldest first: the newest word on a type counts."""
MODULES = ("api", "apiextensions-apiserver", "kube-aggregator")
OUT = Path(__file__).parent.parent / "policylint" / "data" / "apis.json"
_FACT = re.compile(r"func \(in \*(\w+)\) APILifecycle(\w+)\(\)[^{]*\{\s*return ([^\n]+)")
_GROUP = re.compile(r'GroupName\s*=\s*"([^"]*)"')
_NO_RESOURCE = re.compile(
    r"(Options|List|PodStatusResult|RangeAllocation|SerializedReference|AdmissionReview|ConversionReview|Scale"
    r"|APIGroupDiscovery|TokenRequest|DeploymentRollback|JobTemplate|Eviction)$"
)
"""Types that only travel inside requests: no manifest holds them."""
_FIRST_OFF = 24
"""From 1.24 on a new beta version is off unless the cluster turns it on (KEP-3136)."""
_STILL_ON = {("flowcontrol.apiserver.k8s.io", "v1beta3")}
"""legacyBetaEnabledByDefaultResources of kubernetes/pkg/controlplane/instance.go."""

Row = dict[str, Any]


def main(cache: Path) -> None:
    """Read each version of the modules below `cache` and write the table."""
    wanted = [f"{module}@v{version}" for module, version in product(MODULES, VERSIONS)]
    missing = [f"k8s.io/{name}" for name in wanted if not (cache / "k8s.io" / name).is_dir()]
    if missing:
        sys.exit("not in the cache: go mod download " + " ".join(missing))
    rows: dict[tuple[str, str, str], Row] = {}
    for name in wanted:
        for file in (cache / "k8s.io" / name).rglob("zz_generated.prerelease-lifecycle.go"):
            _read(file, name, rows)
    served = [row for _, row in sorted(rows.items()) if not _NO_RESOURCE.search(row["kind"])]
    lines = ",\n".join("  " + json.dumps(row) for row in served)
    OUT.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{len(served)} rows", file=sys.stderr)


def _read(file: Path, module: str, rows: dict[tuple[str, str, str], Row]) -> None:
    register = (file.parent / "register.go").read_text(encoding="utf-8")
    named = _GROUP.search(register) or _GROUP.search(
        (file.parent.parent / "register.go").read_text(encoding="utf-8")
    )
    group, version = (named.group(1) if named else ""), file.parent.name
    for kind, fact, value in _FACT.findall(file.read_text(encoding="utf-8")):
        row = rows.setdefault(
            (group, version, kind), {"apiVersion": _joined(group, version), "kind": kind}
        )
        row[fact.lower()] = _replacement(value) if fact == "Replacement" else _minor(value)
        row["on"] = _on_by_default(group, version, row.get("introduced", 0))
        row["source"] = f"k8s.io/{module}"


def _joined(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version


def _minor(value: str) -> int:
    major, minor = (int(number) for number in re.findall(r"\d+", value))
    return minor if major == 1 else 0


def _replacement(value: str) -> str:
    group, version, kind = re.findall(r'"([^"]*)"', value)
    return f"{_joined(group, version)} {kind}"


def _on_by_default(group: str, version: str, introduced: int) -> bool:
    if "alpha" in version:
        return False
    return "beta" not in version or introduced < _FIRST_OFF or (group, version) in _STILL_ON


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make_apis.py GOMODCACHE (see the top of this file)")
    main(Path(sys.argv[1]))
