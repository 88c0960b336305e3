"""Argo CD: the parameter sets that the generators of an ApplicationSet make.

Sources: the generator pages of Argo CD's documentation (list, git, matrix, merge). What only a
cluster or a hosting service knows (clusters, pull requests, SCM providers, plugins) is not known
here.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from policylint.errors import ReadError
from policylint.kyaml.load import load
from policylint.model import Json
from policylint.scan.gitops.argocd.application import Context
from policylint.scan.gitops.argocd.clusters import chosen
from policylint.scan.gitops.argocd.selectors import selects
from policylint.scan.gitops.argocd.templates import Strict, filled, normalized
from policylint.scan.gitops.gotemplates.lists import merged_over
from policylint.scan.gitops.gotemplates.model import MissingKeyError, TemplateError
from policylint.scan.gitops.gotemplates.values import from_json
from policylint.scan.gitops.tree import mapping, sequence, string

Parameters = dict[str, Any]
_MOST = 2_000
"""Parameter sets of one ApplicationSet."""


class GeneratorError(Exception):
    """Why parameter sets are not known here."""


def parameter_sets(
    context: Context, generator: dict[str, Json], go_template: bool, outer: Parameters | None = None
) -> list[Parameters]:
    """What one generator makes; `outer` are the parameters of the first generator of a matrix.

    Raises GeneratorError for what is not known here.
    """
    kinds = {
        "list": _listed,
        "git": _from_git,
        "matrix": _matrix,
        "merge": _merged,
        "clusters": _of_clusters,
    }
    name = _kind_of(generator, kinds)
    body = mapping(generator, name)
    made = kinds[name](context, _templated(body, outer, go_template), go_template)
    if generator.get("selector"):
        made = [row for row in made if selects(mapping(generator, "selector"), _labels(row))]
    if len(made) > _MOST:
        raise GeneratorError("too many parameter sets")
    return made


def _kind_of(generator: dict[str, Json], known: Iterable[str]) -> str:
    names = [name for name in generator if name not in ("selector", "template")]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        words = ", ".join(unknown) or "that is empty"
        raise GeneratorError(f"the generator {words} asks for what is not in the repository")
    if len(names) > 1:
        raise GeneratorError(f"a generator of several kinds: {', '.join(names)}")
    return names[0]


def _labels(row: Parameters) -> dict[str, str]:
    """Parameters as the labels that a generator's selector looks at."""
    return dict(_flat(row))


def _of_clusters(context: Context, body: dict[str, Json], go_template: bool) -> list[Parameters]:
    if not context.clusters:
        raise GeneratorError(
            "the generator clusters asks Argo CD: name its clusters with --clusters FILE"
        )
    values = mapping(body, "values")
    rows = chosen(context.clusters, body, go_template)
    return [_with_values(row, values, go_template) for row in rows]


def _templated(
    body: dict[str, Json], outer: Parameters | None, go_template: bool
) -> dict[str, Json]:
    if outer is None:
        return body
    rest = {key: entry for key, entry in body.items() if key != "values"}
    try:
        result: Json = filled(rest, outer, go_template)
        values = {
            key: _known(entry, outer, go_template) for key, entry in mapping(body, "values").items()
        }
    except TemplateError as error:
        raise GeneratorError(str(error)) from None
    if not isinstance(result, dict):
        return body
    return {**result, "values": values} if values else result


def _known(text: Json, outer: Parameters, go_template: bool) -> Json:
    """An entry of `values`, which waits for the generator's own parameters where it names those
    (RenderGeneratorParams)."""
    try:
        return filled(text, Strict(outer), go_template)
    except MissingKeyError:
        return text


def _listed(_context: Context, body: dict[str, Json], go_template: bool) -> list[Parameters]:
    elements = [entry for entry in sequence(body, "elements") if isinstance(entry, dict)]
    if go_template:
        rows = [dict(entry) for entry in elements]
    else:
        rows = [_texts(entry) for entry in elements]
    written = string(body, "elementsYaml")
    return [*rows, *_rows(written, "elementsYaml")] if written else rows


