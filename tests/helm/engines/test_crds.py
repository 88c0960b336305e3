"""The CRDs that are read from a chart's own files are, byte for byte, what `helm template
--include-crds` prints."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from policylint.errors import PolicylintError
from policylint.helm.engines.crds import are_own
from policylint.helm.inputs.sides import ChartSide
from tests.helms import LINES, helm

CRD = (
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
    "metadata: {name: %s.example.com}\n"
)
HOOK = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hook, annotations: {helm.sh/hook: "
    "pre-upgrade}}\n"
)


def chart(folder: Path, files: dict[str, str | bytes]) -> Path:
    metadata = {"Chart.yaml": "apiVersion: v2\nname: operator\nversion: 1.0.0\n"}
    template = {"templates/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\n"}
    for name, content in {**metadata, **template, **files}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def printed(line: str, path: Path) -> str:
    command = [
        helm(line).path,
        "template",
        "r",
        str(path),
        "--kube-version",
        "1.36.0",
        "--include-crds",
    ]
    return subprocess.run(command, check=True, capture_output=True).stdout.decode()


WAYS: dict[str, dict[str, str | bytes]] = {
    "plain": {"crds/b.yaml": CRD % "b", "crds/a.yaml": CRD % "a"},
    "folders": {
        "crds/z.yaml": CRD % "z",
        "crds/m/x.yaml": CRD % "x",
        "crds/m.yaml": CRD % "m",
        "crds/m/k/y.yml": CRD % "y",
    },
    "names": {
        "crds/A.YAML": CRD % "a",
        "crds/b.json": "{}",
        "crds/README.md": "# none\n",
        "crds/c.yaml.bak": "no",
    },
    "content": {
        "crds/bom.yaml": b"\xef\xbb\xbf" + (CRD % "bom").encode(),
        "crds/empty.yaml": "",
        "crds/open.yaml": (CRD % "open").rstrip(),
        "crds/two.yaml": CRD % "one" + "---\n" + CRD % "two" + "\n\n",
        "crds/windows.yaml": (CRD % "win").replace("\n", "\r\n"),
    },
    "ignored": {
        ".helmignore": "crds/old*\n",
        "crds/old.yaml": CRD % "old",
        "crds/new.yaml": CRD % "new",
    },
    "all ignored": {".helmignore": "crds/\n", "crds/old.yaml": CRD % "old"},
    "only CRDs": {"crds/a.yaml": CRD % "a", "templates/map.yaml": ""},
    "only CRDs and hooks": {"crds/a.yaml": CRD % "a" + "\n\n", "templates/map.yaml": HOOK},
    "CRDs, map and hook": {"crds/a.yaml": CRD % "a" + "\n\n", "templates/hook.yaml": HOOK},
    "a name that is no text": {
        "Chart.yaml": "apiVersion: v2\nname: y\nversion: 1.0.0\n",
        "crds/a.yaml": CRD % "a",
    },
    "two documents of metadata": {
        "Chart.yaml": "---\napiVersion: v2\nname: operator\nversion: 1.0.0\n---\nname: other\n",
        "crds/a.yaml": CRD % "a",
        "templates/map.yaml": "",
    },
    "subchart without": {
        "crds/a.yaml": CRD % "a",
        "charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
        "charts/db/templates/m.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\n",
    },
}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("way", WAYS)
def test_own_crds_are_what_helm_prints(way: str, line: str, tmp_path: Path) -> None:
    path = chart(tmp_path / "operator", WAYS[way])
    side = ChartSide(str(path), release="r", kube_version="1.36", include_crds=True)
    assert are_own(side)
    rendered = helm(line).render(side)
    assert rendered.text == printed(line, path)
    assert (
        rendered.text == rendered.crds + helm(line).render(ChartSide(str(path), release="r")).text
    )


@pytest.mark.parametrize("line", LINES)
def test_links_to_the_same_folder_are_each_followed(line: str, tmp_path: Path) -> None:
    path = chart(tmp_path / "operator", {"files/x.yaml": CRD % "x"})
    (path / "crds").mkdir()
    for name in ("v1", "v2"):
        (path / "crds" / name).symlink_to("../files")
    side = ChartSide(str(path), release="r", kube_version="1.36", include_crds=True)
    assert helm(line).render(side).text == printed(line, path)


@pytest.mark.parametrize("line", LINES)
def test_helm_says_which_crds_of_subcharts_count(line: str, tmp_path: Path) -> None:
    files = {
        "Chart.yaml": "apiVersion: v2\nname: operator\nversion: 1.0.0\n"
        "dependencies: [{name: db, version: 1.0.0, condition: db.enabled}]\n",
        "crds/a.yaml": CRD % "a",
        "charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
        "charts/db/crds/db.yaml": CRD % "db",
        "values.yaml": "db: {enabled: false}\n",
    }
    path = chart(tmp_path / "operator", files)
    side = ChartSide(str(path), release="r", kube_version="1.36", include_crds=True)
    assert not are_own(side)
    rendered = helm(line).render(side)
    assert rendered.text == printed(line, path)
    assert "name: a.example.com" in rendered.crds
    assert "db.example.com" not in rendered.crds


def test_what_only_helm_can_tell_is_left_to_helm(tmp_path: Path) -> None:
    path = chart(tmp_path / "operator", {"crds/a.yaml": CRD % "a"})
    assert not are_own(ChartSide(str(path), extra=("--post-renderer", "tool")))
    (path / "charts").mkdir()
    (path / "charts" / "db-1.0.0.tgz").write_bytes(b"")
    assert not are_own(ChartSide(str(path)))
    (path / "charts" / "db-1.0.0.tgz").unlink()
    assert are_own(ChartSide(str(path)))
    for name in "ab":
        (path / "charts" / name).symlink_to(".")
    assert not are_own(ChartSide(str(path)))
    assert not are_own(ChartSide(str(tmp_path / "operator-1.0.0.tgz")))


@pytest.mark.parametrize("line", LINES)
def test_crds_that_are_no_text_are_told_with_their_file(line: str, tmp_path: Path) -> None:
    path = chart(tmp_path / "operator", {"crds/a.yaml": b"# \xff\n"})
    with pytest.raises(PolicylintError, match="are not UTF-8") as raised:
        helm(line).render(ChartSide(str(path), release="r"))
    assert raised.value.file == "operator/crds/a.yaml"
