"""SIDE syntax: what each way to name a side becomes, and what is said of the ones that do not
exist."""

from __future__ import annotations

import errno
import io
import os
import sys
import threading
from pathlib import Path

import pytest

from policylint.errors import PolicylintError, ReadError, SourceError, UsageError
from policylint.helm.inputs.sides import ChartSide, ManifestSide, Side, ValuesInput
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.resolve import resolve, resolve_pair
from tests.helm.sources.repository import Repo


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.chdir(tmp_path)
    return Repo(tmp_path)


def side(spec: str, **flags: object) -> Side:
    with Workspace() as workspace:
        return resolve(spec, ChartSide(spec, **flags), workspace)


def refusal(spec: str, **flags: object) -> PolicylintError:
    with pytest.raises(PolicylintError) as caught:
        side(spec, **flags)
    return caught.value


def test_a_directory_with_chart_yaml_is_a_chart(here: Repo) -> None:
    here.chart("web")
    assert side("web") == ChartSide("web", label="web")


def test_an_archive_is_a_chart(here: Repo) -> None:
    here.write(web_dot_tgz="")
    assert isinstance(side("web.tgz"), ChartSide)


@pytest.mark.parametrize("spec", ["oci://registry.example/web", "stable/web"])
def test_references_are_charts_that_helm_pulls_in_the_version_that_is_said(
    here: Repo, spec: str
) -> None:
    assert side(spec) == ChartSide(spec, label=f"{spec} (the newest version)")
    assert side(spec, version="~1.2") == ChartSide(
        spec, version="~1.2", label=f"{spec} --version ~1.2"
    )


def test_an_address_of_an_archive_says_its_version(here: Repo) -> None:
    spec = "https://charts.example/web-1.0.0.tgz"
    assert side(spec) == ChartSide(spec, label=spec)


def test_a_login_in_an_address_is_for_helm_alone(here: Repo) -> None:
    resolved = side("https://me:s3cr3t@charts.example/web-1.0.0.tgz")
    assert isinstance(resolved, ChartSide)
    assert resolved.chart == "https://me:s3cr3t@charts.example/web-1.0.0.tgz"
    assert resolved.label == "https://(redacted)@charts.example/web-1.0.0.tgz"


@pytest.mark.parametrize(
    ("spec", "chart", "version"),
    [
        ("stable/web@1.2.0", "stable/web", "1.2.0"),
        ("stable/web@>=1.0.0 <2", "stable/web", ">=1.0.0 <2"),
        ("oci://registry.example:5000/web:1.2.0", "oci://registry.example:5000/web:1.2.0", ""),
    ],
)
def test_the_version_of_the_before_side_is_its_own(
    here: Repo, spec: str, chart: str, version: str
) -> None:
    new = ChartSide(
        "oci://registry.example/web", version="2.0.0", extra=("--devel", "--plain-http")
    )
    with Workspace() as workspace:
        old, _ = resolve_pair(spec, new, workspace)
    assert isinstance(old, ChartSide)
    assert (old.chart, old.version, old.label) == (chart, version, spec)
    assert old.extra == (("--devel", "--plain-http") if version else ("--plain-http",))


def test_a_tag_and_another_version_are_for_helm_to_refuse(here: Repo) -> None:
    resolved = side("oci://registry.example/web:1.0.0", version="2.0.0")
    assert isinstance(resolved, ChartSide)
    assert (resolved.chart, resolved.version) == ("oci://registry.example/web:1.0.0", "2.0.0")


def test_a_reference_of_no_version_is_never_compared_with_itself(here: Repo) -> None:
    new = ChartSide("oci://registry.example/web", version="2.0.0")
    with (
        Workspace() as workspace,
        pytest.raises(SourceError, match="never compared with itself") as caught,
    ):
        resolve_pair("oci://registry.example/web", new, workspace)
    assert "--before oci://...:VERSION" in caught.value.remedy


