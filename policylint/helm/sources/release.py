"""Releases as sides: what a record says was deployed, or what the cluster says when helm asks it
(read only)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from msgspec.structs import replace

from policylint.errors import SourceError
from policylint.helm.engines.binary import TIME_LIMIT, Process
from policylint.helm.history.asked import TEMPLATE, printed_revision
from policylint.helm.history.read import holds_record, read
from policylint.helm.history.targets import base
from policylint.helm.inputs.files import read_text
from policylint.helm.inputs.names import namespace_name, release_name
from policylint.helm.inputs.revisions import History, Revision
from policylint.helm.inputs.sides import ManifestSide
from policylint.runtime.patterns import pattern

_SPEC = pattern(r"release:(?P<namespace>[^/@]+)/(?P<name>[^/@]+)(?:@(?P<revision>\d+))?")
_RECORD = pattern(r"helm\.sh/release\.v1|sh\.helm\.release\.v1\.")
_ALL = "100000"
"""More revisions than a release has: left to itself, `helm history` shows 256."""
_EXAMPLE = "release:NAMESPACE/NAME or release:NAMESPACE/NAME@REVISION"


def is_record(text: str) -> bool:
    """Whether a file is an exported release (a Secret or ConfigMap of Helm's storage, or helm's own
    JSON of one)."""
    release = text.lstrip()[:1] == "{" and '"manifest"' in text and '"info"' in text
    if not release and not _RECORD.search(text):
        return False
    return holds_record(text, "record")


def from_record(text: str, file: str) -> ManifestSide:
    """The revision that an upgrade would start from; raises SourceError where the file holds
    several releases."""
    record = _single(text, file)
    start = _start(record)
    if start:
        return _recorded(record, start)
    return _nothing(record)


def from_cluster(spec: str, helm: str) -> ManifestSide:
    """What `release:NAMESPACE/NAME[@REVISION]` names, by `helm history` and `helm get`; nothing is
    written."""
    named = _SPEC.fullmatch(spec)
    if named is None:
        raise SourceError(f"{spec} names no release", remedy=f"write {_EXAMPLE}")
    release = history(named["name"], named["namespace"], helm)
    start = _revision(release, int(named["revision"])) if named["revision"] else _start(release)
    if start:
        return _asked(release, start, helm)
    return _nothing(release)


def rollback(source: str, number: int, helm: str) -> tuple[ManifestSide, ManifestSide]:
    """(last revision, revision `number`) of an exported record or `release:NAMESPACE/NAME`: what a
    rollback updates.

    Helm takes the last revision for the base of a rollback, whatever its status; number 0 is the
    one before it.
    """
    if named := _SPEC.fullmatch(source):
        release = history(named["name"], named["namespace"], helm)
        target = _revision(release, number or release.last.number - 1)
        return _asked(release, release.last, helm), _asked(release, target, helm)
    release = _single(read_text(Path(source)), source)
    target = _revision(release, number or release.last.number - 1)
    return _recorded(release, release.last), _recorded(release, target)


def history(name: str, namespace: str, helm: str) -> History:
    """The release's history, as `helm history` prints it."""
    (answer,) = _ask(
        helm,
        [
            "history",
            release_name(name),
            f"--namespace={namespace_name(namespace)}",
            f"--max={_ALL}",
            "--output=json",
        ],
    )
    now = datetime.now(UTC)
    (release,) = read(answer, f"helm history {name}", name=name, namespace=namespace, now=now)
    if os.environ.get("HELM_DRIVER", "").lower() in ("configmap", "configmaps"):
        kind = "ConfigMap"
    else:
        kind = "Secret"
    return replace(
        release, revisions=tuple(replace(revision, kind=kind) for revision in release.revisions)
    )


def _single(text: str, file: str) -> History:
    histories = read(text, file, now=datetime.now(UTC))
    if len(histories) != 1:
        names = ", ".join(f"{history.namespace}/{history.name}" for history in histories) or "none"
        raise SourceError(
            f"{file} should hold one release, and holds: {names}",
            remedy="export one release at a time",
        )
    return histories[0]


