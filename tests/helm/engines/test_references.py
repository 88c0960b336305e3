"""Charts that are pulled from a repository: by the binaries and by the embedded engine alike."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from policylint.errors import RenderError
from policylint.helm.engines.embedded import Embedded
from policylint.helm.engines.engine import Engine, Rendered
from policylint.helm.engines.library import is_installed
from policylint.helm.engines.pull import start_pull
from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.helm.inputs.workspace import Workspace
from tests.helms import LINES, any_helm, helm

CHARTS = Path(__file__).parents[3] / "fixtures" / "charts"
ENGINES = [*LINES, "embedded"]


def engine(name: str) -> Engine:
    if name == "embedded" and not is_installed():
        pytest.skip("the embedded engine is not installed")
    return Embedded() if name == "embedded" else helm(name)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a chart repository that holds two versions of the numbers chart."""
    charts = tmp_path_factory.mktemp("repository")
    for version in ("0.1.0", "0.2.0"):
        command = [
            any_helm().path,
            "package",
            str(CHARTS / "numbers"),
            "--version",
            version,
            "-d",
            str(charts),
        ]
        subprocess.run(command, check=True, capture_output=True)
    server = subprocess.Popen(
        [
            sys.executable,
            "-u",
            "-m",
            "http.server",
            "0",
            "--bind",
            "127.0.0.1",
            "--directory",
            str(charts),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    url = f"http://127.0.0.1:{server.stdout.readline().split('port ')[1].split()[0]}"
    subprocess.run(
        [any_helm().path, "repo", "index", str(charts), "--url", url],
        check=True,
        capture_output=True,
    )
    yield url
    server.kill()
    server.wait()


@pytest.fixture(autouse=True)
def own_helm_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"HELM_{kind}_HOME", str(tmp_path / kind))


def rendered(name: str, side: ChartSide) -> Rendered:
    """A side whose chart is pulled before it is rendered."""
    with Workspace() as workspace:
        pull = start_pull(engine(name), side, workspace.directory())
        return engine(name).render(pull.wait())


@pytest.mark.parametrize("name", ENGINES)
def test_a_name_and_a_repository(repository: str, name: str) -> None:
    for values in (ValuesInput(), ValuesInput(set=("small=1000000",))):
        pulled = rendered(name, ChartSide("numbers", values, version="0.1.0", repo=repository))
        assert pulled.text == engine(name).render(ChartSide(str(CHARTS / "numbers"), values)).text
        assert f"--include-crds --is-upgrade --version 0.1.0 --repo {repository}" in pulled.command


@pytest.mark.parametrize("name", ENGINES)
def test_the_address_of_an_archive(repository: str, name: str) -> None:
    side = ChartSide(f"{repository}/numbers-0.2.0.tgz")
    assert "kind: ConfigMap" in rendered(name, side).text


@pytest.mark.parametrize("name", ENGINES)
def test_a_chart_that_the_repository_does_not_have(repository: str, name: str) -> None:
    with pytest.raises(RenderError, match="nothing"):
        rendered(name, ChartSide("nothing", repo=repository))


@pytest.mark.parametrize("name", ENGINES)
def test_a_repository_that_does_not_answer(name: str) -> None:
    with pytest.raises(RenderError, match=r"127\.0\.0\.1:9"):
        rendered(name, ChartSide("numbers", repo="http://127.0.0.1:9"))
    with pytest.raises(RenderError):
        rendered(name, ChartSide("oci://127.0.0.1:9/numbers", version="1.0.0"))
