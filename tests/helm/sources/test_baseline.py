"""Which revision is compared with when none is named: never a commit with itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from policylint.errors import SourceError
from policylint.helm.inputs.sides import ChartSide, EmptySide, ValuesInput
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources import ci
from policylint.helm.sources.resolve import resolve_pair
from tests.helm.sources.repository import Repo
from tests.helms import any_helm


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository whose main branch has two commits of the chart: first and second."""
    made = Repo(tmp_path / "repo").init()
    monkeypatch.chdir(made.top)
    made.chart(colour="first").commit("first")
    made.chart(colour="second").commit("second")
    return made


def colours(before: str = "", chart: str = "chart", **options: str) -> tuple[str, str, str]:
    """(label of the before side, its colour, the after side's colour)."""
    with Workspace() as workspace:
        sides = resolve_pair(before, ChartSide(chart), workspace, **options)
        texts = [any_helm().render(side).text for side in sides if isinstance(side, ChartSide)]
        colours_shown = [
            line.split()[1] for text in texts for line in text.splitlines() if "colour:" in line
        ]
        return sides[0].label, colours_shown[0], colours_shown[1]


def refusal(before: str = "", **options: str) -> SourceError:
    with pytest.raises(SourceError) as caught, Workspace() as workspace:
        resolve_pair(before, ChartSide("chart"), workspace, **options)
    return caught.value


