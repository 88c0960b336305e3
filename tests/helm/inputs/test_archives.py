"""Packed charts are read as a stream that ends, whatever their headers say, and what is wrong with
one is told once."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from policylint.cli.app import run
from policylint.errors import ReadError
from policylint.helm.inputs.archives import DamagedError, packed_files
from tests.helm.sources.repository import Repo
from tests.helms import any_helm
from tests.pipeline.configuration.test_base import chart

FILES = {
    "app/Chart.yaml": b"apiVersion: v2\nname: app\nversion: 0.1.0\n",
    "app/templates/c.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\n",
}
Change = Callable[[tarfile.TarInfo], None]


def packed(*changes: Change, pax: dict[str, str] | None = None) -> bytes:
    """The chart's archive with one more entry for each change, made of an empty file."""
    plain = io.BytesIO()
    with tarfile.open(
        fileobj=plain, mode="w", format=tarfile.PAX_FORMAT, pax_headers=pax or {}
    ) as tar:
        for name, content in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        for number, change in enumerate(changes):
            entry = tarfile.TarInfo(f"app/file{number}")
            change(entry)
            tar.addfile(entry)
    return gzip.compress(plain.getvalue(), 1)


def pax(**headers: str) -> Change:
    return lambda entry: entry.pax_headers.update(headers)


def of_type(kind: bytes, target: str = "") -> Change:
    def change(entry: tarfile.TarInfo) -> None:
        entry.type, entry.linkname = kind, target

    return change


def named(name: str) -> Change:
    return lambda entry: setattr(entry, "name", name)


SIZES = {"GNU.sparse.major": "0", "GNU.sparse.size": "9" * 15, "GNU.sparse.map": "0,0"}
REFUSED: dict[str, bytes] = {
    "link": packed(of_type(tarfile.SYMTYPE, "/etc/hostname")),
    "hard link": packed(of_type(tarfile.LNKTYPE, "app/Chart.yaml")),
    "pipe": packed(of_type(tarfile.FIFOTYPE)),
    "device": packed(of_type(tarfile.CHRTYPE)),
    "absolute": packed(named("/tmp/x")),
    "climbing": packed(named("app/../../x")),
    "backslashes": packed(named("app\\..\\..\\x")),
    "empty part": packed(named("app//etc/x")),
    "drive": packed(named("app/c:/x")),
    "no top": packed(named("x")),
    "name in a header": packed(pax(path="app/../../x")),
    "long header": packed(pax(comment="x" * (70 << 10))),
    "headers for all": packed(pax={"path": "app/values.yaml"}),
    "large headers": packed(*[pax(comment="x" * 60_000)] * 2_200),
    "too many": packed(*[named("app/x")] * 20_001),
    "sparse": packed(pax(**SIZES)),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_helm_would_not_load_is_refused_in_time(kind: str) -> None:
    begin = time.process_time()
    with pytest.raises(ReadError) as caught:
        for _ in packed_files(REFUSED[kind], "app.tgz"):
            pass
    assert str(caught.value).startswith("app.tgz: ")
    assert caught.value.remedy
    assert time.process_time() - begin < 30


def test_what_stands_behind_the_archive_is_not_read() -> None:
    # Helm stops where the tar ends, and so takes these too
    zeros = gzip.compress(gzip.decompress(packed()) + b"\0" * (300 << 20), 1)
    for archive in (packed(), packed() + b"more", packed() + packed(named("/x")), zeros):
        names = [name for name, _ in packed_files(archive, "app.tgz")]
        assert names == ["Chart.yaml", "templates/c.yaml"]


DAMAGED = {
    "empty": b"",
    "text": b"x",
    "cut off": packed()[:90],
    "no tar": gzip.compress(b"x" * 700),
    "bzip2": b"BZh9",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_archive_is_damaged(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "app.tgz"
    file.write_bytes(content)
    with pytest.raises(DamagedError):
        dict(packed_files(file, "app.tgz"))


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 1234\n"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = Repo(tmp_path / "repo").init()
    monkeypatch.chdir(made.top)
    monkeypatch.setenv("POLICYLINT_HELM", any_helm().path)
    chart(made)
    made.file("values/prod.yaml", "size: 8Gi\n")
    own = {"name": "shop", "chart": "./shop", "namespace": "prod", "values": ["values/prod.yaml"]}
    made.file(".policylint.yaml", json.dumps({"releases": [own]}))
    made.commit("base")
    made.git("switch", "--quiet", "--create", "feature")
    return made


def failures(capsys: pytest.CaptureFixture[str], command: str) -> list[str]:
    assert run([command, "--format", "json"]) == 2
    document = json.loads(capsys.readouterr().out)
    owners = [*document["releases"], document]
    return [failure["message"] for owner in owners for failure in owner.get("failures", ())]


BAD = {**DAMAGED, "pointer": POINTER.encode(), "link": REFUSED["link"]}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_bad_archive_is_told_once(
    repo: Repo, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (repo.top / "shop/charts").mkdir()
    (repo.top / "shop/charts/app-0.1.0.tgz").write_bytes(content)
    messages = failures(capsys, "check")
    assert len(messages) == 1
    assert "shop/charts/app-0.1.0.tgz" in messages[0]


@pytest.mark.parametrize(
    "name", ["values/prod.yaml", "shop/values.yaml", "shop/Chart.yaml", "shop/templates/extra.tpl"]
)
def test_what_git_lfs_left_is_not_taken_for_the_file(
    repo: Repo, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    repo.file(name, POINTER)
    (message,) = failures(capsys, "check")
    assert f"{name}: kept in Git LFS" in message


@pytest.mark.parametrize("is_committed", [True, False])
def test_scan_says_what_git_lfs_keeps_from_it(
    repo: Repo, capsys: pytest.CaptureFixture[str], is_committed: bool
) -> None:
    repo.file("deploy.sh", POINTER)
    repo.file("logo.png", POINTER)
    if is_committed:
        repo.commit("in Git LFS")
    (message,) = failures(capsys, "scan")
    assert message.endswith("deploy.sh: kept in Git LFS, and its content is not here")
