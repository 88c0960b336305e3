"""kustomize's helmCharts: what is rendered here is what kustomize itself inflates."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from policylint.config import Config
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.render.rendering import Rendering
from policylint.helm.render.texts import both_sides
from policylint.pipeline.declared.plans import declared_plans
from tests.pipeline.test_declared import commit, git
from tests.pipeline.test_repositories import ROOT, SIZED
from tests.servers import serving

yaml = pytest.importorskip("yaml")
KUSTOMIZE = shutil.which("kustomize")
HELM = os.environ.get("POLICYLINT_HELM3", "")


def documents(text):
    return sorted((body for body in yaml.safe_load_all(text) if body), key=str)


@pytest.mark.skipif(not (KUSTOMIZE and HELM), reason="needs kustomize and Helm 3")
def test_the_same_charts_with_the_same_values_come_to_the_same_manifests(tmp_path, monkeypatch):
    monkeypatch.setenv("POLICYLINT_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "repository"
    shutil.copytree(ROOT / "kustomize", root)
    with serving() as server:
        server.add_chart("cache", "1.2.0", {"templates/d.yaml": SIZED, "values.yaml": "{}\n"})
        for file in root.rglob("kustomization.yaml"):
            file.write_text(file.read_text("utf-8").replace("CHARTS", server.url), "utf-8")
        monkeypatch.chdir(root)
        git("init", "-q")
        commit()
        Path("notes.txt").write_text("x", "utf-8")
        options = Options(everything=True, allow_private_sources=True, helm=HELM)
        with Workspace() as workspace:
            plans = declared_plans(options, Config(), workspace).plans
            ours = {plan.source.file.rpartition("/")[0]: _rendered(plan) for plan in plans}
        theirs = {folder: _inflated(root / folder) for folder in ours}
    assert set(ours) == {"base", "overlays/production"}
    assert ours == theirs


def _rendered(plan):
    with Rendering(plan) as rendering:
        after = both_sides(rendering)[1]
    return documents("\n---\n".join(text.text for text in after.texts))


def _inflated(folder):
    argv = [KUSTOMIZE, "build", "--enable-helm", f"--helm-command={HELM}", str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return documents(done.stdout)
