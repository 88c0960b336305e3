"""Reading charts: what Helm would load, and nothing unsafe."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from policylint.errors import ReadError
from policylint.helm.inputs.archives import MAX_FILE
from policylint.helm.values.chart import read_chart, read_values
from policylint.helm.values.helmignore import Ignore
from tests.helm.values.offline import write_chart


def archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


META = b"apiVersion: v2\nname: app\nversion: 1.0.0\n"


def test_a_directory_and_its_archive_are_the_same_chart(tmp_path: Path) -> None:
    child = {"name": "db", "values": {"s": 1}}
    write_chart(tmp_path / "app", {"name": "app", "values": {"a": 1}, "charts": [child]})
    files = {
        f"app/{path.relative_to(tmp_path / 'app')}": path.read_bytes()
        for path in (tmp_path / "app").rglob("*.*")
        if path.is_file()
    }
    (tmp_path / "app.tgz").write_bytes(archive(files))
    unpacked, two = read_chart(tmp_path / "app"), read_chart(tmp_path / "app.tgz")
    assert (unpacked.values, [c.values for c in unpacked.charts]) == ({"a": 1}, [{"s": 1}])
    assert (two.values, [c.name for c in two.charts]) == (unpacked.values, ["db"])
    assert {file.name for file in two.templates} == {"templates/values.yaml"}


def test_a_packed_subchart_is_read(tmp_path: Path) -> None:
    write_chart(tmp_path, {"name": "app"})
    (tmp_path / "charts").mkdir()
    packed = archive(
        {
            "db/Chart.yaml": b"apiVersion: v2\nname: db\nversion: 2.0.0\n",
            "db/values.yaml": b"s: 1\n",
        }
    )
    (tmp_path / "charts" / "db-2.0.0.tgz").write_bytes(packed)
    (tmp_path / "charts" / "README.md").write_text("not a chart")
    assert [(child.name, child.version, child.values) for child in read_chart(tmp_path).charts] == [
        ("db", "2.0.0", {"s": 1})
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"name: values\n", "no gzip header"),
        (b"\x1f\x8b\x08\x00broken", "damaged archive"),
        (gzip.compress(b"not a tar at all" * 100, mtime=0), "damaged archive"),
        (archive({"app/Chart.yaml": META, "app/../../etc/passwd": b"x"}), "leads out of it"),
        (archive({"app//etc/passwd": b"x"}), "leads out of it"),
        (archive({"Chart.yaml": META}), "leads out of it"),
        (archive({"app/c:/x": b"x"}), "leads out of it"),
        (archive({"app/Chart.yaml": META, "app/big": b"0" * (MAX_FILE + 1)}), "larger than"),
        (archive({"app/values.yaml": b""}), "no Chart.yaml"),
    ],
    ids=[
        "plain",
        "broken",
        "no-tar",
        "climbing",
        "absolute",
        "no-directory",
        "drive",
        "big",
        "no-chart",
    ],
)
def test_a_bad_archive_is_an_error(tmp_path: Path, data: bytes, message: str) -> None:
    file = tmp_path / "app.tgz"
    file.write_bytes(data)
    with pytest.raises(ReadError, match=message) as caught:
        read_chart(file)
    assert caught.value.file.startswith(str(file))
    assert caught.value.remedy


def test_a_symbolic_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "app.tgz", "w:gz") as tar:
        link = tarfile.TarInfo("app/values.yaml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(ReadError, match="a link or a device"):
        read_chart(tmp_path / "app.tgz")


def test_values_that_are_no_map(tmp_path: Path) -> None:
    write_chart(tmp_path, {"name": "app"})
    (tmp_path / "values.yaml").write_text("# defaults\n- a\n")
    with pytest.raises(ReadError, match="not a map"):
        read_chart(tmp_path)


def test_several_documents_are_layers_for_helm_4_only() -> None:
    text = "a: 1\nb: {c: 1}\n---\nb: {d: 2}\n"
    assert read_values(text, "v.yaml", "4") == {"a": 1, "b": {"c": 1, "d": 2}}
    assert read_values(text, "v.yaml", "3") == {"a": 1, "b": {"c": 1}}


def test_the_same_dependency_twice_needs_an_alias(tmp_path: Path) -> None:
    wish = {"name": "db", "version": "1.0.0"}
    write_chart(tmp_path, {"name": "app", "dependencies": [wish, wish]})
    with pytest.raises(ReadError, match="more than one dependency"):
        read_chart(tmp_path)


def test_helmignore(tmp_path: Path) -> None:
    write_chart(tmp_path, {"name": "app"})
    for name in ("docs/big.bin", "a.log", "templates/.hidden.yaml", "keep.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x" * 10)
    (tmp_path / ".helmignore").write_text("# comment\ndocs/\n*.log\n.helmignore\n")
    assert {file.name for file in read_chart(tmp_path).files} == {"keep.txt"}


@pytest.mark.parametrize(
    ("rules", "name", "left_out"),
    [
        ("/a.txt", "a.txt", True),
        ("/a.txt", "b/a.txt", False),
        ("a.txt", "b/a.txt", True),
        ("b/*.txt", "b/a.txt", True),
        ("b/*.txt", "b/c/a.txt", False),
        ("!*.yaml", "a.txt", True),
        ("!*.yaml", "a.yaml", False),
        ("[a-c].txt", "b.txt", True),
        ("dir/", "dir", False),
    ],
)
def test_ignore_rules(rules: str, name: str, left_out: bool) -> None:
    assert Ignore.parse(rules, ".helmignore").matches(name, is_folder=False) is left_out


def test_double_stars_are_refused_as_helm_does() -> None:
    with pytest.raises(ReadError, match="double-star"):
        Ignore.parse("a\n**/b", ".helmignore")


def test_requirements_of_old_charts(tmp_path: Path) -> None:
    write_chart(tmp_path, {"name": "app"})
    (tmp_path / "requirements.yaml").write_text(
        json.dumps({"dependencies": [{"name": "db", "version": "1"}]})
    )
    assert [wish.name for wish in read_chart(tmp_path).dependencies or ()] == ["db"]
