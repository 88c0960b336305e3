"""Against a real API server (`make e2e`): the forecast field by field, and the runbooks with real
helm.

Left out where no server is named by POLICYLINT_E2E_CONTEXT and KUBECONFIG (scripts/e2e.sh names
one).
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from policylint.advice.errors import explain
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Outcome, Target
from policylint.pipeline.judging.judge import Case, forecasted
from tests.helms import helm

CONTEXT = os.environ.get("POLICYLINT_E2E_CONTEXT", "")
ROOT = Path(__file__).parents[2]
KINDS = "ConfigMap,Deployment,Job,Service,StatefulSet"

pytestmark = pytest.mark.skipif(not CONTEXT, reason="no API server: run scripts/e2e.sh")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    out = tmp_path_factory.mktemp("recorded")
    command = [sys.executable, "scripts/record_oracle.py", "--context", CONTEXT, "--out", str(out)]
    subprocess.run([*command, "--kinds", KINDS, "--limit", "30"], cwd=ROOT, check=True, timeout=600)
    (file,) = out.glob("fields-*.jsonl.gz")
    minor = file.name.removeprefix("fields-").removesuffix(".jsonl.gz")
    with gzip.open(file, "rt") as lines:
        return minor, [json.loads(line) for line in lines]


def test_nothing_that_the_server_refuses_is_forecast_as_accepted(recorded):
    minor, rows = recorded
    refused = [row for row in rows if row["verdict"] == "rejected"]
    assert refused
    for row in refused:
        sides = [(Text(f"{side}.yaml", json.dumps(row[side])),) for side in ("before", "after")]
        (change,) = forecasted(Case("e2e", "default", Target(minor), *sides)).changes
        assert change.forecast.upgrade.outcome is not Outcome.ACCEPTED, row["error"]["message"][
            :300
        ]


def test_every_refusal_is_explained(recorded):
    for row in recorded[1]:
        if row["verdict"] == "rejected":
            assert explain(row["error"]["message"]) is not None, row["error"]["message"][:300]


def chart(directory, objects):
    (directory / "templates").mkdir(parents=True, exist_ok=True)
    (directory / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 0.1.0\n")
    (directory / "templates" / "all.yaml").write_text("\n---\n".join(map(json.dumps, objects)))
    return str(directory)


def configmap(value):
    metadata = {"name": "settings"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "immutable": True,
        "data": {"a": value},
    }


@pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl")
@pytest.mark.parametrize("line", ["3", "4"])
def test_deleting_first_gets_an_immutable_object_through(line, tmp_path):
    def run(*words):
        argv = [helm(line).path, *words, "--kube-context", CONTEXT, "-n", f"e2e-helm{line}"]
        return subprocess.run(argv, capture_output=True, text=True, timeout=120)

    def upgrade(*more):
        return run(
            "upgrade", "--install", "--create-namespace", "shop", chart(tmp_path / "shop", *more)
        )

    assert upgrade([configmap("1")]).returncode == 0
    refused = upgrade([configmap("2")])
    assert refused.returncode != 0
    explanation = explain(refused.stderr)
    assert (explanation.topic, explanation.name) == ("immutable-config-changed", "settings")
    assert run("upgrade", "shop", str(tmp_path / "shop"), "--force").returncode != 0
    kubectl = [
        "kubectl",
        "--context",
        CONTEXT,
        "-n",
        f"e2e-helm{line}",
        "delete",
        "configmap",
        "settings",
    ]
    subprocess.run(kubectl, check=True, timeout=60)
    assert upgrade([configmap("2")]).returncode == 0
