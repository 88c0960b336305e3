"""A run in shards, merged: the bytes of one run, and nothing but the shards of one run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policylint.cli.app import run
from policylint.errors import UsageError
from policylint.pipeline.many.shards import shard_of
from tests.fleets import commit, write_fleet

pytest.importorskip("helm_python")

RELEASES = 9
CHECK = ("check", "--before", "git:HEAD", "--helm", "embedded", "--jobs", "1")
FORMATS = ("text", "json", "sarif", "markdown", "junit", "html", "github", "gitlab", "concise")
MORE = """\
waivers:
  - {rule: selector-changed, release: prod/r2, reason: known, owner: ann, until: 2999-01-01}
  - {rule: selector-changed, release: prod/r4, reason: gone, owner: ann, until: 2001-01-01}
  - {rule: claim-deleted, release: prod/none, reason: nobody needs it, owner: ann}
"""


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tree = write_fleet(tmp_path / "tree", RELEASES, 1, MORE)
    monkeypatch.chdir(tree)
    return tree


def sharded(folder: Path, count: int, *words: str) -> list[str]:
    """The reports of all shards, in reverse: their order is nobody's concern."""
    files = []
    for index in range(count, 0, -1):
        file = folder / f"{index}-of-{count}.json"
        run([*CHECK, "--shard", f"{index}/{count}", "--format", f"json={file}", *words])
        files.append(str(file))
    return files


def written(folder: Path, *words: str) -> dict[str, str]:
    files = {format_: folder / f"whole.{format_}" for format_ in FORMATS}
    named = [word for name, file in files.items() for word in ("--format", f"{name}={file}")]
    code = run([*words, *named])
    return {"code": str(code), **{name: file.read_text() for name, file in files.items()}}


@pytest.mark.heavy
@pytest.mark.parametrize("count", [3, 12])
def test_shards_together_are_the_run_in_every_format(fleet, tmp_path, capsys, count):
    whole = written(tmp_path, *CHECK)
    files = sharded(tmp_path, count)
    assert written(tmp_path, "merge", *files) == whole
    report = json.loads(whole["json"])
    assert [finding["rule"] for finding in report["findings"]]  # of the run as a whole, once
    assert len(report["releases"]) == RELEASES


def test_a_shard_does_not_pass_for_the_run(fleet, tmp_path, capsys):
    run([*CHECK, "--shard", "2/3", "--quiet"])
    assert "shard 2/3: 3 of 9 releases" in capsys.readouterr().out
    (file,) = sharded(tmp_path, 1)
    assert json.loads(Path(file).read_text())["shard"]["of"] == RELEASES


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert run(list(words)) == 2
    out, told = capsys.readouterr()
    assert out == ""
    return told


@pytest.mark.heavy
def test_only_all_shards_of_one_run_are_merged(fleet, tmp_path, capsys):
    first, second, third = sharded(tmp_path, 3)
    assert "missing: 2" in refused(capsys, "merge", first, third)
    assert "twice" in refused(capsys, "merge", first, second, third, second)
    (tmp_path / "other").mkdir()
    foreign = sharded(tmp_path / "other", 3, "--strict")
    assert "another run" in refused(capsys, "merge", first, second, foreign[2])
    plain = tmp_path / "plain.json"
    run([*CHECK, "--format", f"json={plain}"])
    assert "no report of a shard" in refused(capsys, "merge", first, second, str(plain))
    assert "cannot be read" in refused(capsys, "merge", str(tmp_path / "none.json"))
    text = Path(first).read_text()
    for broken in (text[:-50], text.replace('"index": 3', '"index": 2'), "[]", "\0"):
        plain.write_text(broken)
        refused(capsys, "merge", str(plain), second, third)
    (fleet / "values" / "r1.yaml").write_text("replicas: 9\n")
    assert "not what the shards judged" in refused(capsys, "merge", first, second, third)
    commit(fleet)
    assert "not what the shards judged" in refused(capsys, "merge", first, second, third)


@pytest.mark.parametrize("word", ["0/2", "3/2", "1", "1/", "a/b", "-1/2", "1/0", "²/3"])
def test_what_is_no_shard_is_refused(word):
    with pytest.raises(UsageError):
        shard_of(word)


def test_a_shard_is_of_many_releases_and_writes_no_value(fleet, capsys):
    assert "one is named" in refused(capsys, *CHECK, "charts/plain", "--shard", "1/2")
    told = refused(capsys, *CHECK, "--set", "password=abc", "--shard", "1/2")
    assert "-f FILE" in told
