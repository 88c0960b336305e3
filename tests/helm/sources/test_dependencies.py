"""Dependencies of a chart at a revision: vendored, from the repository itself, from today's
charts/, or built."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from policylint.errors import SourceError
from policylint.helm.engines.library import is_installed
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.resolve import resolve_pair
from tests.helm.sources.repository import Repo
from tests.helms import any_helm


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = Repo(tmp_path / "repo").init()
    monkeypatch.chdir(made.top)
    monkeypatch.setenv("POLICYLINT_HELM", any_helm().path)
    for kind in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"HELM_{kind}_HOME", str(tmp_path / "helm" / kind))
    return made


def depends(repo: Repo, chart: str, name: str, repository: str, version: str = "0.1.0") -> None:
    head = f"apiVersion: v2\nname: {Path(chart).name}\nversion: 0.1.0\ndependencies:\n"
    entry = f"  - name: {name}\n    version: {version}\n    repository: {repository}\n"
    repo.file(f"{chart}/Chart.yaml", head + entry)


def package(chart: Path, into: Path) -> Path:
    into.mkdir(parents=True, exist_ok=True)
    command = [any_helm().path, "package", str(chart), "--destination", str(into)]
    subprocess.run(command, check=True, capture_output=True)
    return next(into.glob("*.tgz"))


def rendered_before(chart: str = "web") -> str:
    with Workspace() as workspace:
        before, _ = resolve_pair("git:HEAD", ChartSide(chart), workspace)
        assert isinstance(before, ChartSide)
        return any_helm().render(before).text


def test_charts_of_the_same_repository_are_those_of_the_revision(repo: Repo) -> None:
    repo.chart("web").chart("shared/lib", "old-lib", "lib").chart("shared/base", "old-base", "base")
    depends(repo, "web", "lib", "file://../shared/lib")
    depends(repo, "shared/lib", "base", '"file://../base"')
    repo.write(_dot_gitignore="web/charts\n").commit()
    repo.chart("shared/lib", "new-lib", "lib").chart("shared/base", "new-base", "base")
    text = rendered_before()
    assert "colour: old-lib" in text
    assert "colour: old-base" in text
    assert "new" not in text
    assert not (repo.top / "web" / "charts").exists()


def test_vendored_directories_and_archives_are_used(repo: Repo, tmp_path: Path) -> None:
    repo.chart("web").chart("web/charts/dir", "from-directory", "dir")
    packed = Repo(tmp_path / "packed").chart("packed", "from-archive", "packed")
    package(packed.top / "packed", repo.top / "web" / "charts")
    two = "  - {name: dir, version: 0.1.0}\n  - {name: packed, version: 0.1.0, repository: 'https://charts.example'}\n"
    repo.file("web/Chart.yaml", f"apiVersion: v2\nname: web\nversion: 0.1.0\ndependencies:\n{two}")
    repo.commit()
    repo.chart("web/charts/dir", "changed", "dir")
    text = rendered_before()
    assert "colour: from-directory" in text
    assert "colour: from-archive" in text


def test_an_archive_of_the_locked_version_in_todays_charts_is_used(
    repo: Repo, tmp_path: Path
) -> None:
    repo.chart("web").write(_dot_gitignore="charts\n")
    depends(repo, "web", "lib", "https://charts.example", version="^0.1.0")
    lock = "dependencies:\n- name: lib\n  repository: https://charts.example\n  version: 0.1.0\n"
    repo.file("web/Chart.lock", lock)
    repo.commit()
    packed = Repo(tmp_path / "packed").chart("lib", "today", "lib")
    package(packed.top / "lib", repo.top / "web" / "charts")
    repo.file("web/values.yaml", "colour: new\n")
    assert "colour: today" in rendered_before()


def test_an_archive_of_another_version_is_not_used(repo: Repo, tmp_path: Path) -> None:
    repo.chart("web").write(_dot_gitignore="charts\n")
    depends(repo, "web", "lib", "file:///nowhere/charts", version="0.2.0")
    repo.commit()
    packed = Repo(tmp_path / "packed").chart("lib", "today", "lib")
    package(packed.top / "lib", repo.top / "web" / "charts")
    repo.file("web/values.yaml", "colour: new\n")
    with pytest.raises(SourceError, match="outside the repository"):
        rendered_before()


def test_a_dependency_that_cannot_be_had_is_an_error_with_helm_s_words(repo: Repo) -> None:
    repo.chart("web")
    depends(repo, "web", "lib", "https://127.0.0.1:9/charts")
    repo.commit()
    repo.file("web/values.yaml", "colour: new\n")
    with pytest.raises(SourceError) as caught:
        rendered_before()
    assert "web at that revision lacks lib in charts/, and `helm dependency build` fails" in str(
        caught.value
    )
    assert "vendor the dependencies" in caught.value.remedy


@pytest.mark.parametrize("helm", ["", "embedded"])
def test_a_repository_dependency_is_built_in_a_copy(repo: Repo, tmp_path: Path, helm: str) -> None:
    if helm == "embedded" and not is_installed():
        pytest.skip("the embedded engine is not installed")
    charts = tmp_path / "charts"
    packed = Repo(tmp_path / "packed").chart("lib", "fetched", "lib")
    package(packed.top / "lib", charts)
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
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().split('port ')[1].split()[0]}"
        binary = any_helm().path
        subprocess.run(
            [binary, "repo", "index", str(charts), "--url", url], check=True, capture_output=True
        )
        repo.chart("web")
        depends(repo, "web", "lib", url)
        subprocess.run([binary, "repo", "add", "local", url], check=True, capture_output=True)
        repo.commit()
        repo.file("web/values.yaml", "colour: new\n")
        with Workspace() as workspace:
            before, _ = resolve_pair("git:HEAD", ChartSide("web"), workspace, helm=helm)
            assert isinstance(before, ChartSide)
            assert "colour: fetched" in any_helm().render(before).text
            assert any("helm dependency build" in note for note in before.notes)
        assert not (repo.top / "web" / "charts").exists()
    finally:
        server.kill()
        server.wait()


def test_a_chart_that_depends_on_itself_is_an_error(repo: Repo) -> None:
    repo.chart("a").chart("b")
    depends(repo, "a", "b", "file://../b")
    depends(repo, "b", "a", "file://../a")
    repo.commit()
    repo.file("a/values.yaml", "colour: new\n")
    with pytest.raises(SourceError, match="depends on itself"):
        rendered_before("a")


def test_a_dependency_outside_the_repository_is_an_error(repo: Repo) -> None:
    repo.chart("web")
    depends(repo, "web", "lib", "file://../../lib")
    repo.commit()
    repo.file("web/values.yaml", "colour: new\n")
    with pytest.raises(
        SourceError, match=r"web depends on file://../../lib, outside the repository"
    ):
        rendered_before()


@pytest.mark.parametrize("engine", ["", "embedded"])
def test_what_today_s_chart_lacks_is_taken_into_a_copy(repo: Repo, engine: str) -> None:
    if engine == "embedded" and not is_installed():
        pytest.skip("the embedded engine is not installed")
    repo.chart("web").chart("shared/lib", "old-lib", "lib").chart("shared/base", "base", "base")
    depends(repo, "web", "lib", "file://../shared/lib")
    depends(repo, "shared/lib", "base", '"file://../base"')
    repo.write(_dot_gitignore="web/charts\n").commit()
    repo.chart("shared/lib", "new-lib", "lib")
    depends(repo, "shared/lib", "base", '"file://../base"')
    with Workspace() as workspace:
        _, after = resolve_pair(
            "git:HEAD", ChartSide("web"), workspace, helm="embedded" if engine == "embedded" else ""
        )
        assert isinstance(after, ChartSide)
        rendered = any_helm().render(after)
    assert "colour: new-lib" in rendered.text
    assert "colour: base" in rendered.text
    assert " web " in rendered.command  # as the user named it
    assert "lib is missing in web/charts" in after.notes[0]
    assert not (repo.top / "web" / "charts").exists()
    assert repo.git("status", "--porcelain").split() == ["M", "shared/lib/values.yaml"]


def test_what_cannot_be_fetched_for_today_s_chart_is_said(repo: Repo) -> None:
    repo.chart("web")
    depends(repo, "web", "redis", "http://127.0.0.1:9/charts")
    with pytest.raises(SourceError) as caught:
        rendered_before_and_after("web")
    assert "web lacks redis in charts/" in str(caught.value)
    assert "Unable to get an update" in str(caught.value)
    assert not (repo.top / "web" / "charts").exists()


def test_nothing_is_fetched_because_a_change_says_so(repo: Repo) -> None:
    repo.chart("web")
    repo.commit()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/charts"
        depends(repo, "web", "redis", address)
        with pytest.raises(SourceError, match="which the before side does not name") as caught:
            rendered_before()
        with pytest.raises(BlockingIOError):
            server.accept()
    assert "helm repo add" in caught.value.remedy


def test_repositories_that_the_user_added_are_asked(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "repositories.yaml"
    file.write_text("repositories:\n- {name: own, url: 'http://127.0.0.1:9/charts/'}\n")
    monkeypatch.setenv("HELM_REPOSITORY_CONFIG", str(file))
    repo.chart("web")
    repo.commit()
    depends(repo, "web", "redis", "http://127.0.0.1:9/charts")
    with pytest.raises(SourceError, match="Unable to get an update"):
        rendered_before()


def rendered_before_and_after(chart: str) -> None:
    with Workspace() as workspace:
        resolve_pair(chart, ChartSide(chart), workspace)
