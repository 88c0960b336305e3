"""One copy of a revision serves every release of a run, and no release's failure another's."""

from __future__ import annotations

from pathlib import Path

import pytest

from policylint.errors import SourceError
from policylint.helm.sources.checkout import Checkout
from policylint.helm.sources.git import Repository, find_repository
from tests.helm.sources.repository import Repo

MANY = 40
ASKED = [
    ["apps/a1"],
    ["apps/a1/Chart.yaml"],
    ["apps/a1", "apps/a10/Chart.yaml", "apps/none"],
    ["apps/a1/"],
    ["apps"],
    ["."],
    ["apps/é x"],
    ["apps/a1-more", "apps/a1"],
    ["none"],
]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo").init()
    for number in range(MANY):
        repo.file(f"apps/a{number}/Chart.yaml", f"name: a{number}\n")
    for path in ("apps/a1/templates/x.yaml", "apps/a1-more/x.yaml", "apps/é x/y.yaml", "top.yaml"):
        repo.file(path, "a: 1\n")
    (repo.top / "apps" / "broken").mkdir()
    (repo.top / "apps" / "broken" / "out").symlink_to("/etc/hostname")
    repo.commit()
    return repo


def opened(repo: Repo) -> Repository:
    repository = find_repository(repo.top)
    assert repository is not None
    return repository


@pytest.mark.parametrize("paths", ASKED)
@pytest.mark.parametrize("commit", ["HEAD", ""])
def test_a_commit_listed_as_a_whole_answers_as_git_does(repo, commit, paths):
    repository = opened(repo)
    asked = repository.files(commit, paths)
    for _ in range(MANY):  # from some time on the answers come of one listing
        repository.files(commit, ["top.yaml"])
    assert sorted(blob.path for blob in repository.files(commit, paths)) == sorted(
        blob.path for blob in asked
    )


def test_what_cannot_be_copied_for_one_is_copied_for_another(repo, tmp_path):
    repository = opened(repo)
    checkout = Checkout(repository, repository.commit("HEAD"), tmp_path / "copy")
    with pytest.raises(SourceError, match="outside the repository"):
        checkout.add("apps/broken", "apps/a1")
    assert checkout.add("apps/a1")
    assert (tmp_path / "copy/apps/a1/templates/x.yaml").read_text() == "a: 1\n"
    with pytest.raises(SourceError, match="outside the repository"):
        checkout.add("apps/broken")
