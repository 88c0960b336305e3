"""Which revision is the before side when the user names none; a commit is never compared with
itself."""

from __future__ import annotations

import re
from shlex import quote

from policylint.errors import SourceError
from policylint.helm.sources import ci
from policylint.helm.sources.git import Repository, State
from policylint.helm.sources.snapshot import Revision

_NAME_IT = "name the side to compare with: --before git:REV, or any other side"


def named_revision(repository: Repository, name: str) -> Revision:
    """The revision of `git:NAME`; raises SourceError where there is none, with the fetch that may
    bring it, and where the name stands for several."""
    reference = _meant(repository, name)
    if commit := repository.commit(reference):
        return Revision(commit, f"git:{name}")
    remedy = _obtain(repository, name)
    raise SourceError(f"git has no revision {name!r} here", remedy=remedy)


def _meant(repository: Repository, name: str) -> str:
    """The full name of what a short one stands for.

    git itself takes a tag before a branch of the same name, so whoever may push a tag could choose
    what is compared. Here a branch that the remote has too, or that is the default, comes first.
    """
    short = re.split(r"[~^@:]", name, maxsplit=1)[0]
    rest = name[len(short) :]
    if not short or short == "HEAD" or short.startswith("refs/"):
        return name
    kinds = ("refs/heads", "refs/remotes", "refs/tags")
    references = repository.references(*(f"{kind}/{short}" for kind in kinds))
    if not references:
        return name
    commits = {repository.commit(reference) for reference in references}
    if len(commits) > 1 and not _is_well_known(repository, short, references[0]):
        raise SourceError(
            f"git:{name} is ambiguous: {', '.join(references)}",
            remedy=f"write the full name: --before git:{references[0]}{rest}",
        )
    return references[0] + rest


def _is_well_known(repository: Repository, branch: str, reference: str) -> bool:
    """Whether a local branch is the default or target branch, or stands where the remote has it."""
    if not reference.startswith("refs/heads/"):
        return False
    if branch in (ci.target_branch()[0], ci.default_branch(), "main", "master"):
        return True
    remote = repository.commit(f"refs/remotes/origin/{branch}")
    return remote == repository.commit(reference)


def _obtain(repository: Repository, name: str) -> str:
    """How to get a revision that is not here; a clone of one branch fetches others only where it is
    told to."""
    short = re.split(r"[~^@]", name)[0]
    if repository.commit(f"refs/remotes/origin/{name}"):
        return f"the remote has it: git:origin/{name}"
    deep = "--unshallow " if repository.is_shallow else ""
    remote = repository.commit(f"refs/remotes/origin/{short}")
    if short in ("HEAD", "") or remote or repository.commit(short):
        if deep:
            return f"this is a shallow clone: git fetch {deep}origin"
        return f"see what there is: git log {quote(short)}"
    if re.fullmatch(r"[0-9a-f]{7,64}", short):
        return f"git fetch {deep}origin {short}"
    branch = short.removeprefix("refs/heads/").removeprefix("origin/")
    fetch = f"git fetch {deep}origin {_both_sides(branch)}"
    return (
        f"fetch the branch, then say git:origin/{branch}{name[len(short) :]}: {fetch}"
        " (or a tag: git fetch --tags)"
    )


def default_revision(
    repository: Repository, paths: list[str], default_branch: str = ""
) -> Revision:
    """The revision to compare the work tree with; `paths` are the chart and its values in the
    repository.

    In this order: what pre-commit names; HEAD where all that changed there is staged; the base
    that CI names for a pull request; the merge base with the branch that CI, the remote or the
    configuration (`default_branch`) names; where that is HEAD itself, nothing changed since and
    this is no pull request, the commit before the push or before HEAD. Raises SourceError where
    there is none.
    """
    head = repository.commit("HEAD")
    if not head:
        return _before_first_commit(repository, paths)
    state = repository.state(paths)
    older, newer = ci.pre_commit_range()
    if older and repository.commit(newer) == head:
        return _from_pre_commit(repository, older)
    if state.staged and not state.unstaged:
        return Revision(head, "HEAD (staged changes)")
    base = _base_of_request(repository, head)
    base = base or _base_of_branch(repository, default_branch) or Revision(head, "HEAD")
    if base.commit == head and _is_clean(state):
        return _before_head(repository, head)
    return base


def _is_clean(state: State) -> bool:
    """Whether nobody proposes a change beside the commits.

    What a CI job leaves lying in its checkout is none.
    """
    return state.is_clean or (ci.is_running() and not state.unstaged)


def _before_first_commit(repository: Repository, paths: list[str]) -> Revision:
    """The empty tree, where the first commit of a repository is being made."""
    if not repository.files("", paths):
        raise SourceError("the repository has no commit yet", remedy=_NAME_IT)
    empty = repository.answer("hash-object", "-t", "tree", "--stdin")
    return Revision(empty, "nothing (this is the first commit)")


def _from_pre_commit(repository: Repository, older: str) -> Revision:
    """Where a range that pre-commit names left what it is compared with."""
    commit = repository.commit(older)
    if commit:
        base = repository.answer("merge-base", "HEAD", commit)
    else:
        base = ""
    if base:
        return Revision(base, f"merge base with {older[:12]} (PRE_COMMIT_FROM_REF)")
    raise SourceError(
        f"PRE_COMMIT_FROM_REF names {older}, which this clone does not reach",
        remedy=_deepen(repository, f"git fetch origin {older}"),
    )


