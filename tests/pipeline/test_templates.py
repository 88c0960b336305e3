"""Rendered places that name files of the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policylint.helm.inputs.sides import ChartSide
from policylint.model import Location
from policylint.pipeline.templates import in_repository
from policylint.report.places import primary
from tests.cli.test_cli import policylint
from tests.report.formats.test_formats import finding

DEMO = "fixtures/demo"


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    room = tmp_path / "deploy" / "my-chart"
    (room / "templates").mkdir(parents=True)
    (room / "charts/db/templates").mkdir(parents=True)
    for name in ("templates/web.yaml", "charts/db/templates/set.yaml", "secret.yaml"):
        (room / name).write_text("kind: Pod\n")
    (tmp_path / "deploy" / "outside.yaml").write_text("kind: Pod\n")
    return room


@pytest.mark.parametrize(
    ("file", "template"),
    [
        ("shop/templates/web.yaml", "templates/web.yaml"),
        ("shop/charts/db/templates/set.yaml", "charts/db/templates/set.yaml"),
        ("shop/templates/gone.yaml", ""),
        ("other/templates/web.yaml", ""),
        ("shop/../outside.yaml", ""),
        ("shop/", ""),
    ],
)
def test_a_template_of_the_chart_is_a_file_of_its_directory(chart, file, template) -> None:
    told = finding("no", locations=(Location("rendered", file, 87),))
    (placed,) = in_repository([told], ChartSide(str(chart)), "shop")
    wanted = str(chart / template) if template else file
    assert primary(placed).file == wanted
    assert placed.locations[0].file == file


def test_other_revisions_and_archives_have_no_file(chart: Path) -> None:
    told = finding("no", locations=(Location("rendered", "shop/templates/web.yaml", 87),))
    assert in_repository([told], ChartSide(str(chart), root=str(chart)), "shop") == (told,)
    assert in_repository([told], ChartSide("oci://registry/shop"), "shop") == (told,)


def test_annotations_name_files_of_the_repository() -> None:
    words = (
        f"check {DEMO}/after --before {DEMO}/before --release shop -n prod -f"
        f" {DEMO}/values-prod.yaml --helm embedded --helm-version 3 --format gitlab"
    )
    entries = json.loads(policylint(*words.split()).stdout)
    paths = {entry["location"]["path"] for entry in entries if entry["severity"] == "critical"}
    assert {f"{DEMO}/after/templates/_helpers.tpl", f"{DEMO}/after/values.yaml"} <= paths
    assert all(Path(path).is_file() for path in paths - {"shop/templates/uploads.yaml"})