def _texts(element: dict[str, Json]) -> Parameters:
    """An element as the old templates have it: texts only, those of `values` by a dot."""
    values = mapping(element, "values")
    row = {key: entry for key, entry in element.items() if key != "values"}
    row |= {f"values.{key}": entry for key, entry in values.items()}
    for key, entry in row.items():
        if not isinstance(entry, str):
            raise GeneratorError(f"{key} of an element is no text, which Argo CD refuses")
    return row


def _flat(body: Mapping[str, Json], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested keys joined by dots, as the old templates name them."""
    for key, entry in body.items():
        if isinstance(entry, dict):
            yield from _flat(entry, f"{prefix}{key}.")
        elif isinstance(entry, list):
            numbered = {str(number): item for number, item in enumerate(entry)}
            yield from _flat(numbered, f"{prefix}{key}.")
        else:
            if isinstance(entry, bool):
                text = str(entry).lower()
            else:
                text = str(entry)
            yield f"{prefix}{key}", text


def _from_git(context: Context, body: dict[str, Json], go_template: bool) -> list[Parameters]:
    url = string(body, "repoURL")
    if not context.is_here(url):
        raise GeneratorError(f"a git generator reads {url}, another repository")
    values = mapping(body, "values")
    prefix = string(body, "pathParamPrefix")
    if sequence(body, "directories"):
        sets = [_of_path(path, go_template) for path in _directories(context, body)]
    else:
        sets = list(_files(context, body, go_template))
    if prefix:
        prefixed = [_prefixed(made, prefix, go_template) for made in sets]
    else:
        prefixed = sets
    return [_with_values(made, values, go_template) for made in prefixed]


def _prefixed(made: Parameters, prefix: str, go_template: bool) -> Parameters:
    """The facts on a path under `pathParamPrefix` (`PREFIX.path`), as a matrix of two git
    generators needs them."""
    if go_template:
        rest = {key: entry for key, entry in made.items() if key != "path"}
        return {**rest, prefix: {"path": made["path"]}}
    return {f"{prefix}.{key}" if _is_path(key) else key: entry for key, entry in made.items()}


def _is_path(key: str) -> bool:
    return key == "path" or key.startswith(("path.", "path["))


def _with_values(made: Parameters, values: dict[str, Json], go_template: bool) -> Parameters:
    if not values:
        return made
    try:
        extra = filled(values, made, go_template)
    except TemplateError as error:
        raise GeneratorError(str(error)) from None
    if go_template:
        return {**made, "values": extra}
    pairs = extra.items() if isinstance(extra, dict) else ()
    return {**made, **{f"values.{key}": entry for key, entry in pairs}}


def _directories(context: Context, body: dict[str, Json]) -> list[str]:
    """The directories that the globs choose; hidden ones, and those below, are never chosen."""
    folders = {parent for name in context.tree.names for parent in _parents(name)}
    shown = (folder for folder in folders if "/." not in f"/{folder}")
    return sorted(_Globs.of(sequence(body, "directories")).chosen(shown, _matches_folder))


def _parents(name: str) -> Iterator[str]:
    while name := posixpath.dirname(name):
        yield name


class _Globs(Struct, frozen=True):
    """Globs that choose paths, and globs that take them out again."""

    wanted: tuple[str, ...]
    excluded: tuple[str, ...]

    @classmethod
    def of(cls, entries: list[Json]) -> _Globs:
        """Those of `directories` or `files`."""
        listed = [entry for entry in entries if isinstance(entry, dict)]
        wanted = tuple(string(entry, "path") for entry in listed if not entry.get("exclude"))
        excluded = tuple(string(entry, "path") for entry in listed if entry.get("exclude"))
        return cls(wanted, excluded)

    def chosen(self, paths: Iterable[str], matches: Callable[[str, str], bool]) -> Iterator[str]:
        """The paths that are chosen, in their order."""
        for path in paths:
            is_wanted = any(matches(path, glob) for glob in self.wanted)
            if is_wanted and not any(matches(path, glob) for glob in self.excluded):
                yield path


def _files(context: Context, body: dict[str, Json], go_template: bool) -> Iterator[Parameters]:
    for name in _Globs.of(sequence(body, "files")).chosen(context.tree.names, _matches_file):
        for body in _rows(context.tree.text(name) or "", name):
            own = dict(body) if go_template else dict(_flat(body))
            yield {**own, **_of_path(posixpath.dirname(name), go_template, name)}


def _rows(text: str, name: str) -> list[dict[str, Json]]:
    """The object of a text, or those of its list (applicationset/generators/git.go)."""
    try:
        whole = load(text, name)
    except ReadError as error:
        raise GeneratorError(str(error)) from None
    rows = whole if isinstance(whole, list) else [whole or {}]
    bodies = [row for row in rows if isinstance(row, dict)]
    if len(bodies) != len(rows):
        raise GeneratorError(f"{name} holds neither an object nor a list of objects")
    return bodies


def _matches_folder(path: str, glob: str) -> bool:
    """path.Match: `*`, and `**` too, stay within a step."""
    steps, globs = path.split("/"), glob.split("/")
    pairs = zip(steps, globs, strict=False)
    return len(steps) == len(globs) and all(fnmatch.fnmatchcase(step, own) for step, own in pairs)


def _matches_file(path: str, glob: str) -> bool:
    """`git ls-files`, as Argo CD asks it unless its new globbing is on: `*` goes beyond a step, and
    a directory stands for all below."""
    glob = glob.removeprefix("./").rstrip("/")
    return fnmatch.fnmatchcase(path, glob) or path.startswith(f"{glob}/")


def _of_path(path: str, go_template: bool, file: str = "") -> Parameters:
    """The parameters on a directory, and on the file in it."""
    base = posixpath.basename(path)
    facts: Parameters = {
        "path": path,
        "basename": base,
        "basenameNormalized": normalized(base),
        "segments": path.split("/"),
    }
    if file:
        name = posixpath.basename(file)
        facts |= {
            "filename": name,
            "filenameNormalized": normalized(name),
        }
    if go_template:
        return {"path": facts}
    flat = {f"path.{key}": entry for key, entry in facts.items() if isinstance(entry, str)}
    segments = {f"path[{number}]": step for number, step in enumerate(path.split("/"))}
    return {**flat, "path": path, **segments}


def _inner(body: dict[str, Json]) -> list[dict[str, Json]]:
    return [entry for entry in sequence(body, "generators") if isinstance(entry, dict)]


def _matrix(context: Context, body: dict[str, Json], go_template: bool) -> list[Parameters]:
    """Each set of the first generator with each of the second, which may use the first's."""
    inner = _inner(body)
    if len(inner) != 2:
        raise GeneratorError("a matrix takes two generators")
    first, second = inner
    result: list[Parameters] = []
    for outer in parameter_sets(context, first, go_template):
        for made in parameter_sets(context, second, go_template, outer):
            result.append(_combined(outer, made, go_template))
            if len(result) > _MOST:
                raise GeneratorError("too many parameter sets")
    return result


def _combined(outer: Parameters, made: Parameters, go_template: bool) -> Parameters:
    """One set of a matrix: the first generator's parameters lie over the second's; the old
    templates take no two texts for one name."""
    if go_template:
        return merged_over(from_json(made), from_json(outer))
    differing = sorted(key for key in outer if key in made and outer[key] != made[key])
    if differing:
        raise GeneratorError(f"both generators of a matrix give {', '.join(differing)}")
    return {**outer, **made}


def _merged(context: Context, body: dict[str, Json], go_template: bool) -> list[Parameters]:
    """The first generator's sets, over them what the others say for the same merge keys."""
    keys = [str(key) for key in sequence(body, "mergeKeys")]
    inner = _inner(body)
    if not keys or len(inner) < 2:
        raise GeneratorError("a merge takes mergeKeys and two generators at least")
    base, *overrides = (parameter_sets(context, entry, go_template) for entry in inner)
    result = _by_key(base, keys)
    for override in overrides:
        overriding = _by_key(override, keys)
        for key, made in result.items():
            result[key] = merged_over(made, overriding.get(key, {}))
    return list(result.values())


def _by_key(rows: list[Parameters], keys: list[str]) -> dict[str, Parameters]:
    """Parameter sets by what they say for the merge keys, which are no paths."""
    result: dict[str, Parameters] = {}
    for row in rows:
        key = repr([row.get(name) for name in keys])
        if key in result:
            raise GeneratorError(f"two parameter sets of a merge have the same {', '.join(keys)}")
        result[key] = from_json(row)
    return result