def test_a_name_is_a_chart_where_a_repository_is_given(here: Repo) -> None:
    assert isinstance(side("web", repo="https://charts.example"), ChartSide)
    assert "no chart there: web is no file" in str(refusal("web"))


def test_a_directory_of_manifests_holds_yaml_and_json_below_it(here: Repo) -> None:
    here.file("m/b/z.yml", "kind: Z\n")
    here.file("m/a.yaml", "kind: A\n")
    here.file("m/c.json", '{"kind": "C"}')
    here.file("m/.hidden/x.yaml", "kind: Hidden\n")
    here.file("m/README.md", "kind: Readme\n")
    resolved = side("m")
    assert isinstance(resolved, ManifestSide)
    assert [(Path(name).name, text.strip()) for name, text in resolved.text] == [
        ("a.yaml", "kind: A"),
        ("z.yml", "kind: Z"),
        ("c.json", '{"kind": "C"}'),
    ]


def test_a_file_is_a_manifest_and_a_byte_order_mark_is_none_of_it(here: Repo) -> None:
    (here.top / "m.yaml").write_bytes(b"\xef\xbb\xbfkind: A\n")
    assert side("m.yaml") == ManifestSide((("m.yaml", "kind: A\n"),), label="m.yaml")


def test_standard_input_is_a_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"kind: A\n")))
    resolved = side("-")
    assert isinstance(resolved, ManifestSide)
    assert resolved.text == (("-", "kind: A\n"),)


def test_values_from_standard_input_reach_both_sides(
    here: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.chart("old").chart("new")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"colour: piped\n")))
    with Workspace() as workspace:
        chart = ChartSide("new", ValuesInput(files=("-",)))
        for resolved in resolve_pair("old", chart, workspace):
            assert isinstance(resolved, ChartSide)
            assert Path(resolved.values.files[0]).read_text() == "colour: piped\n"


def test_standard_input_cannot_be_both_sides() -> None:
    with pytest.raises(UsageError, match="both sides"), Workspace() as workspace:
        resolve_pair("-", ChartSide("-"), workspace)


@pytest.mark.parametrize("after", ["-", "release:prod/web"])
@pytest.mark.parametrize("before", ["", "git:main"])
def test_git_has_no_before_side_for_what_is_no_file(here: Repo, before: str, after: str) -> None:
    with pytest.raises(UsageError, match="git knows nothing of"), Workspace() as workspace:
        resolve_pair(before, ChartSide(after), workspace)


def test_git_without_a_revision_is_a_usage_error(here: Repo) -> None:
    with pytest.raises(UsageError, match="names no revision"), Workspace() as workspace:
        resolve_pair("git:", ChartSide("web"), workspace)


def test_no_chart_there(here: Repo) -> None:
    error = refusal("./web")
    assert isinstance(error, SourceError)
    assert error.file == "./web"
    assert "no chart there" in str(error)


def test_a_revision_alone_names_no_chart(here: Repo) -> None:
    with pytest.raises(UsageError, match="git:main says when, not what"), Workspace() as workspace:
        resolve_pair("", ChartSide("git:main"), workspace)


def test_no_chart_there_is_said_before_nothing_to_compare(here: Repo) -> None:
    here.init().chart().commit()
    with pytest.raises(SourceError, match="no chart there: nowhere"), Workspace() as workspace:
        resolve_pair("", ChartSide("nowhere"), workspace)
    missing = ChartSide("chart", values=ValuesInput(files=("none.yaml",)))
    with pytest.raises(SourceError, match="no such file"), Workspace() as workspace:
        resolve_pair("", missing, workspace)


def test_no_chart_there_is_said_before_no_repository(
    here: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(here.top.parent))
    with pytest.raises(SourceError, match="no chart there"), Workspace() as workspace:
        resolve_pair("", ChartSide("nowhere"), workspace)


def test_a_chart_without_chart_yaml(here: Repo) -> None:
    here.file("web/templates/a.yaml", "kind: A\n")
    assert "Chart.yaml is missing" in str(refusal("web"))


