"""Which revision is the before side when the user names none; a commit is never compared with
itself."""

from __future__ import annotations

import re

from policylint.errors import SourceError
from policylint.helm.sources import ci
from policylint.helm.sources.git import Repository
from policylint.helm.sources.snapshot import Revision

_NAME_IT = "name the side to compare with: --before git:REV, or any other side"


def named_revision(repository: Repository, name: str) -> Revision:
    """The revision of `git:NAME`; raises SourceError where there is none, with the fetch that may
    bring it."""
    if commit := repository.commit(name):
        return Revision(commit, f"git:{name}")
    remedy = _obtain(repository, name)
    raise SourceError(f"git has no revision {name!r} here", remedy=remedy)


def _obtain(repository: Repository, name: str) -> str:
    """How to get a revision that is not here; a clone of one branch fetches others only where it is
    told to."""
    short = re.split(r"[~^@]", name)[0]
    if repository.commit(f"origin/{name}"):
        return f"the remote has it: git:origin/{name}"
    deep = "--unshallow " if repository.is_shallow else ""
    if short in ("HEAD", "") or repository.commit(short) or repository.commit(f"origin/{short}"):
        return (
            f"this is a shallow clone: git fetch {deep}origin"
            if deep
            else f"see what there is: git log {short}"
        )
    if re.fullmatch(r"[0-9a-f]{7,64}", short):
        return f"git fetch {deep}origin {short}"
    branch = short.removeprefix("refs/heads/").removeprefix("origin/")
    fetch = f"git fetch {deep}origin +refs/heads/{branch}:refs/remotes/origin/{branch}"
    return f"fetch the branch, then say git:origin/{branch}{name[len(short) :]}: {fetch} (or a tag: git fetch --tags)"


def default_revision(
    repository: Repository, paths: list[str], default_branch: str = ""
) -> Revision:
    """The revision to compare the work tree with; `paths` are the chart and its values in the
    repository.

    In this order: HEAD where all that changed there is staged; the merge base with the branch that
    CI or the remote or the configuration (`default_branch`) names; where that is HEAD itself and
    nothing changed since, the commit before the push or before HEAD. Raises SourceError where there
    is none.
    """
    head = repository.commit("HEAD")
    if not head:
        raise SourceError("the repository has no commit yet", remedy=_NAME_IT)
    state = repository.state(paths)
    if state.staged and not state.unstaged:
        return Revision(head, "HEAD (staged changes)")
    branch, reference = _target(repository, default_branch)
    if reference:
        base = _merge_base(repository, branch, reference)
        if base != head or not state.is_clean:
            return Revision(base, f"merge base with {reference}")
    elif not state.is_clean:
        return Revision(head, "HEAD")
    return _before_head(repository, head)


def is_staged(revision: Revision) -> bool:
    """Whether the after side is what is staged."""
    return revision.label == "HEAD (staged changes)"


def _target(repository: Repository, default_branch: str) -> tuple[str, str]:
    """(branch, reference that git knows it by); raises SourceError where CI names one that git does
    not have."""
    branch, variable = ci.target_branch()
    if branch:
        if reference := _reference(repository, branch):
            return branch, reference
        raise SourceError(
            f"{variable} names {branch}, which this clone does not have",
            remedy=_fetch(repository, branch),
        )
    if remote := repository.answer(
        "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"
    ):
        return remote.removeprefix("origin/"), remote
    if default_branch:
        if reference := _reference(repository, default_branch):
            return default_branch, reference
        raise SourceError(
            f"the configuration names {default_branch} as default branch, which this clone does not have",
            remedy=_fetch(repository, default_branch),
        )
    found = _reference(repository, "main", "master")
    return found.removeprefix("origin/"), found


def _reference(repository: Repository, *branches: str) -> str:
    """The first of the branches that is there, of the remote ("origin/NAME") before the local one;
    "" for none."""
    names = [
        f"{kind}/{branch}" for branch in branches for kind in ("refs/remotes/origin", "refs/heads")
    ]
    found = repository.references(*names)
    return found[0].removeprefix("refs/remotes/").removeprefix("refs/heads/") if found else ""


def _merge_base(repository: Repository, branch: str, reference: str) -> str:
    if base := repository.answer("merge-base", "HEAD", reference):
        return base
    if repository.is_shallow:
        raise SourceError(
            f"this shallow clone does not reach the merge base with {reference}",
            remedy=_fetch(repository, branch),
        )
    raise SourceError(f"HEAD and {reference} have no commit in common", remedy=_NAME_IT)


def _fetch(repository: Repository, branch: str) -> str:
    deep = "--unshallow " if repository.is_shallow else ""
    command = f"git fetch {deep}origin +refs/heads/{branch}:refs/remotes/origin/{branch}"
    return f"{command} (in GitHub Actions: actions/checkout with fetch-depth: 0)"


def _before_head(repository: Repository, head: str) -> Revision:
    """The commit before the push, else HEAD's first parent: HEAD and the work tree are the same."""
    commit, origin = ci.before_commit()
    if commit and not head.startswith(commit):
        if found := repository.commit(commit):
            return Revision(found, f"{commit[:12]} ({origin})")
        raise SourceError(
            f"{origin} names the commit {commit[:12]}, which this clone does not have",
            remedy=f"git fetch {'--depth=1 ' if repository.is_shallow else ''}origin {commit}",
        )
    if parent := repository.commit("HEAD^1"):
        return Revision(parent, "HEAD^1")
    if repository.is_shallow:
        raise SourceError(
            "this shallow clone has no commit before HEAD", remedy="git fetch --deepen=1"
        )
    raise SourceError(
        "there is nothing to compare: HEAD is the first commit, and nothing changed since",
        remedy=_NAME_IT,
    )
