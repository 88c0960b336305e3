"""What CI systems say of the change they run for: the branch it goes to, the commit before it."""

from __future__ import annotations

import json
import os
from pathlib import Path

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
        guard = os.environ.get(self.only_with, "") if self.only_with else "true"
        return os.environ.get(self.name, "") if guard not in ("", "false") else ""


# The branch that a pull or merge request goes to. Source: each system's list of predefined
# variables.
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
)

# The commit that the branch was at before this push.
BEFORE_COMMITS = (
    Variable("GITHUB_EVENT_BEFORE", "GitHub Actions"),
    Variable("CI_COMMIT_BEFORE_SHA", "GitLab CI"),
    Variable("GIT_PREVIOUS_SUCCESSFUL_COMMIT", "Jenkins"),
    Variable("GIT_PREVIOUS_COMMIT", "Jenkins"),
    Variable("DRONE_COMMIT_BEFORE", "Drone"),
    Variable("CI_PREV_COMMIT_SHA", "Woodpecker"),
    Variable("TRAVIS_COMMIT_RANGE", "Travis CI"),
    Variable("SEMAPHORE_GIT_COMMIT_RANGE", "Semaphore"),
)

_COMMIT = pattern(r"[0-9a-f]{7,64}")


def target_branch() -> tuple[str, str]:
    """(branch, variable that names it); ("", "") outside a pull or merge request."""
    for variable in TARGET_BRANCHES:
        if branch := variable.value.removeprefix("refs/heads/"):
            return branch, variable.name
    return "", ""


def before_commit() -> tuple[str, str]:
    """(commit, where it is from); ("", "") where CI names none, as on a branch's first push."""
    for variable in BEFORE_COMMITS:
        if commit := _one_commit(variable.value):
            return commit, variable.name
    if commit := _one_commit(_event().get("before", "")):
        return commit, "GITHUB_EVENT_PATH"
    return "", ""


def _event() -> dict[str, str]:
    """The event that started a GitHub workflow; nothing where there is none or it cannot be
    read."""
    try:
        event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
    except (KeyError, OSError, ValueError):
        return {}
    return (
        {key: value for key, value in event.items() if isinstance(value, str)}
        if isinstance(event, dict)
        else {}
    )


def _one_commit(value: str) -> str:
    """A commit, or the older end of a range; "" for none and for the zeros that stand for none."""
    found = _COMMIT.match(value)
    return found[0] if found and set(found[0]) != {"0"} else ""