def _base_of_request(repository: Repository, head: str) -> Revision | None:
    """The base commit of the pull or merge request that CI names; None outside one.

    Raises SourceError where the clone does not reach it.
    """
    if ci.is_merge_of_pull_request(head) and repository.commit("HEAD^2"):
        return Revision(repository.commit("HEAD^1"), "HEAD^1 (the base of the merge)")
    commit, origin = ci.base_commit()
    if not commit:
        return None
    known = repository.commit(commit)
    if known:
        base = repository.answer("merge-base", head, known)
    else:
        base = ""
    if base:
        return Revision(base, f"merge base with {commit[:12]} ({origin})")
    branch, _ = ci.target_branch()
    if branch and not known:
        return None  # the branch itself may be there
    raise SourceError(
        f"{origin} names the base {commit[:12]}, which this clone does not reach",
        remedy=_deepen(repository, f"git fetch origin {commit}"),
    )


def _base_of_branch(repository: Repository, default_branch: str) -> Revision | None:
    """The merge base with the branch that the change goes to; None where this is that branch and
    there is no other."""
    branch, reference = _target(repository, default_branch)
    if not reference:
        return None
    base = _merge_base(repository, branch, reference)
    return Revision(base, f"merge base with {_shown(reference)}")


def _shown(reference: str) -> str:
    return reference.removeprefix("refs/remotes/").removeprefix("refs/heads/")


def is_staged(revision: Revision) -> bool:
    """Whether the after side is what is staged."""
    return revision.label == "HEAD (staged changes)"


def _target(repository: Repository, default_branch: str) -> tuple[str, str]:
    """(branch, full name of the reference that git knows it by), ("", "") where no other branch is
    there; raises SourceError where one is named that git does not have, or none can be told."""
    branch, variable = ci.target_branch()
    if branch:
        return _named(repository, branch, f"{variable} names {branch}")
    remote = repository.answer("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    if remote and repository.commit(remote):
        return remote.removeprefix("refs/remotes/origin/"), remote
    if default_branch and not ci.is_pull_request():  # which does not choose what it goes to
        words = f"the configuration names {default_branch} as default branch"
        return _named(repository, default_branch, words)
    if branch := ci.default_branch():
        return _named(repository, branch, f"CI names {branch} as default branch")
    return _only_branch(repository)


def _named(repository: Repository, branch: str, words: str) -> tuple[str, str]:
    names = (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}")
    references = repository.references(*names)
    if references:
        return branch, references[0]
    raise SourceError(f"{words}, which this clone does not have", remedy=_fetch(repository, branch))


def _only_branch(repository: Repository) -> tuple[str, str]:
    """The default branch where nothing names it: the remote's only one, else a local main or
    master of a repository without a remote.

    A branch of the remote called main or master is not taken by its name: anybody may push one.
    """
    remotes = repository.every_reference("refs/remotes/origin/")
    remotes = [name for name in remotes if name != "refs/remotes/origin/HEAD"]
    if len(remotes) == 1:
        return remotes[0].removeprefix("refs/remotes/origin/"), remotes[0]
    locals_ = repository.every_reference("refs/heads/")
    if not remotes:
        for branch in ("main", "master"):
            if f"refs/heads/{branch}" in locals_:
                return branch, f"refs/heads/{branch}"
        if len(locals_) <= 1:
            return "", ""
    if ci.is_pull_request():
        setting = ""
    else:
        setting = "default-branch: NAME in .policylint.yaml, or "
    raise SourceError(
        "which branch the change goes to is not known: nothing names the default branch",
        remedy=f"git remote set-head origin --auto, or {setting}name the side to compare with:"
        " --before git:origin/NAME",
    )


def _merge_base(repository: Repository, branch: str, reference: str) -> str:
    if base := repository.answer("merge-base", "HEAD", reference):
        return base
    if repository.is_shallow:
        raise SourceError(
            f"this shallow clone does not reach the merge base with {_shown(reference)}",
            remedy=_fetch(repository, branch),
        )
    raise SourceError(f"HEAD and {_shown(reference)} have no commit in common", remedy=_NAME_IT)


def _fetch(repository: Repository, branch: str) -> str:
    return _deepen(repository, f"git fetch origin {_both_sides(branch)}")


def _both_sides(branch: str) -> str:
    """What to fetch of a branch, whose name may hold what a shell reads."""
    return quote(f"+refs/heads/{branch}:refs/remotes/origin/{branch}")


def _deepen(repository: Repository, fetch: str) -> str:
    """A fetch that brings the history too where the clone lacks it, and this CI's own way."""
    if repository.is_shallow:
        fetch = fetch.replace("git fetch ", "git fetch --unshallow ", 1)
    own_way = ci.how_to_fetch()
    if own_way:
        return f"{fetch} ({own_way})"
    return fetch


def _before_head(repository: Repository, head: str) -> Revision:
    """The commit before the push, else HEAD's first parent: HEAD and the work tree are the same.

    In a pull request there is none.
    """
    if ci.names_base():
        raise SourceError(
            "HEAD is the base of this pull request: nothing of the request is checked out",
            remedy="check out the pull request itself (pull_request_target of GitHub checks out the"
            " branch that it goes to), or name the side to compare with: --before git:REV",
        )
    commit, origin = ci.before_commit()
    if commit and not head.startswith(commit):
        if before := repository.commit(commit):
            return Revision(before, f"{commit[:12]} ({origin})")
        raise SourceError(
            f"{origin} names the commit {commit[:12]}, which this clone does not have",
            remedy=f"git fetch {'--depth=1 ' if repository.is_shallow else ''}origin "
            f"{quote(commit)}",
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
