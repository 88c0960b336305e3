"""A chart as Helm loads it: metadata, defaults, schema, templates, other files, and the charts in
charts/.

Sources: pkg/chart/loader of Helm 3.22 and 4.3. Helm 4 reads a values file of several documents as
layers, Helm 3 reads the first; both forget every number's type but float64.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.helm.values import files as chart_files
from policylint.helm.values.tables import Table, as_json_numbers, layer
from policylint.kyaml import load as kyaml
from policylint.model import Object


class ChartFile(Struct, frozen=True):
    """One file of a chart: its path inside the chart, with slashes, and its bytes."""

    name: str
    data: bytes

    @property
    def text(self) -> str:
        """The bytes as UTF-8; what is not UTF-8 is replaced."""
        return self.data.decode("utf-8", "replace")


class Dependency(Struct, frozen=True):
    """One entry of `dependencies` in Chart.yaml (or requirements.yaml)."""

    name: str
    version: str = ""
    repository: str = ""
    condition: str = ""
    tags: tuple[str, ...] = ()
    alias: str = ""
    imports: tuple[Any, ...] = ()
    """`import-values`: a name below `exports`, or `{child, parent}` paths."""

    @property
    def key(self) -> str:
        """The name its values go by in the parent: the alias where there is one."""
        return self.alias or self.name


class Chart(Struct, frozen=True, eq=False):
    """A chart, never changed once read, and equal to itself only.

    `dependencies` is None where Chart.yaml declares none at all.
    """

    name: str
    version: str
    metadata: Object
    values: Table
    path: str = ""
    """Where it was read from, for messages."""
    values_text: str = ""
    schema: bytes = b""
    templates: tuple[ChartFile, ...] = ()
    files: tuple[ChartFile, ...] = ()
    dependencies: tuple[Dependency, ...] | None = None
    charts: tuple[Chart, ...] = ()
    """The charts in charts/, by directory name."""
    lock: Object | None = None
    stored: bool = False
    """It comes from a release record: dependencies were worked into its values, the charts in
    charts/ are gone."""
    packed: bool = False
    """It comes from an archive: what it is made of is fixed, and others publish it."""

    @property
    def crds(self) -> tuple[ChartFile, ...]:
        """The files of crds/, which Helm installs and never upgrades."""
        return tuple(file for file in self.files if file.name.startswith("crds/"))

    def walk(self, prefix: str = "") -> Iterator[tuple[str, Chart]]:
        """This chart and all below it with their full paths, `app` and `app/charts/db`."""
        if prefix:
            path = f"{prefix}/charts/{self.name}"
        else:
            path = self.name
        yield path, self
        for child in self.charts:
            yield from child.walk(path)


def read_chart(path: Path | str, helm: str = "4", shown: str = "") -> Chart:
    """Read a chart directory or archive as Helm line "3" or "4" does; messages call it `shown`.

    Raises `ReadError` naming the file that cannot be read.
    """
    where = Path(path)
    shown = shown or str(path)
    if where.is_dir():
        return chart_of(chart_files.from_directory(where), shown, helm)
    chart = chart_of(chart_files.from_archive(where, shown), shown, helm)
    return replace(chart, packed=True)


def chart_of(files: Mapping[str, bytes], path: str, helm: str = "4", depth: int = 0) -> Chart:
    """The chart of files by their path inside it; `path` is what messages call it."""
    if "Chart.yaml" not in files:
        raise ReadError(
            "no Chart.yaml", file=path, remedy="name a chart's directory or its .tgz archive"
        )
    if depth > chart_files.MAX_DEPTH:
        raise ReadError("charts nested too deeply", file=path, remedy="flatten the dependencies")
    metadata = _mapping(files, "Chart.yaml", path)
    name = metadata.get("name")
    if not isinstance(name, str) or not name or "/" in name:
        raise ReadError(
            "chart.metadata.name is required",
            file=f"{path}/Chart.yaml",
            remedy="give the chart a name",
        )
    old = _mapping(files, "requirements.yaml", path)
    text = files.get("values.yaml", b"").decode("utf-8", "replace")
    return Chart(
        name=name,
        version=str(metadata.get("version", "")),
        metadata=metadata,
        values=read_values(text, f"{path}/values.yaml", helm),
        path=path,
        values_text=text,
        schema=files.get("values.schema.json", b""),
        templates=_files(files, "templates/"),
        files=tuple(file for file in _files(files, "") if _is_plain(file.name)),
        dependencies=dependencies_of({**metadata, **old}, path),
        charts=_charts(files, path, helm, depth),
        lock=_mapping(files, "Chart.lock", path)
        or _mapping(files, "requirements.lock", path)
        or None,
    )


def read_values(text: str, file: str, helm: str = "4") -> Table:
    """The values of a values file; Helm 4 lays several documents on each other, Helm 3 takes the
    first."""
    documents = kyaml.split(text, file)
    values: Table = {}
    for document in documents if helm != "3" else documents[:1]:
        body = document.body()
        if body is not None and not isinstance(body, dict):
            raise ReadError(
                "values are not a map",
                file=file,
                line=document.line,
                remedy="write `key: value` lines",
            )
        values = layer(values, body or {})
    result: Table = as_json_numbers(values)
    return result


def stored_chart(record: Object) -> Chart:
    """The chart of a release record (`chart` of Helm's own JSON)."""
    metadata = record.get("metadata") or {}
    schema = record.get("schema")
    return Chart(
        name=str(metadata.get("name", "")),
        version=str(metadata.get("version", "")),
        metadata=metadata,
        values=as_json_numbers(record.get("values") or {}),
        schema=chart_files.decoded(schema) if isinstance(schema, str) else b"",
        templates=_recorded(record.get("templates")),
        files=_recorded(record.get("files")),
        dependencies=dependencies_of(metadata, "release record"),
        lock=record.get("lock"),
        stored=True,
    )


def without_charts(chart: Chart) -> Chart:
    """The chart as a release record holds it: Helm does not store the charts in charts/."""
    return replace(chart, charts=(), stored=True)


def dependencies_of(metadata: Object, path: str) -> tuple[Dependency, ...] | None:
    """The declared dependencies; raises `ReadError` where the list is malformed."""
    declared = metadata.get("dependencies")
    if declared is None:
        return None
    if not isinstance(declared, list) or not all(
        isinstance(item, dict) and item.get("name") for item in declared
    ):
        raise ReadError(
            "dependencies must be a list of named charts", file=path, remedy="correct Chart.yaml"
        )
    dependencies = tuple(_dependency(item) for item in declared)
    keys = [dependency.key for dependency in dependencies]
    for key in keys:
        if keys.count(key) > 1:
            message = f'more than one dependency with name or alias "{key}"'
            raise ReadError(message, file=path, remedy="give one of them another alias")
    return dependencies


def _dependency(item: Object) -> Dependency:
    return Dependency(
        name=str(item["name"]),
        version=str(item.get("version") or ""),
        repository=str(item.get("repository") or ""),
        condition=str(item.get("condition") or ""),
        tags=tuple(str(tag) for tag in item.get("tags") or ()),
        alias=str(item.get("alias") or ""),
        imports=tuple(item.get("import-values") or ()),
    )


def _files(files: Mapping[str, bytes], prefix: str) -> tuple[ChartFile, ...]:
    return tuple(ChartFile(name, data) for name, data in files.items() if name.startswith(prefix))


def _is_plain(name: str) -> bool:
    known = (
        "Chart.yaml",
        "Chart.lock",
        "values.yaml",
        "values.schema.json",
        "requirements.yaml",
        "requirements.lock",
    )
    return name not in known and not name.startswith(("templates/", "charts/"))


def _recorded(listed: Any) -> tuple[ChartFile, ...]:
    items = listed if isinstance(listed, list) else []
    return tuple(
        ChartFile(str(item.get("name", "")), chart_files.decoded(item.get("data") or ""))
        for item in items
    )


def _mapping(files: Mapping[str, bytes], name: str, path: str) -> Table:
    """The first document of a file, as Helm reads them; empty where there is none."""
    documents = kyaml.split(files.get(name, b"").decode("utf-8", "replace"), f"{path}/{name}")
    body = documents[0].body() if documents else None
    if body is not None and not isinstance(body, dict):
        raise ReadError(
            "not a map", file=f"{path}/{name}", remedy="see the chart template guide for its form"
        )
    return body or {}


def _charts(entries: Mapping[str, bytes], path: str, helm: str, depth: int) -> tuple[Chart, ...]:
    charts = []
    for name, files in sorted(_in_charts(entries).items()):
        where = f"{path}/charts/{name}"
        if name.startswith(("_", ".")):
            continue
        if name.endswith(".tgz") and "" in files:
            charts.append(chart_of(chart_files.unpack(files[""], where), where, helm, depth + 1))
        elif any(files):  # a file lying in charts/ that is no archive is nobody's chart
            below = {rest: data for rest, data in files.items() if rest}
            charts.append(chart_of(below, where, helm, depth + 1))
    return tuple(charts)


def _in_charts(files: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    """The files of each entry of charts/ by their path in it, which is empty for an archive."""
    entries: dict[str, dict[str, bytes]] = {}
    for name, data in files.items():
        if name.startswith("charts/") and not name.endswith(".prov"):
            entry, _, rest = name.removeprefix("charts/").partition("/")
            entries.setdefault(entry, {})[rest] = data
    return entries


def schema_of(chart: Chart) -> Object | bool | None:
    """The chart's values.schema.json, None where it has none; raises `ReadError` when it is not
    JSON."""
    if not chart.schema.strip():
        return None
    try:
        schema: Object | bool = json.loads(chart.schema)
    except (ValueError, RecursionError) as error:
        file = f"{chart.path or chart.name}/values.schema.json"
        raise ReadError(f"not JSON: {error}", file=file, remedy="correct the schema") from None
    if not isinstance(schema, dict | bool):
        raise ReadError(
            "a schema is a map",
            file=f"{chart.path}/values.schema.json",
            remedy="correct the schema",
        )
    return schema
