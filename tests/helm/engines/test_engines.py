"""The embedded engine gives what the binaries give, on every chart of fixtures/charts and every way
to render it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policylint.errors import PolicylintError
from policylint.helm.engines.embedded import Embedded
from policylint.helm.engines.engine import Engine, Rendered
from policylint.helm.engines.library import is_installed
from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.kyaml.load import load, split
from tests.helms import helm

CHARTS = Path(__file__).parents[3] / "fixtures" / "charts"
pytestmark = pytest.mark.skipif(not is_installed(), reason="the embedded engine is not installed")


def cases() -> list[Any]:
    return list(_cases())


def _cases() -> Iterator[Any]:
    file = CHARTS / "cases.yaml"
    for chart, ways in load(file.read_text(), str(file)).items():
        for number, way in enumerate(ways):
            yield pytest.param(chart, way, id=f"{chart}-{number}")


def side_of(chart: str, way: dict[str, Any], tmp_path: Path) -> ChartSide:
    files = []
    for number, text in enumerate(way.get("values", ())):
        files.append(tmp_path / f"values-{number}.yaml")
        files[-1].write_text(text)
    values = ValuesInput(
        files=tuple(map(str, files)),
        set=tuple(way.get("set", ())),
        set_string=tuple(way.get("set-string", ())),
        set_json=tuple(way.get("set-json", ())),
        set_literal=tuple(way.get("set-literal", ())),
    )
    return ChartSide(
        str(CHARTS / chart),
        values,
        release="shop",
        namespace="prod",
        kube_version=way.get("kube-version", "1.36"),
        api_versions=tuple(way.get("api-versions", ())),
        include_crds=way.get("include-crds", False),
        is_upgrade=way.get("upgrade", True),
        extra=tuple(way.get("extra", ())),
    )


def answer(engine: Engine, side: ChartSide) -> Rendered | PolicylintError:
    try:
        return engine.render(side)
    except PolicylintError as error:
        return error


def objects(text: str) -> list[tuple[str, Any]]:
    """(template, value) of each document, sorted: Helm 3 installs webhook configurations after all
    other kinds."""
    documents = [(document.source, document.body()) for document in split(text, "render")]
    return sorted(documents, key=repr)


@pytest.mark.parametrize(("chart", "way"), cases())
def test_the_embedded_engine_is_helm(chart: str, way: dict[str, Any], tmp_path: Path) -> None:
    side = side_of(chart, way, tmp_path)
    here = answer(Embedded(), side)
    for line in way.get("lines", ("3", "4")):
        there = answer(helm(line), side)
        if "fails" in way:
            assert isinstance(here, PolicylintError)
            assert isinstance(there, PolicylintError)
            assert way.get("embedded", way["fails"]) in here.message
            assert way["fails"] in there.message
            continue
        assert isinstance(here, Rendered), here
        assert isinstance(there, Rendered), there
        if line == "4":
            assert (here.text, here.crds) == (there.text, there.crds)
        assert objects(here.text) == objects(there.text)
        assert objects(here.crds) == objects(there.crds)
        assert here.command.split()[1:] == there.command.split()[1:]
