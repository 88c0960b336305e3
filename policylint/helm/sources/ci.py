"""What CI systems say of the change they run for: where it goes, what was there before it.

Source: each system's own list of predefined variables, and GitHub's webhook events.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from policylint.runtime.patterns import pattern


class Variable(Struct, frozen=True):
    """An environment variable, and the one that must be set too (and not be "false") for it to
    count."""

    name: str
    system: str
    only_with: str = ""

    @property
    def value(self) -> str:
        """Its value, "" where it is not set or does not count."""
        if self.only_with:
            guard = os.environ.get(self.only_with, "")
        else:
            guard = "true"
        if guard not in ("", "false"):
            return os.environ.get(self.name, "")
        return ""


# The branch that a pull or merge request goes to.
TARGET_BRANCHES = (
    Variable("GITHUB_BASE_REF", "GitHub Actions"),
    Variable("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "GitLab CI"),
    Variable("CHANGE_TARGET", "Jenkins"),
    Variable("BITBUCKET_PR_DESTINATION_BRANCH", "Bitbucket Pipelines"),
    Variable("SYSTEM_PULLREQUEST_TARGETBRANCH", "Azure Pipelines"),
    Variable("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "Buildkite"),
    Variable("CODEBUILD_WEBHOOK_BASE_REF", "AWS CodeBuild"),
    Variable("CI_COMMIT_TARGET_BRANCH", "Woodpecker"),
    Variable("DRONE_TARGET_BRANCH", "Drone", only_with="DRONE_PULL_REQUEST"),
    Variable("TRAVIS_BRANCH", "Travis CI", only_with="TRAVIS_PULL_REQUEST"),
    Variable("APPVEYOR_REPO_BRANCH", "AppVeyor", only_with="APPVEYOR_PULL_REQUEST_NUMBER"),
    Variable("SEMAPHORE_GIT_BRANCH", "Semaphore", only_with="SEMAPHORE_GIT_PR_NUMBER"),
    Variable("CF_PULL_REQUEST_TARGET", "Codefresh"),
    Variable("CIRRUS_BASE_BRANCH", "Cirrus CI", only_with="CIRRUS_PR"),
    Variable("BITRISEIO_GIT_BRANCH_DEST", "Bitrise"),
    Variable("BUDDY_RUN_PR_BASE_BRANCH", "Buddy"),
    Variable("BUDDY_EXECUTION_PULL_REQUEST_BASE_BRANCH", "Buddy"),  # its older name
    Variable("PR_BASE_BRANCH_NAME", "Screwdriver"),
    Variable("PULL_BASE_REF", "Prow", only_with="PULL_NUMBER"),
    Variable("BASE_BRANCH_NAME", "Atlantis", only_with="PULL_NUM"),
    Variable("ghprbTargetBranch", "Jenkins", only_with="ghprbPullId"),
    Variable("gitlabTargetBranch", "Jenkins", only_with="gitlabMergeRequestIid"),
)

# The commit of that branch that a pull or merge request is compared with.
BASE_COMMITS = (
    # set where the pipeline runs on the merge with this commit, which is newer than the next one
    Variable("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "GitLab CI"),
    Variable("CI_MERGE_REQUEST_DIFF_BASE_SHA", "GitLab CI"),
    Variable("BITBUCKET_PR_DESTINATION_COMMIT", "Bitbucket Pipelines"),
    Variable("CIRRUS_BASE_SHA", "Cirrus CI", only_with="CIRRUS_PR"),
    Variable("PULL_BASE_SHA", "Prow", only_with="PULL_NUMBER"),
)

# A pull request of a system that does not name where it goes.
PULL_REQUESTS = (Variable("CIRCLE_PULL_REQUEST", "CircleCI"),)

# (reference that is built, commit that it stood for) of systems that build the merge of a pull
# request with the branch that it goes to, which is its first parent.
MERGES = (
    ("GITHUB_REF", "GITHUB_SHA"),
    ("BUILD_SOURCEBRANCH", "BUILD_SOURCEVERSION"),  # Azure Pipelines
)

# The commit that the branch was at before this push.
BEFORE_COMMITS = (
    Variable("GITHUB_EVENT_BEFORE", "GitHub Actions"),
    Variable("CI_COMMIT_BEFORE_SHA", "GitLab CI"),
    Variable("GIT_PREVIOUS_SUCCESSFUL_COMMIT", "Jenkins"),
    Variable("GIT_PREVIOUS_COMMIT", "Jenkins"),
    Variable("CODEBUILD_WEBHOOK_PREV_COMMIT", "AWS CodeBuild"),
    Variable("DRONE_COMMIT_BEFORE", "Drone"),
    Variable("CI_PREV_COMMIT_SHA", "Woodpecker"),
    Variable("TRAVIS_COMMIT_RANGE", "Travis CI"),
    Variable("SEMAPHORE_GIT_COMMIT_RANGE", "Semaphore"),
)

# The branch that others start from and go back to.
DEFAULT_BRANCHES = (
    Variable("CI_DEFAULT_BRANCH", "GitLab CI"),
    Variable("BUILDKITE_PIPELINE_DEFAULT_BRANCH", "Buildkite"),
    Variable("CI_REPO_DEFAULT_BRANCH", "Woodpecker"),
    Variable("DRONE_REPO_BRANCH", "Drone"),
)

# How a job of each system fetches what its clone lacks, by a variable that only it sets.
FETCHES = (
    ("GITHUB_ACTIONS", "in GitHub Actions: actions/checkout with fetch-depth: 0"),
    ("GITLAB_CI", 'in GitLab CI: variables: {GIT_DEPTH: "0"}'),
    ("TF_BUILD", "in Azure Pipelines: checkout: self with fetchDepth: 0"),
    ("BITBUCKET_BUILD_NUMBER", "in Bitbucket Pipelines: clone: {depth: full}"),
    ("CIRCLECI", "in CircleCI: checkout with method: full"),
    ("BUILDKITE", "in Buildkite: no --depth in BUILDKITE_GIT_CLONE_FLAGS"),
    ("TRAVIS", "in Travis CI: git: {depth: false}"),
    ("APPVEYOR", "in AppVeyor: no clone_depth"),
    ("DRONE", "in Drone: clone: {depth: 0}"),
    ("TEAMCITY_VERSION", "in TeamCity: a checkout policy of the VCS root other than Shallow clone"),
    ("CODEBUILD_BUILD_ID", "in AWS CodeBuild: git-clone-depth: 0"),
    ("SEMAPHORE", "in Semaphore: checkout --use-cache, with SEMAPHORE_GIT_DEPTH=0"),
    ("JENKINS_URL", "in Jenkins: the clone option of the checkout without a shallow clone"),
    (
        "CI_PIPELINE_FORGE_URL",
        "in Woodpecker: clone: {git: {settings: {depth: 0, partial: false}}}",
    ),
)

_ESCAPED = pattern(r"\\(.)")
_COMMIT = pattern(r"[0-9a-f]{7,64}")
_MERGE = pattern(r"refs/pull/\d+/merge")


def is_running() -> bool:
    """Whether this is a job of a CI system."""
    if os.environ.get("CI", "") not in ("", "false", "0"):
        return True
    return any(os.environ.get(name) for name, _ in FETCHES)


def is_pull_request() -> bool:
    """Whether this is the job of a pull or merge request, or of a queue of them."""
    return names_base() or any(variable.value for variable in PULL_REQUESTS) or _is_told_of_one()


def names_base() -> bool:
    """Whether CI names what a pull or merge request is compared with."""
    return bool(target_branch()[0] or base_commit()[0])


def _is_told_of_one() -> bool:
    """Whether a GitHub workflow runs on a comment on a pull request, or after another workflow."""
    commented = _in_event("issue", "pull_request", "url")
    followed = _in_event("workflow_run", "event").startswith("pull_request")
    return bool(commented) or followed


def is_merge_of_pull_request(head: str) -> bool:
    """Whether HEAD is the merge of a pull request that CI built, first parent the base.

    A job may check out another commit, such as the pull request's own last one, which may be a
    merge too: its first parent is no base.
    """
    if _in_event("pull_request", "head", "sha") == head:
        return False
    return any(
        _MERGE.fullmatch(os.environ.get(reference, "")) and os.environ.get(commit, head) == head
        for reference, commit in MERGES
    )


def target_branch() -> tuple[str, str]:
    """(branch, variable that names it); ("", "") outside a pull or merge request."""
    for variable in TARGET_BRANCHES:
        if branch := variable.value.removeprefix("refs/heads/"):
            return branch, variable.name
    if branch := _in_event("merge_group", "base_ref").removeprefix("refs/heads/"):
        return branch, "GITHUB_EVENT_PATH"
    if branch := _parameter_of_teamcity("teamcity.pullRequest.target.branch"):
        return branch.removeprefix("refs/heads/"), "teamcity.pullRequest.target.branch"
    return "", ""


def base_commit() -> tuple[str, str]:
    """(the commit a pull or merge request is compared with, where it is from), ("", "") for
    none."""
    commit, origin = _first_commit(BASE_COMMITS)
    if commit:
        return commit, origin
    for steps in (("pull_request", "base", "sha"), ("merge_group", "base_sha")):
        if commit := as_commit(_in_event(*steps)):
            return (commit, "GITHUB_EVENT_PATH")
    return ("", "")


def before_commit() -> tuple[str, str]:
    """(commit, where it is from); ("", "") where CI names none, as on a branch's first push."""
    commit, origin = _first_commit(BEFORE_COMMITS)
    if commit:
        return commit, origin
    commit = as_commit(_in_event("before"))
    if commit:
        return (commit, "GITHUB_EVENT_PATH")
    return ("", "")