def clone(repo: Repo, path: Path, *options: str) -> Repo:
    command = ["git", "clone", "--quiet", *options, f"file://{repo.top}", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return Repo(path)


def feature(repo: Repo) -> Repo:
    """A branch with a commit of its own, while main goes on."""
    repo.git("switch", "--quiet", "--create", "feature")
    repo.chart(colour="feature").commit("feature")
    repo.git("switch", "--quiet", "main")
    repo.chart(colour="third").commit("third")
    repo.git("switch", "--quiet", "feature")
    return repo


def test_a_branch_is_compared_with_where_it_left_the_default_branch(repo: Repo) -> None:
    feature(repo)
    assert colours() == ("merge base with main", "second", "feature")


def test_a_clone_asks_origin_for_its_default_branch(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("branch", "--move", "main", "trunk")
    copy = clone(repo, tmp_path / "clone")
    monkeypatch.chdir(copy.top)
    copy.git("switch", "--quiet", "--create", "feature")
    copy.chart(colour="feature").commit()
    assert colours() == ("merge base with origin/trunk", "second", "feature")


def test_the_configuration_names_the_default_branch_where_origin_does_not(repo: Repo) -> None:
    repo.git("branch", "--move", "main", "trunk")
    repo.git("switch", "--quiet", "--create", "feature")
    repo.chart(colour="feature").commit()
    assert colours(default_branch="trunk") == ("merge base with trunk", "second", "feature")
    assert "trunc" in str(refusal(default_branch="trunc"))


@pytest.mark.parametrize("variable", ci.TARGET_BRANCHES, ids=lambda variable: variable.name)
def test_ci_names_the_target_branch(
    repo: Repo, variable: ci.Variable, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("switch", "--quiet", "--create", "release")
    repo.chart(colour="release").commit()
    repo.git("switch", "--quiet", "--create", "feature")
    repo.chart(colour="feature").commit()
    monkeypatch.setenv(variable.name, "refs/heads/release")
    if variable.only_with:
        monkeypatch.setenv(variable.only_with, "false")
        assert colours()[1] == "second"
        monkeypatch.setenv(variable.only_with, "7")
    assert colours() == ("merge base with release", "release", "feature")


def test_a_target_branch_that_was_not_fetched_says_which_fetch(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_BASE_REF", "develop")
    error = refusal()
    assert "GITHUB_BASE_REF names develop" in str(error)
    assert "git fetch origin +refs/heads/develop:refs/remotes/origin/develop" in error.remedy


def test_staged_changes_only_are_compared_with_head(repo: Repo) -> None:
    feature(repo)
    repo.chart(colour="staged")
    repo.git("add", "chart")
    assert colours() == ("HEAD (staged changes)", "feature", "staged")


def test_what_is_not_staged_takes_no_part_in_a_staged_check(repo: Repo) -> None:
    repo.chart(colour="staged")
    repo.git("add", "chart")
    repo.file("chart/templates/untracked.yaml", "colour: untracked\n")
    assert colours() == ("HEAD (staged changes)", "second", "staged")


def test_staged_and_unstaged_changes_are_the_work_tree_against_the_merge_base(repo: Repo) -> None:
    feature(repo)
    repo.chart(colour="staged")
    repo.git("add", "chart")
    repo.chart(colour="unstaged")
    assert colours() == ("merge base with main", "second", "unstaged")


def test_staged_changes_elsewhere_do_not_hide_the_branch(repo: Repo) -> None:
    feature(repo)
    repo.write(README="new")
    repo.git("add", "README")
    assert colours() == ("merge base with main", "second", "feature")


def test_a_dirty_default_branch_is_compared_with_its_commit(repo: Repo) -> None:
    repo.chart(colour="dirty")
    assert colours()[1:] == ("second", "dirty")


def test_a_clean_default_branch_is_compared_with_the_commit_before(repo: Repo) -> None:
    assert colours() == ("HEAD^1", "first", "second")


def test_changes_elsewhere_leave_the_default_branch_clean(repo: Repo) -> None:
    repo.write(README="changed")
    assert colours() == ("HEAD^1", "first", "second")


def test_a_change_of_a_file_dependency_counts_as_a_change_of_the_chart(repo: Repo) -> None:
    dependency = "dependencies:\n  - name: lib\n    version: 0.1.0\n    repository: file://../lib\n"
    repo.chart("lib", "plain", name="lib").file(
        "chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n" + dependency
    )
    repo.commit()
    repo.chart("lib", "changed", name="lib")
    with Workspace() as workspace:
        assert resolve_pair("", ChartSide("chart"), workspace)[0].label == "merge base with main"


@pytest.mark.parametrize("variable", ci.BEFORE_COMMITS, ids=lambda variable: variable.name)
def test_ci_names_the_commit_before_a_push(
    repo: Repo, variable: ci.Variable, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = repo.git("rev-parse", "HEAD^1")
    repo.chart(colour="third").commit()
    head = repo.git("rev-parse", "HEAD")
    monkeypatch.setenv(variable.name, f"{first}...{head}" if "RANGE" in variable.name else first)
    assert colours() == (f"{first[:12]} ({variable.name})", "first", "third")
    monkeypatch.setenv(variable.name, "0" * 40)
    assert colours() == ("HEAD^1", "second", "third")
    monkeypatch.setenv(variable.name, head)
    assert colours() == ("HEAD^1", "second", "third")


def test_the_event_file_of_github_names_the_commit_before_a_push(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = repo.git("rev-parse", "HEAD^1")
    repo.chart(colour="third").commit()
    event = tmp_path / "event.json"
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    event.write_text(json.dumps({"before": first, "commits": []}))
    assert colours()[1:] == ("first", "third")
    event.write_text("not json")
    assert colours()[1:] == ("second", "third")


def test_a_commit_before_the_push_that_is_not_here_says_which_fetch(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_COMMIT_BEFORE_SHA", "c" * 40)
    assert refusal().remedy == f"git fetch origin {'c' * 40}"


def test_the_first_commit_has_nothing_to_be_compared_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo(tmp_path / "new").init()
    monkeypatch.chdir(repo.top)
    repo.chart()
    assert "no commit yet" in str(refusal())
    repo.git("add", "--all")
    with Workspace() as workspace:
        before, after = resolve_pair("", ChartSide("chart"), workspace)
        assert isinstance(before, EmptySide)
        assert isinstance(after, ChartSide)
    repo.commit()
    error = refusal()
    assert "HEAD is the first commit" in str(error)
    assert "--before" in error.remedy


@pytest.mark.parametrize("name", ["HEAD", "main", "@"])
def test_a_commit_is_never_compared_with_itself(repo: Repo, name: str) -> None:
    with pytest.raises(SourceError, match="never compared with itself"):
        colours(f"git:{name}")
    assert colours("git:HEAD~1")[1:] == ("first", "second")


def test_a_shallow_clone_without_the_merge_base_says_which_fetch(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feature(repo)
    copy = clone(repo, tmp_path / "clone", "--depth=1", "--branch=feature", "--no-single-branch")
    monkeypatch.chdir(copy.top)
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    error = refusal()
    assert "shallow clone does not reach the merge base with origin/main" in str(error)
    command = error.remedy.partition(" (")[0]
    assert command == "git fetch --unshallow origin +refs/heads/main:refs/remotes/origin/main"
    copy.git(*command.split()[1:])
    assert colours() == ("merge base with origin/main", "second", "feature")


def test_a_shallow_clone_of_one_branch_says_which_fetch(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feature(repo)
    copy = clone(repo, tmp_path / "clone", "--depth=1", "--branch=feature")
    monkeypatch.chdir(copy.top)
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    command = refusal().remedy.partition(" (")[0]
    copy.git(*command.split()[1:])
    assert colours() == ("merge base with origin/main", "second", "feature")


def test_a_shallow_default_branch_says_which_fetch(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = clone(repo, tmp_path / "clone", "--depth=1")
    monkeypatch.chdir(copy.top)
    error = refusal()
    assert error.remedy == "git fetch --deepen=1"
    copy.git("fetch", "--deepen=1")
    assert colours() == ("HEAD^1", "first", "second")


def test_unrelated_histories_ask_for_a_before_side(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "--orphan", "fresh")
    repo.chart(colour="fresh").commit()
    error = refusal()
    assert "no commit in common" in str(error)
    assert "--before" in error.remedy


def test_outside_a_repository_a_before_side_has_to_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Repo(tmp_path / "plain").chart()
    monkeypatch.chdir(plain.top)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    error = refusal()
    assert "is in no git repository" in str(error)
    assert "--before SIDE" in error.remedy


def test_a_revision_that_does_not_exist(repo: Repo) -> None:
    with pytest.raises(SourceError, match="git has no revision 'nowhere' here"):
        colours("git:nowhere")
    with pytest.raises(SourceError, match="git has no revision '--all' here"):
        colours("git:--all")


def test_values_alone_can_change(repo: Repo) -> None:
    repo.write(prod_dot_yaml="colour: prod\n").commit()
    with Workspace() as workspace:
        side = ChartSide("chart", ValuesInput(files=("prod.yaml",)))
        before, _ = resolve_pair("", side, workspace)
        assert isinstance(before, ChartSide)
        assert before.values.files == ()


def test_a_branch_that_the_clone_lacks_says_which_fetch(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feature(repo)
    copy = clone(repo, tmp_path / "clone", "--depth=1", "--branch=feature")
    monkeypatch.chdir(copy.top)
    for name in ("main", "origin/main"):
        error = refusal(f"git:{name}")
        assert "git:origin/main" in error.remedy
        assert (
            "git fetch --unshallow origin +refs/heads/main:refs/remotes/origin/main" in error.remedy
        )
    copy.git("fetch", "--unshallow", "origin", "+refs/heads/main:refs/remotes/origin/main")
    assert refusal("git:main").remedy == "the remote has it: git:origin/main"
    assert colours("git:origin/main")[0] == "git:origin/main"


def gitlab(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
    monkeypatch.setenv("CI_MERGE_REQUEST_DIFF_BASE_SHA", base)


def test_a_merge_request_names_its_base_where_no_branch_is_there(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = repo.git("rev-parse", "HEAD^1")
    repo.git("checkout", "--quiet", "--detach")
    repo.git("branch", "--delete", "--force", "main")
    gitlab(monkeypatch, base)
    assert colours()[1:] == ("first", "second")
    gitlab(monkeypatch, "c" * 40)
    error = refusal()
    assert "CI_MERGE_REQUEST_TARGET_BRANCH_NAME names main" in str(error)
    assert "GIT_DEPTH" in error.remedy


def test_a_merge_of_github_is_compared_with_its_first_parent_in_a_clone_of_two(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feature(repo)
    repo.git("checkout", "--quiet", "--detach", "main")
    repo.git("merge", "--quiet", "--strategy=ours", "--no-edit", "feature")
    repo.chart(colour="merged")
    repo.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    repo.git("update-ref", "refs/pull/7/merge", "HEAD")
    copy = clone(repo, tmp_path / "clone", "--depth=2", "--no-checkout")
    copy.git("fetch", "--quiet", "--depth=2", "origin", "refs/pull/7/merge")
    copy.git("checkout", "--quiet", "FETCH_HEAD")
    monkeypatch.chdir(copy.top)
    monkeypatch.setenv("GITHUB_REF", "refs/pull/7/merge")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    assert colours() == ("HEAD^1 (the base of the merge)", "third", "merged")


def test_the_event_of_a_pull_request_names_its_base(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = repo.git("rev-parse", "HEAD^1")
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"base": {"sha": base}}}))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    assert colours()[1:] == ("first", "second")


def test_what_a_job_leaves_lying_in_its_checkout_is_no_change(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write(chart__built_dot_log="made by this job")
    monkeypatch.setenv("CI", "true")
    assert colours() == ("HEAD^1", "first", "second")


def test_a_remote_without_a_head_that_has_one_branch(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("branch", "--move", "main", "trunk")
    repo.git("update-ref", "refs/remotes/origin/trunk", "HEAD^1")
    repo.git("switch", "--quiet", "--create", "feature")
    assert colours() == ("merge base with origin/trunk", "first", "second")


def test_a_pushed_branch_is_not_the_base_for_its_name(repo: Repo) -> None:
    repo.git("branch", "--move", "main", "trunk")
    repo.git("update-ref", "refs/remotes/origin/trunk", "HEAD^1")
    repo.git("update-ref", "refs/remotes/origin/master", "HEAD")
    error = refusal()
    assert "nothing names the default branch" in str(error)
    assert "git remote set-head origin --auto" in error.remedy
    assert "default-branch" in error.remedy


def test_a_tag_does_not_take_the_place_of_the_base(repo: Repo) -> None:
    repo.git("update-ref", "refs/remotes/origin/main", "HEAD^1")
    repo.git("update-ref", "refs/heads/main", "HEAD^1")
    repo.git("checkout", "--quiet", "--detach", "main")
    repo.chart(colour="feature").commit()
    repo.git("tag", "main")
    repo.git("tag", "origin/main")
    assert colours("git:main")[1:] == ("first", "feature")
    assert "ambiguous" in str(refusal("git:origin/main"))
    assert colours("git:refs/remotes/origin/main")[1:] == ("first", "feature")
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    assert colours() == ("merge base with origin/main", "first", "feature")


def test_pre_commit_names_what_it_compares(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "HEAD^1")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD")
    assert colours()[1:] == ("first", "second")


def event(path: Path, monkeypatch: pytest.MonkeyPatch, **body: object) -> None:
    path.write_text(json.dumps(body), "utf-8")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(path))


@pytest.mark.parametrize(
    ("reference", "commit"),
    [("GITHUB_REF", "GITHUB_SHA"), ("BUILD_SOURCEBRANCH", "BUILD_SOURCEVERSION")],
)
def test_a_head_that_merges_the_target_is_not_the_merge_that_ci_built(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, reference: str, commit: str
) -> None:
    feature(repo)
    repo.git("merge", "--quiet", "--strategy=ours", "--no-edit", "main")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    monkeypatch.setenv(reference, "refs/pull/7/merge")
    monkeypatch.setenv(commit, "c" * 40)
    assert colours() == ("merge base with main", "third", "feature")
    monkeypatch.setenv(commit, repo.git("rev-parse", "HEAD"))
    assert colours()[0] == "HEAD^1 (the base of the merge)"


def test_the_base_itself_is_no_pull_request(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = repo.git("rev-parse", "HEAD")
    event(tmp_path / "event.json", monkeypatch, pull_request={"base": {"sha": base}})
    assert "nothing of the request is checked out" in str(refusal())
    repo.chart(colour="feature").commit("feature")
    assert colours()[1:] == ("second", "feature")


def test_a_merge_queue_names_what_it_is_built_on(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("branch", "release", "HEAD^1")
    repo.git("switch", "--quiet", "release")
    repo.chart(colour="released").commit("released")
    base = repo.git("rev-parse", "HEAD")
    repo.chart(colour="queued").commit("queued")
    group = {"base_sha": base, "base_ref": "refs/heads/release"}
    repository = {"default_branch": "main"}
    event(tmp_path / "event.json", monkeypatch, merge_group=group, repository=repository)
    assert colours()[1:] == ("released", "queued")
    assert ci.is_pull_request()


def test_a_merged_result_is_compared_with_the_target_that_it_holds(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    feature(repo)
    older, newer = repo.git("merge-base", "HEAD", "main"), repo.git("rev-parse", "main")
    repo.git("checkout", "--quiet", "--detach", "main")
    repo.git("merge", "--quiet", "--strategy=ours", "--no-edit", "feature")
    gitlab(monkeypatch, older)
    assert colours()[1] == "second"
    monkeypatch.setenv("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", newer)
    assert colours()[1] == "third"


@pytest.mark.parametrize(
    "variables",
    [
        {"CIRCLE_PULL_REQUEST": "https://github.com/a/b/pull/7"},
        {"CIRRUS_PR": "7", "CIRRUS_BASE_BRANCH": "main"},
        {"CF_PULL_REQUEST_TARGET": "main"},
        {"BITRISEIO_GIT_BRANCH_DEST": "main"},
        {"BUDDY_RUN_PR_BASE_BRANCH": "main"},
        {"PULL_NUMBER": "7", "PULL_BASE_REF": "main"},
        {"ghprbPullId": "7", "ghprbTargetBranch": "main"},
    ],
)
def test_each_system_says_that_it_runs_for_a_pull_request(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    feature(repo)
    assert not ci.is_pull_request()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ci.is_pull_request()
    assert colours()[1:] == ("second", "feature")


@pytest.mark.parametrize(
    "body",
    [
        {"issue": {"pull_request": {"url": "https://api.github.com/repos/a/b/pulls/7"}}},
        {"workflow_run": {"event": "pull_request"}},
    ],
)
def test_a_workflow_that_follows_a_pull_request_is_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: dict[str, object]
) -> None:
    event(tmp_path / "event.json", monkeypatch, **body)
    assert ci.is_pull_request()
    event(tmp_path / "event.json", monkeypatch, issue={}, workflow_run={"event": "push"})
    assert not ci.is_pull_request()


def test_teamcity_names_the_target_in_a_file_that_a_file_names(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feature(repo)
    parameters = tmp_path / "parameters"
    parameters.write_text("#x\nteamcity.pullRequest.target.branch=refs/heads/main\n")
    properties = tmp_path / "properties"
    escaped = str(parameters).replace("/", "\\/")
    properties.write_text(f"teamcity.configuration.properties.file={escaped}\n")
    monkeypatch.setenv("TEAMCITY_BUILD_PROPERTIES_FILE", str(properties))
    assert ci.is_pull_request()
    assert ci.target_branch() == ("main", "teamcity.pullRequest.target.branch")
    parameters.write_text("teamcity.build.branch=main\n")
    assert not ci.is_pull_request()
    parameters.unlink()
    assert not ci.is_pull_request()


def test_a_pull_request_does_not_choose_the_branch_that_it_goes_to(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("branch", "other", "HEAD^1")
    copy = clone(repo, tmp_path / "clone")
    copy.git("remote", "set-head", "origin", "--delete")
    monkeypatch.chdir(copy.top)
    assert colours(default_branch="other")[0] == "merge base with origin/other"
    monkeypatch.setenv("CIRCLE_PULL_REQUEST", "https://github.com/a/b/pull/7")
    error = refusal(default_branch="other")
    assert "nothing names the default branch" in str(error)
    assert "default-branch" not in error.remedy
