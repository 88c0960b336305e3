"""What a cluster on paper is asked, and by which template."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from policylint.helm.inputs.sides import ChartSide
from policylint.helm.render.standing import templates_that_look_up

ASKING = b'{{ lookup "v1" "Namespace" "" "default" }}'
FILES = {
    "web/Chart.yaml": b"apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "web/templates/asks.yaml": ASKING,
    "web/templates/plain.yaml": b"a: lookup\n",
    "web/files/other.yaml": ASKING,
}


def packed(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()


@pytest.mark.parametrize("is_packed", [False, True])
def test_the_templates_that_look_up_are_named_in_packed_charts_too(
    tmp_path: Path, is_packed: bool
) -> None:
    below = packed({"db/Chart.yaml": b"", "db/templates/_helpers.tpl": ASKING})
    files = {**FILES, "web/charts/db-1.0.0.tgz": below}
    chart = tmp_path / "web.tgz"
    if is_packed:
        chart.write_bytes(packed(files))
    else:
        chart = tmp_path / "web"
        for name, content in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    assert templates_that_look_up(ChartSide(str(chart))) == [
        "charts/db-1.0.0/templates/_helpers.tpl",
        "templates/asks.yaml",
    ]


def test_a_damaged_archive_names_no_template(tmp_path: Path) -> None:
    chart = tmp_path / "web.tgz"
    chart.write_bytes(packed(FILES)[:60])
    assert templates_that_look_up(ChartSide(str(chart))) == []
