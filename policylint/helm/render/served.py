"""API versions that templates ask a cluster for and that nobody here can know.

What `.Capabilities.APIVersions.Has` answers for a custom resource decides which objects are
rendered. Served for certain is what Kubernetes serves, what definitions at hand define and what
`--api-versions` names; any other may be served or not, and the render may be another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from policylint.helm.inputs.sides import ChartSide, Side
from policylint.helm.render.double import actions_in, contents_of
from policylint.helm.render.standing import Standing
from policylint.helm.values.capabilities import is_whole
from policylint.kubernetes.api.schemas import group_of, schemas
from policylint.runtime.patterns import pattern

_ALONE = 4
"""Up to how many groups each is also served without the others: more renders tell little more."""
_WHOLE_LIST = (
    """--api-versions "$(kubectl api-resources --no-headers | awk '{print $(NF-2)"/"$NF}' """
    """| paste -sd, -)\""""
)
_SERVED = pattern(
    rb"(?<![\w./-])(?P<version>(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,}"
    rb"/v\d+(?:(?:alpha|beta)\d+)?)(?:/(?P<kind>[A-Z]\w*))?(?![\w./-])"
)
"""An API version of a group with a domain, and a kind of it."""
_MADE = pattern(rb"APIVersions(?!\.Has\s+\(?[\"`])")
"""A question that does not name what it asks for then and there."""
_OBJECT = pattern(
    rb"^[ \t]*+apiVersion:[ \t]*+[\"']?(?P<version>[^\s\"']+)[\"']?"
    rb"[ \t\r]*+\n\s*+kind:[ \t]*+[\"']?(?P<kind>\w+)",
    re.MULTILINE,
)


def undecided(sides: Iterable[Side], standing: Standing) -> tuple[str, ...]:
    """The API versions ("GROUP/VERSION" or "GROUP/VERSION/Kind") that templates of the sides ask
    for and that the cluster may serve or not."""
    if is_whole(standing.api_versions):
        return ()
    asked = {word for side in sides if isinstance(side, ChartSide) for word in _asked(side)}
    if not asked:
        return ()
    own = {group_of(version) for version, _ in schemas(standing.kubernetes).kinds()}
    served = standing.served()
    open_words = (word for word in asked if word not in served and _group(word) not in own)
    return tuple(sorted(open_words))


def clusters(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Which of the API versions a cluster may serve: all, and those of each group alone."""
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(_group(word), []).append(word)
    yield words
    if 1 < len(groups) <= _ALONE:
        yield from map(tuple, groups.values())


def tell_what_is_served(words: Iterable[str]) -> str:
    """How to say whether the cluster serves these API versions."""
    named = " ".join(f"--api-versions {word}" for word in words)
    return (
        f"where the cluster has it: {named} (api-versions in .policylint.yaml); where it has not,"
        f" name all that it has: {_WHOLE_LIST}"
    )


def _group(word: str) -> str:
    return word.partition("/")[0]


def _asked(side: ChartSide) -> Iterator[str]:
    """Where what is asked for is put together (a variable, a helper), whatever the chart names."""
    contents = list(contents_of(side))
    is_made = False
    for content in contents:
        for action in actions_in(content) if b"APIVersions" in content else ():
            if b"APIVersions" not in action:
                continue
            is_made = is_made or _MADE.search(action) is not None
            yield from _words(action)
    for content in contents if is_made else ():
        yield from _words(content)
        for match in _OBJECT.finditer(content):
            if _SERVED.fullmatch(match["version"]):
                yield f"{match['version'].decode()}/{match['kind'].decode()}"


def _words(text: bytes) -> Iterator[str]:
    for match in _SERVED.finditer(text):
        word: bytes = match[0]
        yield word.decode()