def _revision(release: History, number: int) -> Revision:
    if revision := release.revision(number):
        return revision
    there = ", ".join(str(revision.number) for revision in release.revisions)
    raise SourceError(
        f"release {release.namespace}/{release.name} has no revision {number}",
        remedy=f"its revisions are {there}",
    )


def _start(release: History) -> Revision | None:
    """The revision that an upgrade starts from; of a locked release the one it will start from once
    it is free."""
    if revision := base(release) or next(reversed(release.deployed or release.good), None):
        return revision
    if release.last.pending:
        return None
    raise SourceError(
        f"Helm would not upgrade {release.namespace}/{release.name}: its last revision is "
        f"{release.last.status}",
        remedy=f"helm rollback {quote(release.name)} --namespace {quote(release.namespace)}, "
        "or name a revision: "
        f"{_EXAMPLE}",
    )


def _nothing(release: History) -> ManifestSide:
    """The side of a release that never got as far as a good revision: nothing that an upgrade could
    start from."""
    label = f"{release.name} revision {release.last.number} ({release.last.status})"
    return ManifestSide(
        (),
        label,
        notes=("no revision of it was ever deployed: compared with nothing",),
        history=release,
    )


def _recorded(release: History, revision: Revision) -> ManifestSide:
    if not revision.manifest:
        name = f"{release.name} revision {revision.number}"
        raise SourceError(
            f"{release.file} does not hold the manifest of {name}",
            remedy=f"export the records: kubectl get secret -n {release.namespace or 'NAMESPACE'} "
            f"-l owner=helm,name={release.name or 'NAME'} -o yaml",
        )
    return _side(release, revision, (hook.get("manifest") for hook in revision.hooks))


def _asked(release: History, revision: Revision, helm: str) -> ManifestSide:
    """A revision with what its record holds: manifest, hooks, values and chart."""
    named = [
        release_name(release.name),
        f"--namespace={namespace_name(release.namespace)}",
        f"--revision={revision.number}",
    ]
    printed, method = _ask(
        helm,
        ["get", "all", *named, f"--template={TEMPLATE}"],
        ["get", "metadata", *named, "--output=json"],
    )
    apply_method = re.search(r'"applyMethod"\s*:\s*"(\w+)"', method)
    read = printed_revision(printed, f"helm get all {release.name}")
    full = replace(
        read, updated=revision.updated, apply_method=apply_method[1] if apply_method else ""
    )
    revisions = tuple(full if older.number == full.number else older for older in release.revisions)
    return _recorded(replace(release, revisions=revisions), full)


def _side(release: History, revision: Revision, hooks: Iterable[str | None]) -> ManifestSide:
    label = f"{release.name} revision {revision.number}"
    printed = "\n---\n".join(hook for hook in hooks if hook)
    texts = ((label, revision.manifest), (f"{label} (hooks)", printed))
    shown = tuple(text for text in texts if text[1].strip())
    locked: tuple[str, ...] = ()
    if release.last.pending:
        locked = (f"{release.name} is locked: compared with revision {revision.number}",)
    return ManifestSide(
        shown,
        label,
        notes=locked,
        apply_method=revision.method,
        revision=revision,
        history=release,
    )


def _ask(helm: str, *questions: list[str]) -> list[str]:
    """What helm answers to each question, asked at the same time; raises SourceError with helm's
    message."""
    if not helm:
        raise SourceError("asking the cluster needs a helm binary", remedy="name one with --helm")
    asked = [Process([helm, *question], TIME_LIMIT) for question in questions]
    answers = []
    try:
        for process in asked:
            code, out, err = process.wait()
            if code and process.argv[1:3] != ["get", "metadata"]:
                message = err.decode("utf-8", "replace").strip()
                question = " ".join(word for word in process.argv[1:] if "{{" not in word)
                raise SourceError(
                    f"helm {question}: {message}", remedy="check name, namespace and kube context"
                )
            answers.append(out.decode("utf-8", "replace"))
    finally:
        for process in asked:
            process.cancel()
    return answers
