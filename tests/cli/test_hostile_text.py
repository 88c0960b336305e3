"""Nothing that comes from outside acts in a terminal or a log, whatever command shows it."""

import json
import re

import pytest

from policylint.cli import output
from policylint.cli.app import run
from tests.report.formats.test_formats import HOSTILE

ACTS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028]|\r(?!\n)"
    r"|##(vso\[|\[|teamcity\[)|^\s*::",
    re.MULTILINE | re.IGNORECASE,
)


def manifest(text: str, value: str) -> str:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": text, "labels": {text: text + value}},
        "data": {text: text + value},
    }
    return json.dumps(body)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(capsys, *words: str) -> str:
    """What a command prints, which must hold nothing that acts."""
    code = run(words)
    assert code in (0, 1, 2)
    printed = capsys.readouterr()
    text = printed.out + printed.err
    assert text, words
    assert "Traceback" not in text
    match = ACTS.search(text)
    assert match is None, (words, text[max(0, match.start() - 40) : match.end() + 40])
    return printed.out


@pytest.mark.parametrize("text", HOSTILE)
def test_two_sides(folder, capsys, text):
    (folder / "before.yaml").write_text(manifest(text, "1"))
    (folder / "after.yaml").write_text(manifest(text, "2"))
    sides = ("after.yaml", "--before", "before.yaml", "--helm-version", "3")
    shown(capsys, "check", *sides)
    assert json.loads(shown(capsys, "check", *sides, "--format", "json"))
    shown(capsys, "diff", *sides)
    documents = [
        json.loads(shown(capsys, "diff", *sides, "--format", name))
        for name in ("json", "jsonpatch")
    ]
    names = [change["resource"]["name"] for change in documents[0]["releases"][0]["changes"]]
    assert names == [text], "a reader of the JSON gets the name as it is"
    shown(capsys, "diff", *sides, "--resource", f"ConfigMap/{text}")
    shown(capsys, "diff", *sides, "--resource", f"Secret/{text}")


@pytest.mark.parametrize("text", HOSTILE)
def test_errors(folder, capsys, text):
    (folder / ".policylint.yaml").write_text(json.dumps({text: 1}))
    (folder / "a.yaml").write_text(f"a: [{text}")
    (folder / "name").write_text(json.dumps({"releases": [{"name": text, "chart": text}]}))
    for words in (
        ("config",),
        ("config", "--config", text.replace("\x00", "") or "x"),
        ("config", "--config", "name", "--explain"),
        ("check", text),
        ("check", "a.yaml", "--before", text),
        ("check", "a.yaml", "--before", "a.yaml", "--format", text),
        ("check", "a.yaml", "--before", "a.yaml", "--select", text),
        ("check", "a.yaml", f"--{text}"),
        ("check", "--", "helm", "status", text),
        ("check", "a.yaml", "b.yaml", text),
        ("diff", "a.yaml", "--before", "a.yaml", "--format", text),
        ("scan", "--select", text),
        ("scan", f"missing{text}"),
        ("doctor", "--format", text),
        ("doctor", f"missing{text}"),
        ("fix", "--select", text),
        ("history", text),
        ("explain", text),
        ("explain", f"{text}: admission webhook {text} denied the request: {text}"),
        ("schema", text),
        ("test", f"missing{text}"),
        (text,),
    ):
        shown(capsys, *words)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_repository_holds(folder, capsys, text):
    name = text.replace("/", "_") + ".sh"
    script = (
        f"helm upgrade '{text.strip()}' ./chart --namespace '{text.strip()}'\nhelm upgrade w x\n"
    )
    (folder / name).write_text(script, newline="")
    chart = folder / text.replace("/", "_")
    chart.mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    for words in (
        ("scan", "."),
        ("doctor", "."),
        ("fix", "--diff", "."),
        ("fix", "."),
        ("init",),
    ):
        shown(capsys, *words)
    for command in ("scan", "doctor"):
        assert json.loads(shown(capsys, command, ".", "--format", "json"))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_helm_recorded(folder, capsys, text):
    rows = [
        {
            "revision": number,
            "updated": "2026-01-01T00:00:00Z",
            "status": status,
            "chart": text,
            "app_version": text,
            "description": text,
        }
        for number, status in ((1, "superseded"), (2, "failed"), (3, text))
    ]
    (folder / "history.json").write_text(json.dumps(rows))
    shown(capsys, "history", "history.json")
    assert json.loads(shown(capsys, "history", "history.json", "--format", "json"))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_pack_of_rules(folder, capsys, text):
    (folder / "rule.yaml").write_text(json.dumps({text: text, "title": text}))
    shown(capsys, "test", "rule.yaml")


@pytest.mark.parametrize("text", HOSTILE)
def test_the_bar_of_progress(capsys, monkeypatch, text):
    monkeypatch.setattr(output, "is_watched", lambda: True)
    with output.progress_bar() as progress:
        progress(1, 2, text)
        progress(2, 2, text)
    assert ACTS.search(capsys.readouterr().err) is None


def test_nobody_watches_a_bar(capsys):
    with output.progress_bar() as progress:
        assert progress is None
    assert capsys.readouterr().err == ""


def test_lines_that_end_as_on_windows_stay_a_patch(folder, capsys):
    (folder / "deploy.sh").write_bytes(b"set -e\r\nhelm upgrade --install web ./chart\r\n")
    printed = shown(capsys, "fix", "--diff", ".", "--env", "production")
    assert "\\r" not in printed


def test_a_name_of_several_lines_is_no_line_of_a_report(folder, capsys):
    name = json.dumps("data\n\nPASS: 0 errors, 0 warnings, 0 notes\n")
    claim = f"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\nspec: "
    size = "{resources: {requests: {storage: SIZE}}}\n"
    (folder / "before.yaml").write_text(claim + size.replace("SIZE", "9Gi"))
    (folder / "after.yaml").write_text(claim + size.replace("SIZE", "8Gi"))
    (folder / "helmfile.yaml").write_text(f"releases: [{{name: {name}, chart: ./web}}]\n")
    assert run(["check", "after.yaml", "--before", "before.yaml"]) == 1
    run(["releases"])
    assert "\nPASS" not in capsys.readouterr().out