def default_branch() -> str:
    """The default branch as CI names it, "" where it does not."""
    for variable in DEFAULT_BRANCHES:
        if branch := variable.value:
            return branch
    return _in_event("repository", "default_branch")


def pre_commit_range() -> tuple[str, str]:
    """(from, to) as pre-commit names them for a push or for `--from-ref`; ("", "") otherwise."""
    older = os.environ.get("PRE_COMMIT_FROM_REF", "")
    newer = os.environ.get("PRE_COMMIT_TO_REF", "")
    if older and newer and set(older) != {"0"}:
        return (older, newer)
    return ("", "")


def how_to_fetch() -> str:
    """What this CI system is told so that its clone holds the history; "" outside CI."""
    for name, words in FETCHES:
        if os.environ.get(name):
            return words
    return ""


def as_commit(value: str) -> str:
    """A commit, or the older end of a range; "" for none and for the zeros that stand for none."""
    match = _COMMIT.match(value)
    if match and set(match[0]) != {"0"}:
        return match[0]
    return ""


def _first_commit(variables: Iterable[Variable]) -> tuple[str, str]:
    for variable in variables:
        if commit := as_commit(variable.value):
            return commit, variable.name
    return "", ""


def _in_event(*steps: str) -> str:
    """A text of the event that started a GitHub workflow, "" where it is not there."""
    value: Any = _event()
    for step in steps:
        if isinstance(value, Mapping):
            value = value.get(step)
        else:
            value = None
    if isinstance(value, str):
        return value
    return ""


def _parameter_of_teamcity(name: str) -> str:
    """A parameter of a build of TeamCity, "" where it is none. No variable has it: a file of
    properties that a variable names says which other one does."""
    properties = _properties(os.environ.get("TEAMCITY_BUILD_PROPERTIES_FILE", ""))
    parameters = _properties(properties.get("teamcity.configuration.properties.file", ""))
    return parameters.get(name, "")


def _properties(file: str) -> dict[str, str]:
    """The properties of a file of Java's, none where it cannot be read."""
    try:
        lines = Path(file).read_text("latin-1").splitlines() if file else []
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if not line.startswith(("#", "!")))
    return {key.strip(): _ESCAPED.sub(r"\1", value.strip()) for key, _, value in pairs}


def _event() -> Any:
    try:
        return json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
    except (KeyError, OSError, ValueError, RecursionError):
        return {}
