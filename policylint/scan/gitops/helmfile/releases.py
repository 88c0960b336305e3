"""helmfile: one release of a state: its own templates filled in, and whether a selector takes it.

Sources: helmfile, pkg/state/release.go (ExecuteTemplateExpressions), pkg/state/release_filters.go
and GetReleasesWithLabels in pkg/state/state.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from msgspec import Struct

from policylint.model import Json
from policylint.runtime.sentences import first_of
from policylint.scan.gitops.helmfile.states import State
from policylint.scan.gitops.helmfile.texts import DOUBTS, UNSEEN, filled_text
from policylint.scan.gitops.tree import mapping, sequence, string

_TEXTS = ("name", "chart", "namespace", "version")
_WAYS = ("installed", "condition", "values", "set", "setString", "kubeContext", "inherit")
_SHARED = ("namespace", "repositories", "apiVersions", "kubeVersion", "missingFileHandler")
_DEFAULTS = ("force", "reuseValues", "takeOwnership", "kubeContext", "postRenderer", "args")


class Caller(Struct, frozen=True):
    """What a helmfile hands down to one that it names."""

    file: str = ""
    selectors: tuple[str, ...] = ()
    values: tuple[dict[str, Json], ...] = ()


def caller_of(file: str, entry: Json) -> Caller:
    """What an entry of `helmfiles` of a file hands down."""
    selectors = tuple(map(str, sequence(entry, "selectors")))
    return Caller(file, selectors, tuple(row for row in sequence(entry, "values") if _is_map(row)))


def _is_map(row: Json) -> TypeGuard[dict[str, Json]]:
    return isinstance(row, dict)


def filled_release(entry: dict[str, Json], state: State) -> dict[str, Json]:
    """A release with the templates of its own texts filled in, as far as they are known."""
    result = dict(entry)
    parameters = parameters_of(state, entry)
    for key in _TEXTS:
        if isinstance(result.get(key), str):
            result[key] = filled_text(string(result, key), parameters)
    result["labels"] = {
        key: filled_text(str(text), parameters) for key, text in mapping(entry, "labels").items()
    }
    if entry.get("values"):
        result["values"] = [
            filled_text(row, parameters) if isinstance(row, str) else row
            for row in sequence(entry, "values")
        ]
    return _installed(result, parameters)


def parameters_of(state: State, entry: dict[str, Json]) -> dict[str, Any]:
    """What the templates of a release are handed, as far as it is known."""
    return {**state.parameters, "Release": _facts(entry)}


def _facts(entry: dict[str, Json]) -> dict[str, Any]:
    return {
        "Name": string(entry, "name") or None,
        "Namespace": string(entry, "namespace") or None,
        "Chart": string(entry, "chart") or None,
        "Labels": mapping(entry, "labels"),
        "KubeContext": string(entry, "kubeContext") or None,
    }


def _installed(entry: dict[str, Json], parameters: Mapping[str, Any]) -> dict[str, Json]:
    """`installedTemplate` as `installed`, where it is known."""
    text = string(entry, "installedTemplate")
    if not text:
        return entry
    printed = filled_text(text, parameters).strip()
    if printed not in ("true", "false"):
        return entry
    kept = {key: value for key, value in entry.items() if key != "installedTemplate"}
    return {**kept, "installed": printed == "true"}


def doubts_of(state: State, entry: dict[str, Json]) -> Iterator[str]:
    """What templates decide of a release that is read all the same."""
    lines = sequence(entry, DOUBTS)
    if lines:
        yield f"templates decide a part of it: {_lines(state.file, lines)}"
    beside = [str(place) for place in sequence(state.body, DOUBTS)]
    if beside:
        yield f"templates decide lines beside it: {first_of(beside, 2)}"
    for key, written in _deciding(state, entry):
        if UNSEEN in str(written):
            yield f"{key}, which templates decide"


def _deciding(state: State, entry: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    """What of a release and of its helmfile decides how it is made."""
    yield from ((f"its {key}", entry.get(key)) for key in (*_TEXTS, *_WAYS))
    yield from ((key, state.body.get(key)) for key in _SHARED)
    defaults = mapping(state.body, "helmDefaults")
    yield from ((f"helmDefaults.{key}", defaults.get(key)) for key in _DEFAULTS)


def _lines(file: str, lines: list[Json]) -> str:
    if len(lines) > 1:
        more = f" and {len(lines) - 1} more lines"
    else:
        more = ""
    return f"{file}:{lines[0]}{more}"


def chooses(caller: Caller, state: State, entry: dict[str, Json]) -> bool:
    """Whether the selectors of the helmfile that names this one take a release; a label that
    templates decide may be any."""
    return takes(caller.selectors, labels_of(state, entry))


def takes(selectors: Sequence[str], labels: Mapping[str, str]) -> bool:
    """Whether one of these selectors takes a release with these labels; none takes all."""
    return not selectors or any(_matches(selector, labels) for selector in selectors)


def labels_of(state: State, entry: dict[str, Json]) -> dict[str, str]:
    """Its labels, with those that helmfile gives every release."""
    common = mapping(state.body, "commonLabels")
    own = {key: str(text) for key, text in {**mapping(entry, "labels"), **common}.items()}
    return {
        **own,
        "name": string(entry, "name"),
        "namespace": string(entry, "namespace"),
        "chart": string(entry, "chart").rpartition("/")[2],
    }


def _matches(selector: str, labels: Mapping[str, str]) -> bool:
    return all(_holds(term, labels) for term in selector.split(","))


def _holds(term: str, labels: Mapping[str, str]) -> bool:
    is_negative = "!=" in term
    key, _, text = term.partition("!=" if is_negative else "=")
    label = labels.get(key)
    if label is not None and UNSEEN in label:
        return True
    if is_negative:
        return label != text
    return label == text
