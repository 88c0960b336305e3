"""What kustomize itself builds: nothing outside of the tree is named, in whatever field and however
it is spelled, and nothing of the process's environment is passed on."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from policylint.errors import RenderError
from policylint.helm.render.texts import Rendered
from policylint.kubernetes.manifests.reader import Text
from policylint.pipeline import postrender
from policylint.scan.gitops.kustomize.binary import Binary
from policylint.scan.gitops.kustomize.build import Build
from policylint.scan.gitops.kustomize.files import BuildError
from policylint.scan.gitops.tree import Tree

OUTSIDE = ("/etc/hostname", "../../etc/hostname", "./../../x.yaml", "http://127.0.0.1:9/x.yaml")
"""Seen from a directory below the top of the tree."""
FIELDS: dict[str, Any] = {
    "resources": ["PATH"],
    "components": ["PATH"],
    "crds": ["PATH"],
    "configurations": ["PATH"],
    "openapi": {"path": "PATH"},
    "patches": [{"path": "PATH"}],
    "patchesStrategicMerge": ["PATH"],
    "patchesJson6902": [{"path": "PATH", "target": {"kind": "ConfigMap"}}],
    "replacements": [{"path": "PATH"}],
    "configMapGenerator": [{"name": "x", "files": ["PATH"]}],
    "secretGenerator": [{"name": "x", "files": ["key=PATH"]}],
    "Patches": [{"Path": "PATH"}],
    "configmapgenerator": [{"name": "x", "envs": ["PATH"]}],
    "Generators": ["PATH"],
    "validators": ["PATH"],
}


class Never:
    """A builder that must not be asked."""

    def build(self, root: Path, folder: str) -> str:
        raise AssertionError((root / folder / "kustomization.yaml").read_text("utf-8"))


def spelled(body: Any, path: str) -> Any:
    return yaml.safe_load(yaml.safe_dump(body).replace("PATH", path))


def tree(top: Path, files: dict[str, Any]) -> Tree:
    for name, body in files.items():
        file = top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(body), "utf-8")
    return Tree.of(top)


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("field", FIELDS)
def test_nothing_outside_is_named_here_or_in_a_base(tmp_path: Path, field: str, path: str) -> None:
    own = {"namePrefix": "x-", field: spelled(FIELDS[field], path)}
    deeper = {"images": [{"name": "a", "newName": "b"}], "resources": ["../app"]}
    files = {
        "app/kustomization.yaml": own,
        "prod/kustomization.yaml": deeper,
        # a file of the same name inside does not make a path from the root one of the repository
        "etc/hostname": {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "x"}},
    }
    build = Build(tree(tmp_path, files), Never())
    remote = "://" in path and field in ("resources", "components", "crds")
    for folder in () if remote else ("app", "prod"):  # a remote base is left out and told
        with pytest.raises(BuildError):
            build.folder(folder)


@pytest.mark.parametrize("folder", ["app", "prod"])
def test_a_remote_base_that_is_left_out_is_told(tmp_path: Path, folder: str) -> None:
    """In a kustomization, and in one that it takes; nothing of it is left for kustomize to fetch,
    and what is left is not empty, which kustomize refuses."""

    class Looking:
        def build(self, root: Path, folder: str) -> str:
            written = (root / "app/kustomization.yaml").read_text("utf-8")
            assert "example.com" not in written
            assert any(yaml.safe_load(written).values())
            return ""

    files = {
        "app/kustomization.yaml": {"resources": ["https://example.com/x?ref=v1"]},
        "prod/kustomization.yaml": {"resources": ["../app"], "replacements": []},
    }
    files[f"{folder}/kustomization.yaml"]["namePrefix"] = "x-"
    build = Build(tree(tmp_path, files), Looking())
    build.folder(folder)
    assert build.take_left_out() == ["a remote base is not fetched: https://example.com/x?ref=v1"]


def test_what_changes_a_remote_base_is_left_out_with_it(tmp_path: Path) -> None:
    class Looking:
        def build(self, root: Path, folder: str) -> str:
            written = yaml.safe_load((root / "app/kustomization.yaml").read_text("utf-8"))
            assert written == {"buildMetadata": ["originAnnotations"]}
            return ""

    own = {"resources": ["https://example.com/x"], "patches": [{"patch": "{kind: Namespace}"}]}
    files = {
        "app/kustomization.yaml": own,
        "prod/kustomization.yaml": {"resources": ["../app"], "namePrefix": "x-"},
    }
    build = Build(tree(tmp_path, files), Looking())
    build.folder("prod")
    assert build.take_left_out() == ["a remote base is not fetched: https://example.com/x"]


def test_kustomize_reads_what_was_looked_at(tmp_path: Path) -> None:
    class Reading:
        def build(self, root: Path, folder: str) -> str:
            assert folder == "prod"
            assert sorted(file.name for file in (root / "app").iterdir()) == ["kustomization.yaml"]
            assert yaml.safe_load((root / "app/kustomization.yaml").read_text("utf-8")) == {}
            return ""

    files = {"prod/kustomization.yaml": {"namePrefix": "x-", "resources": ["../app"]}}
    made = tree(tmp_path, files)
    (tmp_path / "app").mkdir()
    (tmp_path / "app/kustomization.yml").write_text("--- {}\n--- \nresources: [/etc/hostname]\n")
    Build(Tree.of(made.root), Reading()).folder("prod")


def test_the_environment_is_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "kustomize"
    program.write_text("#!/bin/sh\nenv\n", "utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("DEPLOY_TOKEN", "tiger")
    monkeypatch.setenv("no_proxy", "*")
    told = Binary((str(program),)).build(tmp_path, ".")
    assert "tiger" not in told
    assert "no_proxy" not in told
    assert "PATH=" in told


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("field", ["patches", "patchesStrategicMerge", "patchesJson6902"])
def test_a_post_renderer_names_no_file_outside(
    monkeypatch: pytest.MonkeyPatch, field: str, path: str
) -> None:
    monkeypatch.setattr(postrender, "find_builder", Never)
    manifest = Text("x", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    renderers = [{"kustomize": {field: spelled(FIELDS[field], path)}}]
    with pytest.raises(RenderError):
        postrender.post_rendered(Rendered((manifest,)), renderers)
