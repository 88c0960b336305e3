"""How large a release's record will be, before it is written, and which files make it so.

Helm stores base64(gzip(JSON)) of the whole release: chart metadata, templates, other files,
defaults, user values, manifest and hooks, but not the charts in charts/. Source:
pkg/storage/driver/util.go of Helm 3.22 and 4.3.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct, json

from policylint.helm.history.record import MAX_RECORD
from policylint.helm.values.chart import Chart
from policylint.model import Object
from policylint.runtime.background import Meanwhile

DEVIATION = 0.015
"""How far Go's gzip and zlib may lie apart (measured below 1 % on the recorded releases)."""
_NEEDED = ("templates/", "crds/")


class Weight(Struct, frozen=True):
    """One file of a chart and the bytes it takes of the record."""

    name: str
    size: int

    @property
    def needed(self) -> bool:
        """Whether Helm itself reads it; any other file may be read by a template through .Files."""
        return self.name.startswith(_NEEDED)


class Forecast(Struct, frozen=True):
    """The size of a record to come, and the chart that makes it so."""

    chart: Chart
    packing: Meanwhile[int]

    @property
    def size(self) -> int:
        """The record's size."""
        return self.packing.result()

    @property
    def weights(self) -> tuple[Weight, ...]:
        """The heaviest files, heaviest first."""
        return heaviest(self.chart)

    @property
    def ignorable(self) -> tuple[str, ...]:
        """Lines for .helmignore that make it smaller."""
        return ignorable(self.weights, "\n".join(file.text for file in self.chart.templates))

    @property
    def heaviest(self) -> str:
        """The heaviest files in words."""
        if not self.weights:
            return "the manifest alone takes as much"
        return "heaviest: " + ", ".join(f"{weight.name} {weight.size}" for weight in self.weights)

    @property
    def too_large(self) -> bool:
        """Whether the API server will refuse it, within what an estimate can say."""
        return self.size > MAX_RECORD * (1 - DEVIATION)

    @property
    def certain(self) -> bool:
        """Whether it is too large even if the estimate is off."""
        return self.size > MAX_RECORD * (1 + DEVIATION)

    @property
    def share(self) -> float:
        """The part of the limit it takes, 1.0 and more is too large."""
        return self.size / MAX_RECORD


def forecast(
    chart: Chart,
    values: Object,
    manifest: str,
    *,
    name: str = "release",
    hooks: Sequence[Object] = (),
) -> Forecast:
    """The record that an install or upgrade of a chart would write."""
    rest = {
        "name": name,
        "info": {"description": "Upgrade complete", "status": "deployed"},
        "config": values,
        "hooks": list(hooks),
        "version": 1,
    }
    return Forecast(chart, Meanwhile(partial(_packed_size, chart, rest, manifest)))


def of_manifest(manifest: str) -> Forecast:
    """The record of a manifest whose chart is not at hand: it takes no less than the manifest."""
    return forecast(Chart("", "", {}, {}), {}, manifest)


def _packed_size(chart: Chart, rest: Mapping[str, Any], manifest: str) -> int:
    """The size as Helm packs it; far from the limit, that of the parts packed in a quicker way, a
    little larger."""
    parts = [json.encode([rest, chart.metadata, chart.values]), manifest.encode()]
    parts += [base64.b64encode(file.data) for file in (*chart.templates, *chart.files)]
    quick = base64_size(
        _gzipped(b"".join(parts), level=1)
    )  # in one piece: this thread then asks for nothing
    if quick < MAX_RECORD // 2:
        return quick
    return base64_size(_gzipped(_json({**rest, "chart": _chart(chart), "manifest": manifest})))


def _json(release: Mapping[str, Any]) -> bytes:
    """A release as Go's JSON writes it, bytes as base64."""
    text = json.encode(release, order="sorted")
    for char, escape in ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026")):
        text = text.replace(char, escape)
    return text


def heaviest(chart: Chart, count: int = 5) -> tuple[Weight, ...]:
    """The files that weigh most in a record, each packed by itself."""
    files = (*chart.templates, *chart.files)
    large = sorted(files, key=lambda file: -len(file.data))[: 4 * count]
    weights = [
        Weight(file.name, base64_size(_gzipped(base64.b64encode(file.data)))) for file in large
    ]
    return tuple(sorted(weights, key=lambda weight: (-weight.size, weight.name))[:count])


_READERS_OF_FOLDERS = (".Files.Glob", ".Files.AsConfig", ".Files.AsSecrets")


def ignorable(weights: Sequence[Weight], templates: str) -> tuple[str, ...]:
    """Lines for .helmignore: heavy files that Helm does not need and whose name no template
    mentions."""
    if any(reader in templates for reader in _READERS_OF_FOLDERS):
        return ()
    lines = []
    for weight in weights:
        folder, _, name = weight.name.rpartition("/")
        is_heavy = weight.size > MAX_RECORD // 100
        if is_heavy and not weight.needed and name not in templates:
            lines.append(weight.name if folder else f"/{name}")
    return tuple(lines)


def base64_size(size: int) -> int:
    """The length of the base64 text of so many bytes."""
    return (size + 2) // 3 * 4


def _gzipped(data: bytes, level: int = 9) -> int:
    packer = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return len(packer.compress(data)) + len(packer.flush())


def _chart(chart: Chart) -> dict[str, Any]:
    def packed(files: Sequence[Any]) -> list[dict[str, Any]]:
        return [{"name": file.name, "data": file.data} for file in files]

    return {
        "metadata": chart.metadata,
        "lock": chart.lock,
        "templates": packed(chart.templates),
        "values": chart.values,
        "schema": chart.schema or None,
        "files": packed(chart.files),
    }
