"""Releases as sides: what a record says was deployed, or what the cluster says when helm asks it (read only)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from policylint.errors import SourceError
from policylint.history.model import History, Revision
from policylint.sources.sides import ManifestSide

_SPEC = re.compile(r"release:(?P<namespace>[^/@]+)/(?P<name>[^/@]+)(?:@(?P<revision>\d+))?")
_RECORD = re.compile(r"helm\.sh/release\.v1|sh\.helm\.release\.v1\.")
_EXAMPLE = "release:NAMESPACE/NAME or release:NAMESPACE/NAME@REVISION"


def is_record(text: str) -> bool:
    """Whether a file is an exported release (a Secret or ConfigMap of Helm's storage, or helm's own JSON of one)."""
    head = text.lstrip()[:1]
    return bool(_RECORD.search(text)) or (head == "{" and '"manifest"' in text and '"info"' in text)


def from_record(text: str, file: str) -> ManifestSide:
    """The revision that an upgrade would start from; raises SourceError where the file holds several releases."""
    from policylint.history.read import read

    found = read(text, file)
    if len(found) != 1:
        names = ", ".join(f"{history.namespace}/{history.name}" for history in found) or "none"
        raise SourceError(f"{file} should hold one release, and holds: {names}", remedy="export one release at a time")
    revision = _base(found[0])
    if not revision.manifest:
        raise SourceError(
            f"{file} does not hold the manifest of {found[0].name}",
            remedy="export the record itself: kubectl get secret -l owner=helm,name=NAME -o yaml",
        )
    side = _side(found[0].name, revision, (hook.get("manifest") for hook in revision.hooks))
    return replace(side, history=found[0])


def from_cluster(spec: str, helm: str) -> ManifestSide:
    """What `release:NAMESPACE/NAME[@REVISION]` names, by `helm history` and `helm get`; nothing is written."""
    found = _SPEC.fullmatch(spec)
    if found is None:
        raise SourceError(f"{spec} names no release", remedy=f"write {_EXAMPLE}")
    name, namespace = found["name"], found["namespace"]
    number = int(found["revision"] or 0) or _base(history(name, namespace, helm)).number
    asked = [name, "--namespace", namespace, "--revision", str(number)]
    manifest, hooks, method = _ask(
        helm, ["get", "manifest", *asked], ["get", "hooks", *asked], ["get", "metadata", *asked, "--output", "json"]
    )
    apply_method = re.search(r'"applyMethod"\s*:\s*"(\w+)"', method)
    revision = Revision(number, "deployed", manifest=manifest, apply_method=apply_method[1] if apply_method else "")
    return _side(name, revision, [hooks])


def history(name: str, namespace: str, helm: str) -> History:
    """The release's history, as `helm history` prints it."""
    from policylint.history.read import read

    (answer,) = _ask(helm, ["history", name, "--namespace", namespace, "--output", "json"])
    return read(answer, f"helm history {name}", name=name, namespace=namespace)[0]


def _base(found: History) -> Revision:
    from policylint.history.targets import base

    if revision := base(found):
        return revision
    raise SourceError(
        f"Helm would not upgrade {found.namespace}/{found.name}: its last revision is {found.last.status}",
        remedy=f"helm rollback {found.name} --namespace {found.namespace}, or name a revision: {_EXAMPLE}",
    )


def _side(name: str, revision: Revision, hooks: Iterable[str | None]) -> ManifestSide:
    label = f"{name} revision {revision.number}"
    printed = "\n---\n".join(hook for hook in hooks if hook)
    texts = ((label, revision.manifest), (f"{label} (hooks)", printed))
    shown = tuple(text for text in texts if text[1].strip())
    return ManifestSide(shown, label, apply_method=revision.apply_method, revision=revision)


def _ask(helm: str, *questions: list[str]) -> list[str]:
    """What helm answers to each question, asked at the same time; raises SourceError with helm's message."""
    from policylint.render.binary import TIME_LIMIT, Process

    if not helm:
        raise SourceError("asking the cluster needs a helm binary", remedy="name one with --helm")
    asked = [Process([helm, *question], TIME_LIMIT) for question in questions]
    answers = []
    try:
        for process in asked:
            code, out, err = process.wait()
            if code and process.argv[1:3] != ["get", "metadata"]:
                said = err.decode("utf-8", "replace").strip()
                raise SourceError(
                    f"helm {' '.join(process.argv[1:])}: {said}", remedy="check name, namespace and kube context"
                )
            answers.append(out.decode("utf-8", "replace"))
    finally:
        for process in asked:
            process.cancel()
    return answers
