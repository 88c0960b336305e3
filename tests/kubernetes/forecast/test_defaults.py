"""Defaulting against recorded creations: what the server stores is what we say it stores."""

import gzip
import json
from pathlib import Path

import pytest

from policylint.kubernetes.api.gotypes import normal
from policylint.kubernetes.api.schemas import RECORDED, minor_number, schemas
from policylint.kubernetes.forecast.decode import decode

ORACLE = Path(__file__).parents[3] / "fixtures" / "oracle"
ALLOCATED = {
    "Service": {
        "clusterIP",
        "clusterIPs",
        "ipFamilies",
        "ipFamilyPolicy",
        "healthCheckNodePort",
        "nodePort",
    },
    "Job": {"selector", "metadata"},
    "Namespace": {"spec"},
    "PersistentVolumeClaim": {"dataSourceRef", "apiGroup"},
    "Ingress": {"ingressClassName"},
}


def without(value, names):
    if isinstance(value, dict):
        return {key: without(child, names) for key, child in value.items() if key not in names}
    return [without(item, names) for item in value] if isinstance(value, list) else value


def bare(node, body, names):
    return without(normal(node, body), {"metadata", *names})


@pytest.mark.parametrize("minor", RECORDED)
def test_stored_objects(minor):
    with gzip.open(ORACLE / f"defaults-{minor}.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    assert len(rows) > 80
    for row in rows:
        node = schemas(minor).kind(row["sent"]["apiVersion"], row["sent"]["kind"])
        names = ALLOCATED.get(row["sent"]["kind"], set())
        ours, theirs = (
            {
                key: without(value, names)
                for key, value in body.items()
                if key not in ("metadata", "status")
            }
            for body in (decode(node, row["sent"], minor_number(minor)), row["stored"])
        )
        assert bare(node, ours, names) == bare(node, theirs, names), row["sent"]


@pytest.mark.parametrize("spec", [{}, {"spec": None}, {"spec": {"volumeLifecycleModes": []}}])
def test_a_driver_without_modes_is_persistent(spec):
    body = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": "a.io"}}
    node = schemas("1.37").kind("storage.k8s.io/v1", "CSIDriver")
    assert decode(node, {**body, **spec}, 37)["spec"]["volumeLifecycleModes"] == ["Persistent"]
