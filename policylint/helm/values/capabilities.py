"""What a chart's templates ask of the cluster (`.Capabilities`), and whether the answer depends on
which one it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from policylint.helm.values.chart import Chart
from policylint.helm.values.semver import admits
from policylint.kubernetes.api.apis import builtin
from policylint.kubernetes.api.schemas import NEWEST, RECORDED, group_of
from policylint.model import Location
from policylint.runtime.goactions import closed
from policylint.runtime.patterns import pattern

_ACTION = pattern(r"\{\{-?\s*(?!/\*)(.*?)\}\}", re.S)
_HAS = pattern(r"\.APIVersions\.Has\s+\(?[\"`]([^\"`]+)[\"`]")
_COMPARE = pattern(r"semverCompare\s+[\"`]([^\"`]+)[\"`]")


class ClusterQuestions(Struct, frozen=True):
    """A chart, and what the run was told of the cluster: whether its version, and which further API
    versions."""

    chart: Chart
    version_named: bool
    api_versions: tuple[str, ...] = ()


def split_words(api_versions: Iterable[str]) -> list[str]:
    """The words of `--api-versions`, each of which may hold several by commas."""
    return [word for words in api_versions for word in words.split(",") if word]


def is_whole(api_versions: Iterable[str]) -> bool:
    """Whether these are all that the cluster serves: nobody names the core version, which every
    cluster has, but who prints the whole list."""
    return any(word == "v1" or word.startswith("v1/") for word in split_words(api_versions))


class Question(Struct, frozen=True):
    """One thing that a template asks and the run does not know: the words, and the place."""

    asked: str
    location: Location


def unanswered(questions: ClusterQuestions) -> Iterator[Question]:
    """API versions of custom resources that were not given, and version bounds that lie among
    supported minors."""
    for path, chart in questions.chart.walk():
        for file in chart.templates:
            if "Capabilities" not in file.text:
                continue
            for action in _ACTION.finditer(closed(file.text)):
                line = file.text.count("\n", 0, action.start()) + 1
                for asked in _asked(action[1], questions):
                    yield Question(asked, Location("cause", f"{path}/{file.name}", line, key=asked))


def _asked(action: str, questions: ClusterQuestions) -> Iterator[str]:
    names = () if is_whole(questions.api_versions) else _HAS.findall(action)
    for name in names:
        if not _is_builtin(name) and not _is_named(name, questions.api_versions):
            yield name
    if questions.version_named or "Capabilities.KubeVersion" not in action:
        return
    for bounds in _COMPARE.findall(action):
        if len({admits(bounds, f"{minor}.0") for minor in (RECORDED[0], NEWEST)}) > 1:
            yield f"Kubernetes {bounds}"


def _is_builtin(name: str) -> bool:
    """Whether Kubernetes itself serves the group of `group/version` or `group/version/Kind`."""
    if name.count("/") > 1:
        api_version = name.rpartition("/")[0]
    else:
        api_version = name
    return group_of(api_version) in {group_of(served) for served, _ in builtin()}


def _is_named(name: str, api_versions: tuple[str, ...]) -> bool:
    """Whether the run was told of an API version, or of that of a kind."""
    return any(
        name == api_version or name.startswith(f"{api_version}/")
        for api_version in split_words(api_versions)
    )
