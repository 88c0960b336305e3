"""Two charts that cannot render otherwise are rendered once, and no others."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.helm.render.alike import renders_alike
from tests.helms import helm

TEMPLATE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: {{ .Values.x }}}\n"


@pytest.fixture
def sides(tmp_path: Path) -> tuple[ChartSide, ChartSide]:
    """Two copies of one chart, each with a values file and a set file."""
    made = []
    for name in ("before", "after"):
        chart = tmp_path / name / "chart"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: a\nversion: 1.0.0\n")
        (chart / "values.yaml").write_text("x: 1\n")
        (chart / "templates" / "a.yaml").write_text(TEMPLATE)
        values = tmp_path / name / "values.yaml"
        values.write_text("x: two\n")
        script = tmp_path / name / "script"
        script.write_text("echo\n")
        values_input = ValuesInput(
            files=(str(values),), set_file=(f"script={script}",), set=("y=1",)
        )
        made.append(
            ChartSide(str(chart), values_input, "web", label=name, root=str(tmp_path / name))
        )
    return made[0], made[1]


def test_copies_render_alike(sides):
    assert renders_alike(*sides)
    engine = helm("4")
    before, after = (engine.render(side) for side in sides)
    assert before.text == after.text


CHANGES = {
    "values file": lambda root: (root / "values.yaml").write_text("x: Two\n"),
    "set file": lambda root: (root / "script").write_text("exit\n"),
    "template": lambda root: (root / "chart/templates/a.yaml").write_text(TEMPLATE + "#\n"),
    "new file": lambda root: (root / "chart/templates/b.yaml").write_text(""),
    "file moved": lambda root: (root / "chart/values.yaml").rename(root / "chart/value.yaml"),
    "file gone": lambda root: (root / "chart/templates/a.yaml").unlink(),
    "link": lambda root: (root / "chart/link").symlink_to("values.yaml"),
    "pipe": lambda root: os.mkfifo(root / "chart/pipe"),
    "pipe for values": lambda root: (
        (root / "values.yaml").unlink(),
        os.mkfifo(root / "values.yaml"),
    ),
    "no chart": lambda root: shutil.rmtree(root / "chart"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_files_is_rendered(sides, change):
    CHANGES[change](Path(sides[1].root))
    assert not renders_alike(*sides)


@pytest.mark.parametrize(
    "flags",
    [
        {"release": "api"},
        {"namespace": "prod"},
        {"kube_version": "1.30"},
        {"is_upgrade": False},
        {"include_crds": True},
        {"api_versions": ("a/v1",)},
        {"extra": ("--post-renderer", "x")},
        {"values": ValuesInput()},
    ],
)
def test_other_flags_are_rendered(sides, flags):
    before, after = sides
    changed = ChartSide(
        **{**{name: getattr(after, name) for name in after.__struct_fields__}, **flags}
    )
    assert not renders_alike(before, changed)


@pytest.mark.parametrize("word", ["randAlphaNum 8", "now", 'genCA "a" 1', "keys .Values"])
def test_what_differs_from_render_to_render_is_rendered_twice(sides, word):
    for side in sides:
        Path(side.chart, "templates", "a.yaml").write_text(f"# {{{{ {word} }}}}\n")
    assert not renders_alike(*sides)
