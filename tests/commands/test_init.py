"""`policylint init`: what it proposes for repositories of each kind."""

import shutil
from pathlib import Path

import pytest

from policylint.cli.app import run
from policylint.pipeline.configuration.configfile import read

ROOT = Path("fixtures/repositories").resolve()


@pytest.fixture
def room(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def proposed(capsys):
    assert run(["init"]) == 0
    text = capsys.readouterr().out
    Path("proposed.yaml").write_text(text, "utf-8")
    config = read(Path("proposed.yaml"))
    Path("proposed.yaml").unlink()
    return text, config


def chart(path, **more):
    folder = Path(path)
    folder.mkdir(parents=True)
    lines = [f"name: {folder.name}", "version: 1.0.0", *(f"{k}: {v}" for k, v in more.items())]
    (folder / "Chart.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "values.yaml").write_text("a: 1\n", "utf-8")
    return folder


def test_values_are_grouped_by_environment(room, capsys):
    folder = chart("web")
    for name in ("values-production", "values-staging", "values-common", "values-schema"):
        (folder / f"{name}.yaml").write_text("a: 2\n", "utf-8")
    _, config = proposed(capsys)
    rows = {release.environment: release.values for release in config.releases}
    assert rows == {
        "production": ("web/values-common.yaml", "web/values-production.yaml"),
        "staging": ("web/values-common.yaml", "web/values-staging.yaml"),
    }


def test_folders_of_values_are_environments_too(room, capsys):
    folder = chart("web")
    (folder / "environments").mkdir()
    (folder / "environments/prod.yaml").write_text("a: 2\n", "utf-8")
    _, config = proposed(capsys)
    assert [release.environment for release in config.releases] == ["prod"]


def test_charts_in_groups_are_found_and_libraries_and_dependencies_left_out(room, capsys):
    for path in ("charts/shop/web", "charts/shop/db", "charts/shop/web/charts/cache"):
        chart(path)
    chart("charts/common", type="library")
    chart("tests/fixtures/broken")
    _, config = proposed(capsys)
    assert [release.name for release in config.releases] == ["db", "web"]


@pytest.mark.parametrize("name", ["flux-oci", "helmfile-environments", "k3s", "terraform"])
def test_what_tools_declare_needs_no_line(room, capsys, monkeypatch, name):
    shutil.copytree(ROOT / name, room / name)
    monkeypatch.chdir(room / name)
    text, config = proposed(capsys)
    assert config.releases == ()
    assert "policylint check finds them" in text


def test_several_clusters_have_a_line_each(room, capsys, monkeypatch):
    shutil.copytree(ROOT / "flux-clusters", room / "x")
    monkeypatch.chdir(room / "x")
    _, config = proposed(capsys)
    assert {row.cluster for row in config.declared.rows} == {"production", "staging"}


def test_an_empty_directory_has_no_release(room, capsys):
    text, config = proposed(capsys)
    assert (config.releases, "releases: []" in text) == ((), True)


def test_values_at_the_top_belong_to_the_chart_of_their_name(room, capsys):
    chart("charts/group/api")
    for place in ("env/prod/api.yaml", "env/dev/api.yaml", "env/dev/web.yaml"):
        (room / place).parent.mkdir(parents=True, exist_ok=True)
        (room / place).write_text("a: 1\n", "utf-8")
    text, _ = proposed(capsys)
    assert "dev: {values: [env/dev/api.yaml]}" in text
    assert "prod: {values: [env/prod/api.yaml]}" in text
    assert "web.yaml" not in text
