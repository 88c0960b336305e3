"""`policylint check plan.json` and helm_release in *.tf: the releases that Terraform upgrades."""

import json
import shutil
from pathlib import Path

import pytest

from policylint.cli.app import run
from policylint.scan.gitops.resolve import resolve
from policylint.scan.gitops.tree import Tree
from tests.pipeline.test_declared import DEPLOYMENT, checked, commit, edit, git
from tests.servers import serving

REPOSITORY = Path("fixtures/repositories/terraform").resolve()


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    monkeypatch.setenv("POLICYLINT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def release(**attributes):
    return {
        "name": "cache",
        "namespace": "cache",
        "chart": "cache",
        "repository": "",
        "version": "1.2.0",
        "values": ["tag: '1'\n"],
        "set": [],
        **attributes,
    }


def change(before, after, actions, **more):
    body = {"actions": actions, "before": before, "after": after, "after_unknown": {}, **more}
    return {"address": "helm_release.cache", "type": "helm_release", "change": body}


def planned(*changes):
    plan = {"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": changes}
    Path("plan.json").write_text(json.dumps(plan), "utf-8")


def test_the_pair_of_a_plan_is_judged(capsys):
    chart = DEPLOYMENT.replace("app: cache}}", 'app: "{{ .Values.tag }}"}}')
    with serving() as server:
        for version in ("1.2.0", "1.3.0"):
            server.add_chart("cache", version, {"templates/d.yaml": chart})
        old = release(repository=server.url)
        new = release(repository=server.url, version="1.3.0", set=[{"name": "tag", "value": "b"}])
        planned(change(old, new, ["update"]))
        code, report = checked(capsys, "plan.json", "--allow-private-sources")
    (cache,) = report["releases"]
    assert (code, cache["change"], cache["source"]["tool"]) == (1, "kept", "terraform")
    assert cache["chart"]["before"]["version"] == "1.2.0"
    assert "selector-changed" in {finding["rule"] for finding in cache["findings"]}


def test_what_a_plan_leaves_alone_is_not_judged(capsys):
    planned(change(release(), release(), ["no-op"]))
    code, report = checked(capsys, "--plan", "plan.json")
    assert (code, report["releases"], report["untouched"]) == (0, [], ["cache/cache"])


def test_a_release_that_is_replaced_is_uninstalled_and_installed(capsys):
    planned(change(release(), release(version="2.0.0"), ["delete", "create"]))
    _, report = checked(capsys, "plan.json", "--offline")
    assert [row["change"] for row in report["releases"]] == ["created", "deleted"]


def test_values_known_after_apply_only_are_no_pass(capsys):
    unknown = {"values": [True]}
    known = release(repository="https://charts.invalid")
    planned(change(known, known, ["update"], after_unknown=unknown))
    code, report = checked(capsys, "plan.json", "--offline", "--all")
    assert code == 2
    messages = [row["message"] for row in report["releases"][0]["failures"]]
    assert any("values of helm_release.cache is known after apply only" in row for row in messages)


def test_a_sensitive_value_is_masked_wherever_it_goes(capsys):
    chart = DEPLOYMENT.replace(
        "{app: cache}}\n    spec", "{app: cache, x: {{ .Values.note }}}}\n    spec"
    )
    with serving() as server:
        server.add_chart("cache", "1.2.0", {"templates/d.yaml": chart})
        sets = [[{"name": "note", "value": text}] for text in ("plain-words-a", "plain-words-b")]
        old, new = (release(repository=server.url, set_sensitive=sensitive) for sensitive in sets)
        planned(change(old, new, ["update"]))
        run(["check", "plan.json", "--allow-private-sources", "--format", "json"])
    assert "plain-words" not in capsys.readouterr().out


def test_another_json_is_no_plan(capsys):
    Path("plan.json").write_text("{}", "utf-8")
    assert run(["check", "--plan", "plan.json"]) == 2
    assert "no plan of Terraform" in capsys.readouterr().err


def test_literal_releases_of_modules():
    resolved = resolve(Tree.of(REPOSITORY))
    rows = {(release.environment, release.name): release for release in resolved.releases}
    web = rows["production", "web"]
    assert (web.namespace, web.chart.kind, web.chart.name) == ("web", "path", "charts/web")
    assert [layer.path or dict(layer.values) for layer in web.layers] == [
        "values/web.yaml",
        {"replicas": 3},
        {"host": "web.example.org"},
    ]
    assert web.sets == (("set", "image=web:1"),)
    assert (web.file, web.line, web.unresolved) == ("production/main.tf", 21, ())
    assert rows["staging", "web"].sets == (("set", "image=web:1"), ("set", "replicas=1"))
    assert "templatefile" in rows["production", "cache"].unresolved[0]
    assert ["loops decide" in problem.message for problem in resolved.problems] == [True]


def test_a_change_of_a_literal_release_is_judged(tmp_path, monkeypatch, capsys):
    root = tmp_path / "repository"
    shutil.copytree(REPOSITORY, root)
    monkeypatch.chdir(root)
    git("init", "-q")
    commit()
    edit("values/web.yaml", 'host: ""', "host: a.example.org")
    code, report = checked(capsys)
    names = [(row["source"]["environment"], row["name"]) for row in report["releases"]]
    assert (code, names) == (0, [("production", "web"), ("staging", "web")])