def test_a_directory_with_nothing_to_read(here: Repo) -> None:
    here.file("m/README.md", "")
    assert "holds neither a Chart.yaml nor a manifest" in str(refusal("m"))


def test_a_values_file_that_is_missing_or_a_directory(here: Repo) -> None:
    here.chart("web").file("dir/x", "")
    missing = refusal("web", values=ValuesInput(files=("prod.yaml",)))
    assert (str(missing), missing.file) == ("prod.yaml: values file: no such file", "prod.yaml")
    assert "values file: is a directory" in str(refusal("web", values=ValuesInput(files=("dir",))))


def test_bytes_that_are_not_utf8_name_file_and_line(here: Repo) -> None:
    (here.top / "m.yaml").write_bytes(b"kind: A\nname: \xff\xfe\n")
    error = refusal("m.yaml")
    assert isinstance(error, ReadError)
    assert (error.file, error.line) == ("m.yaml", 2)
    assert "not UTF-8" in str(error)


def test_symbolic_links_in_a_circle(here: Repo) -> None:
    (here.top / "a.yaml").symlink_to("b.yaml")
    (here.top / "b.yaml").symlink_to("a.yaml")
    assert "leads in a circle" in str(refusal("a.yaml"))
    (here.top / "gone.yaml").symlink_to("nowhere.yaml")
    assert "leads nowhere" in str(refusal("gone.yaml"))


def test_a_directory_that_links_back_up(here: Repo) -> None:
    here.file("m/a.yaml", "kind: A\n")
    (here.top / "m" / "again").symlink_to("..")
    assert "is a symbolic link to a directory above it" in str(refusal("m"))


def test_a_release_that_is_not_named_as_one(here: Repo) -> None:
    error = refusal("release:web")
    assert "release:web names no release" in str(error)
    assert "release:NAMESPACE/NAME" in error.remedy


def test_no_room_for_temporary_files(here: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(here.top / "nowhere"))
    monkeypatch.setattr("policylint.runtime.rooms._Run.root", "")  # as a run begins
    with pytest.raises(SourceError) as caught, Workspace() as workspace:
        workspace.directory()
    assert "no temporary files can be written" in str(caught.value)
    assert "TMPDIR" in caught.value.remedy


def test_a_disk_that_takes_no_more_files(here: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = here.init().chart("web")
    repo.commit()
    repo.chart("web", "blue")

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SourceError) as caught, Workspace() as workspace:
        resolve_pair("git:HEAD", ChartSide("web"), workspace)
    assert "no temporary files can be written: No space left on device" in str(caught.value)
    assert "free some space" in caught.value.remedy


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes as POSIX has them")
def test_pipes_are_manifests_and_values(here: Repo) -> None:
    here.chart("web")
    for name, content in (("side", b"kind: A\n"), ("values", b"colour: piped\n")):
        os.mkfifo(name)
        threading.Thread(target=Path(name).write_bytes, args=(content,), daemon=True).start()
    with Workspace() as workspace:
        old, new = resolve_pair("side", ChartSide("web", ValuesInput(files=("values",))), workspace)
        assert isinstance(old, ManifestSide)
        assert isinstance(new, ChartSide)
        assert old.text == (("side", "kind: A\n"),)
        assert Path(new.values.files[0]).read_text() == "colour: piped\n"
        assert new.as_named(new.values.files[0]) == "values"


def test_an_empty_before_side_makes_an_install(here: Repo) -> None:
    here.chart("web").write(empty_dot_yaml="# nothing\n---\n")
    with Workspace() as workspace:
        _, new = resolve_pair("empty.yaml", ChartSide("web"), workspace)
    assert isinstance(new, ChartSide)
    assert not new.is_upgrade


def test_values_behind_a_circle_of_links(here: Repo) -> None:
    here.chart("web")
    (here.top / "a").symlink_to("b")
    (here.top / "b").symlink_to("a")
    assert (
        str(refusal("web", values=ValuesInput(files=("a",))))
        == "a: the symbolic link leads in a circle"
    )
