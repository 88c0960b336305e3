"""Whether a CI job judges the pull request of a fork: then what the change says is a stranger's.

Source: each system's own list of predefined variables, and GitHub's webhook events.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from policylint.helm.sources.ci import is_pull_request

_PAIRS = (
    ("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "CI_MERGE_REQUEST_PROJECT_PATH"),
    ("TRAVIS_PULL_REQUEST_SLUG", "TRAVIS_REPO_SLUG"),
    ("BUILDKITE_PULL_REQUEST_REPO", "BUILDKITE_REPO"),
    ("CI_COMMIT_SOURCE_REPO", "CI_REPO"),
    ("SEMAPHORE_GIT_PR_SLUG", "SEMAPHORE_GIT_REPO_SLUG"),
    ("BITBUCKET_PR_SOURCE_REPO_FULL_NAME", "BITBUCKET_REPO_FULL_NAME"),
)
"""(repository that the change comes from, repository that it goes to)."""


def may_be_fork() -> bool:
    """Whether this is the job of a pull request whose origin is a fork, or is not told."""
    if not is_pull_request():
        return False
    told = [*_by_pairs(), *_by_event(), *_by_switches()]
    return any(told) or not told


def _by_pairs() -> list[bool]:
    pairs = [(os.environ.get(source, ""), os.environ.get(goal, "")) for source, goal in _PAIRS]
    return [source != goal for source, goal in pairs if source and goal]


def _by_switches() -> list[bool]:
    """Azure says it each time; Jenkins and CircleCI only where there is a fork."""
    if os.environ.get("CHANGE_FORK") or os.environ.get("CIRCLE_PR_REPONAME"):
        return [True]
    azure = os.environ.get("SYSTEM_PULLREQUEST_ISFORK", "")
    jenkins = os.environ.get("JENKINS_URL", "") and os.environ.get("CHANGE_ID", "")
    if azure:
        return [azure != "False"]
    if jenkins or os.environ.get("CIRCLECI"):
        return [False]
    return []


def _by_event() -> list[bool]:
    """GitHub says it of a pull request; a queue holds what was approved."""
    try:
        event: Any = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
        if "merge_group" in event:
            return [False]
        pull = event["pull_request"]
        return [pull["head"]["repo"]["full_name"] != pull["base"]["repo"]["full_name"]]
    except (KeyError, OSError, ValueError, TypeError, RecursionError):
        return []
