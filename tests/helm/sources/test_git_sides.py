"""The before side that git knows: the same chart and values as they stood, the work tree
untouched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from policylint.errors import SourceError
from policylint.helm.inputs.sides import ChartSide, EmptySide, ManifestSide, Side, ValuesInput
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.resolve import resolve_pair
from tests.helm.sources.repository import Repo
from tests.helms import any_helm


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = Repo(tmp_path / "repo").init()
    monkeypatch.chdir(made.top)
    return made


@pytest.fixture
def workspace() -> Workspace:
    with Workspace() as made:
        yield made


def pair(
    workspace: Workspace, before: str = "", chart: str = "chart", **flags: object
) -> tuple[Side, Side]:
    return resolve_pair(before, ChartSide(chart, **flags), workspace)


def text(side: Side) -> str:
    assert isinstance(side, ChartSide)
    return any_helm().render(side).text


def state(repo: Repo) -> str:
    index = (repo.top / ".git" / "index").read_bytes()
    status = repo.git("--no-optional-locks", "status", "--porcelain")  # else it may write the index
    return status + str(hash(index))


def test_a_revision_gives_chart_and_values_as_they_stood_and_touches_nothing(
    repo: Repo, workspace: Workspace
) -> None:
    repo.chart(colour="red").write(prod_dot_yaml="colour: dark-red\n").commit()
    repo.chart(colour="blue").write(prod_dot_yaml="colour: dark-blue\n")
    old = state(repo)
    for values, was, now in (
        (ValuesInput(), "red", "blue"),
        (ValuesInput(files=("prod.yaml",)), "dark-red", "dark-blue"),
    ):
        before, after = pair(workspace, "git:HEAD", values=values)
        assert f"colour: {was}\n" in text(before)
        assert f"colour: {now}\n" in text(after)
    assert state(repo) == old


def test_set_file_is_read_from_the_revision_too(repo: Repo, workspace: Workspace) -> None:
    repo.chart().write(motto="old").commit()
    repo.file("motto", "new")
    before, after = pair(workspace, "git:main", values=ValuesInput(set_file=("colour=motto",)))
    assert "colour: old" in text(before)
    assert "colour: new" in text(after)


def test_paths_are_those_of_the_current_directory(
    repo: Repo, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.chart("charts/web", "red").write(values__prod_dot_yaml="colour: plum\n").commit()
    repo.file("values/prod.yaml", "colour: pear\n")
    monkeypatch.chdir(repo.top / "charts")
    before, after = pair(
        workspace, "git:HEAD", chart="web", values=ValuesInput(files=("../values/prod.yaml",))
    )
    assert ("plum" in text(before), "pear" in text(after)) == (True, True)


def test_a_new_chart_has_an_empty_before_side_and_is_no_upgrade(
    repo: Repo, workspace: Workspace
) -> None:
    repo.write(README="").commit()
    repo.chart()
    before, after = pair(workspace, "git:HEAD")
    assert isinstance(before, EmptySide)
    assert isinstance(after, ChartSide)
    assert not after.is_upgrade


def test_a_chart_that_is_gone_has_an_empty_after_side(repo: Repo, workspace: Workspace) -> None:
    repo.chart().commit()
    shutil.rmtree(repo.top / "chart")
    before, after = pair(workspace, "git:HEAD")
    assert "colour: red" in text(before)
    assert isinstance(after, EmptySide)


def test_a_chart_that_never_was_is_an_error(repo: Repo, workspace: Workspace) -> None:
    repo.chart().commit()
    repo.chart(colour="blue")
    with pytest.raises(SourceError, match=r"no chrat on either side|no chart there"):
        pair(workspace, "git:HEAD", chart="chrat")


def test_a_chart_that_moved_is_compared_with_where_it_was(repo: Repo, workspace: Workspace) -> None:
    repo.chart("old/web", "red").chart("other", "grey", name="other").commit()
    repo.git("mv", "old", "new")
    before, after = pair(workspace, "git:HEAD", chart="new/web")
    assert "colour: red" in text(before)
    assert any("new/web was old/web" in note for note in before.notes)
    assert isinstance(after, ChartSide)


def test_a_chart_that_may_have_moved_from_two_places_is_an_error(
    repo: Repo, workspace: Workspace
) -> None:
    repo.chart("old/web").chart("older/web").commit()
    shutil.rmtree(repo.top / "older")
    repo.git("mv", "old", "new")
    with pytest.raises(
        SourceError,
        match=r"several charts called web are gone: old/web/Chart.yaml, older/web/Chart.yaml",
    ):
        pair(workspace, "git:HEAD", chart="new/web")


def test_a_values_file_that_is_new_is_left_out_before_and_said(
    repo: Repo, workspace: Workspace
) -> None:
    repo.chart(colour="red").commit()
    repo.file("new.yaml", "colour: blue\n")
    before, after = pair(workspace, "git:HEAD", values=ValuesInput(files=("new.yaml",)))
    assert "colour: red" in text(before)
    assert any("new.yaml is new" in note for note in before.notes)
    assert "colour: blue" in text(after)


def test_a_values_file_that_git_ignores_serves_both_sides(repo: Repo, workspace: Workspace) -> None:
    repo.chart(colour="red").write(_dot_gitignore="secret.yaml\n").commit()
    repo.file("secret.yaml", "colour: pink\n")
    repo.file("chart/templates/more.yaml", "{}\n")
    before, _ = pair(workspace, "git:HEAD", values=ValuesInput(files=("secret.yaml",)))
    assert "colour: pink" in text(before)
    assert any("as it is now" in note for note in before.notes)


def test_manifests_of_a_revision(repo: Repo, workspace: Workspace) -> None:
    repo.file("rendered/a.yaml", "kind: A\n")
    repo.commit()
    repo.file("rendered/a.yaml", "kind: B\n")
    for spec in ("rendered", "rendered/a.yaml"):
        before, after = pair(workspace, "git:HEAD", chart=spec)
        assert isinstance(before, ManifestSide)
        assert isinstance(after, ManifestSide)
        assert before.text == (("rendered/a.yaml", "kind: A\n"),)
        assert after.text[0][1] == "kind: B\n"


def test_a_symbolic_link_within_the_repository_is_followed(
    repo: Repo, workspace: Workspace
) -> None:
    repo.chart().file("shared/template.yaml", "kind: Shared\nvalue: 1\n")
    (repo.top / "chart/templates/shared.yaml").symlink_to("../../shared/template.yaml")
    (repo.top / "prod.yaml").symlink_to("shared/prod.yaml")
    repo.file("shared/prod.yaml", "colour: teal\n")
    repo.commit()
    repo.file("shared/template.yaml", "kind: Shared\nvalue: 2\n")
    before, after = pair(workspace, "git:HEAD", values=ValuesInput(files=("prod.yaml",)))
    assert "value: 1" in text(before)
    assert "colour: teal" in text(before)
    assert "value: 2" in text(after)


def test_a_symbolic_link_out_of_the_repository_is_refused(
    repo: Repo, workspace: Workspace, tmp_path: Path
) -> None:
    repo.chart()
    (tmp_path / "outside.yaml").write_text("kind: Outside\n")
    (repo.top / "chart/templates/out.yaml").symlink_to("../../../outside.yaml")
    repo.commit()
    repo.chart(colour="blue")
    with pytest.raises(
        SourceError,
        match=r"chart/templates/out.yaml is a symbolic link to .* outside the repository",
    ):
        pair(workspace, "git:HEAD")


def test_an_executable_filter_or_attribute_changes_nothing(
    repo: Repo, workspace: Workspace
) -> None:
    repo.chart().write(_dot_gitattributes="chart export-ignore\nvalues.yaml filter=evil\n").commit()
    repo.git("config", "filter.evil.smudge", f"touch {repo.top}/ran")
    repo.chart(colour="blue")
    before, _ = pair(workspace, "git:HEAD")
    assert "colour: red" in text(before)
    assert not (repo.top / "ran").exists()


def test_a_file_in_git_lfs_that_is_not_here_is_an_error_that_names_the_fetch(
    repo: Repo, workspace: Workspace
) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 3\n"
    repo.chart().file("chart/files/big", pointer)
    commit = repo.commit()
    repo.chart(colour="blue")
    with pytest.raises(SourceError) as caught:
        pair(workspace, "git:HEAD")
    assert caught.value.remedy == f"git lfs fetch origin {commit}"


def test_a_git_hook_s_environment_does_not_mislead(
    repo: Repo, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.chart("charts/web").commit()
    repo.chart("charts/web", "blue")
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    before, _ = pair(workspace, "git:HEAD", chart="charts/web")
    assert "colour: red" in text(before)


def test_no_copy_is_left_when_the_workspace_is_closed(repo: Repo) -> None:
    repo.chart().commit()
    repo.chart(colour="blue")
    with Workspace() as workspace:
        before, _ = pair(workspace, "git:HEAD")
        assert isinstance(before, ChartSide)
        assert Path(before.chart).is_dir()
    assert not Path(before.root).exists()


def test_a_chart_at_the_top_of_the_repository(repo: Repo, workspace: Workspace) -> None:
    repo.chart(".").commit()
    repo.chart(".", "blue")
    before, after = pair(workspace, "git:HEAD", chart=".")
    assert "colour: red" in text(before)
    assert "colour: blue" in text(after)


@pytest.mark.parametrize("reference", ["oci://registry.example/web", "stable/web"])
def test_which_version_of_a_reference_runs_is_not_known_by_git(
    repo: Repo, workspace: Workspace, reference: str
) -> None:
    repo.write(prod_dot_yaml="colour: red\n").commit()
    repo.write(prod_dot_yaml="colour: blue\n")
    with pytest.raises(SourceError, match=r"which version of .* is not known") as caught:
        pair(workspace, "git:HEAD", chart=reference, values=ValuesInput(files=("prod.yaml",)))
    for way in (f"--before {reference}@VERSION", "--before release:", "an exported record"):
        assert way in caught.value.remedy


def test_a_version_in_a_reference_is_its_own(workspace: Workspace) -> None:
    chart = {"chart": "oci://registry.example/web", "version": "2.0.0"}
    before, after = pair(workspace, "oci://registry.example/web:1.0.0", **chart)
    assert isinstance(before, ChartSide)
    assert isinstance(after, ChartSide)
    assert (before.chart, before.version, after.version) == (
        "oci://registry.example/web:1.0.0",
        "",
        "2.0.0",
    )
    before, _ = pair(workspace, "stable/web@1.0.0", chart="stable/web", version="2.0.0")
    assert isinstance(before, ChartSide)
    assert (before.chart, before.version) == ("stable/web", "1.0.0")


def module(repo: Repo, tmp_path: Path) -> Repo:
    """The repository with a submodule `shared` that holds a chart and values."""
    shared = (
        Repo(tmp_path / "shared")
        .init()
        .chart("lib", "old", "lib")
        .write(prod_dot_yaml="colour: old-values\n")
    )
    shared.commit()
    repo.git("submodule", "--quiet", "add", str(shared.top), "shared")
    return Repo(repo.top / "shared")


def test_dependencies_and_values_in_a_submodule_are_those_of_its_commit(
    repo: Repo, workspace: Workspace, tmp_path: Path
) -> None:
    inner = module(repo, tmp_path)
    entry = "dependencies:\n- {name: lib, version: 0.1.0, repository: 'file://../shared/lib'}\n"
    repo.chart()
    with (repo.top / "chart" / "Chart.yaml").open("a") as file:
        file.write(entry)
    repo.commit()
    inner.chart("lib", "new", "lib").write(prod_dot_yaml="colour: new-values\n").commit()
    repo.commit()
    before, after = pair(workspace, "git:HEAD~1", values=ValuesInput(files=("shared/prod.yaml",)))
    assert "colour: old\n" in text(before)
    assert "colour: old-values\n" in text(before)
    assert "colour: new\n" in text(after)
    assert "colour: new-values\n" in text(after)


def test_a_submodule_that_is_not_here_is_said(
    repo: Repo, workspace: Workspace, tmp_path: Path
) -> None:
    module(repo, tmp_path)
    repo.chart().commit()
    repo.chart(colour="blue").commit()
    repo.git("submodule", "--quiet", "deinit", "--force", "shared")
    (repo.top / "shared").joinpath("prod.yaml").write_text("colour: mine\n")
    with pytest.raises(SourceError, match="submodule shared is not here") as caught:
        pair(workspace, "git:HEAD~1", values=ValuesInput(files=("shared/prod.yaml",)))
    assert caught.value.remedy == "git submodule update --init shared"


def test_values_within_a_chart_move_with_it(repo: Repo, workspace: Workspace) -> None:
    repo.chart("old").write(old__prod_dot_yaml="colour: prod\n").commit()
    repo.git("mv", "old", "new")
    before, after = pair(workspace, "git:HEAD", "new", values=ValuesInput(files=("new/prod.yaml",)))
    assert "colour: prod\n" in text(before)
    assert "colour: prod\n" in text(after)


def test_a_link_from_outside_the_repository_leads_into_it(
    repo: Repo, workspace: Workspace, tmp_path: Path
) -> None:
    repo.chart(colour="red").commit()
    repo.chart(colour="blue")
    (tmp_path / "link").symlink_to(repo.top / "chart")
    before, after = pair(workspace, "git:HEAD", str(tmp_path / "link"))
    assert "colour: red\n" in text(before)
    assert "colour: blue\n" in text(after)
