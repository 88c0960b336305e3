"""`policylint releases`: what a repository declares."""

import json
import shutil
from pathlib import Path

from policylint.cli.app import run


def test_lists_what_is_declared(tmp_path, monkeypatch, capsys):
    shutil.copytree(Path("fixtures/repositories/flux-clusters"), tmp_path / "r")
    monkeypatch.chdir(tmp_path / "r")
    assert run(["releases"]) == 0
    text = capsys.readouterr().out
    assert "flux       web/web in production  charts/web  (2 of values)" in text
    assert "suspended by HelmRelease queue" in text
    assert text.endswith("6 releases declared, 4 of them resolved wholly\n")


def test_lists_what_is_configured(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web").mkdir()
    (tmp_path / ".policylint.yaml").write_text(
        "releases:\n- {name: web, namespace: shop, chart: ./web, set: [password=hunter2]}\n"
    )
    assert run(["releases"]) == 0
    assert capsys.readouterr().out == (
        "policylint shop/web  web  (no values)  .policylint.yaml\n1 release configured\n"
    )
    assert run(["releases", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["configured"] == [
        {
            "name": "web",
            "namespace": "shop",
            "environment": "",
            "chart": {"name": "web", "version": ""},
            "values": [],
        }
    ]


def test_lists_as_json(tmp_path, monkeypatch, capsys):
    shutil.copytree(Path("fixtures/repositories/flux-clusters"), tmp_path / "r")
    monkeypatch.chdir(tmp_path / "r")
    assert run(["releases", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    web = next(release for release in listed["releases"] if release["name"] == "web")
    assert web["source"]["tool"] == "flux"
    assert web["chart"]["kind"] == "path"
    assert listed["problems"] == []


def test_check_lists_in_the_format_that_is_named(tmp_path, monkeypatch, capsys):
    shutil.copytree(Path("fixtures/repositories/flux-clusters"), tmp_path / "r")
    monkeypatch.chdir(tmp_path / "r")
    assert run(["releases", "--format", "json"]) == 0
    listed = capsys.readouterr().out
    assert run(["check", "--list", "--format", "json"]) == 0
    assert capsys.readouterr().out == listed
    assert run(["check", "--list"]) == 0
    assert "6 releases declared" in capsys.readouterr().out
    assert run(["check", "--list", "--format", "sarif"]) == 2
