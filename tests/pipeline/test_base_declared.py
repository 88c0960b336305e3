"""A typed command whose release a declaration upgrades: the before side is the declaration."""

import json

import pytest

from policylint.cli.app import run
from tests.pipeline.test_declared import commit, git
from tests.pipeline.test_declared_fields import chart, play, put, root

TYPED = ("helm", "upgrade", "web", "./charts/web", "-n", "prod", "--atomic")
SET = 'set = [{ name = "tier", value = "a" }]'


def judged(capsys, *words):
    code = run(["check", "--format", "json", "--", *TYPED, *words])
    report = json.loads(capsys.readouterr().out)
    (release,) = report["releases"]
    return code, release


@pytest.fixture(params=["ansible", "terraform"])
def declaration(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    files = {"play.yml": play("a")} if request.param == "ansible" else root(SET)
    put({**chart(**{"values.yaml": "tier: b\n"}), **files})
    commit()
    put({"notes.txt": ""})
    commit()


def test_what_is_typed_is_compared_with_the_declaration(capsys, declaration):
    code, release = judged(capsys, "--set", "tier=c")
    (refused,) = (row for row in release["findings"] if row["rule"] == "selector-changed")
    assert (code, refused["before"], refused["after"]) == (1, "a", "c")
    assert release["evidence"]["notes"][0].startswith("before: the declaration of ")


def test_a_value_that_only_the_declaration_sets_is_not_lost_without_a_word(capsys, declaration):
    assert judged(capsys)[0] == 1
    assert judged(capsys, "--set", "tier=a")[0] == 0


def test_another_release_has_no_declaration(capsys, declaration):
    code = run(["check", "--format", "json", "--", *TYPED[:2], "db", *TYPED[3:]])
    assert "declaration" not in capsys.readouterr().out
    assert code == 0


def test_a_declaration_that_terraform_alone_knows_is_no_pass(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    put({**chart(), **root('set = [{ name = "tier", value = var.tier }]')})
    commit()
    put({"notes.txt": ""})
    commit()
    code, release = judged(capsys)
    assert code == 2
    assert any("before, main.tf:1" in row["message"] for row in release["failures"])


def test_declarations_that_differ_are_not_chosen_from(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    put({**chart(), "one/play.yml": play("a"), "two/play.yml": play("b")})
    commit()
    put({"notes.txt": ""})
    commit()
    assert run(["check", "--format", "json", "--", *TYPED]) == 2
    assert "declare it otherwise" in capsys.readouterr().out
