"""A release that goes through every values mode: what was foreseen against `helm get values` and
what ran."""

import json
import uuid

import pytest
from msgspec.structs import replace

from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ValuesInput
from policylint.helm.sources.release import from_cluster
from policylint.helm.values.chart import read_chart, stored_chart
from policylint.helm.values.modes import Mode, upgrade_values
from policylint.pipeline.case import upgrades
from tests.e2e.cluster import Release, needs_server, write_chart
from tests.helms import LINES

pytestmark = needs_server
SEEN = """{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "NAME"},
"data": {"v": {{ toJson .Values | quote }}}}"""
STEPS = [
    (Mode.REUSE, {"b": {"given": 1}}),
    (Mode.RESET_THEN_REUSE, {"cache": {"size": 7}}),
    (Mode.DEFAULT, {}),
    (Mode.DEFAULT, {"list": [9], "big": 12345678}),
    (Mode.REUSE, {}),
    (Mode.RESET, {}),
]


def chart(directory, number):
    """The chart's version `number`: defaults come, change and go with it, also those of its
    subchart."""
    defaults = {
        "a": number,
        f"only-{number}": True,
        "b": {"x": number, "y": None},
        "list": [1, 2],
        "cache": {"on": 1},
    }
    made = write_chart(
        directory, {"seen.yaml": SEEN.replace("NAME", "seen")}, defaults, f"0.{number}.0"
    )
    inner = {"size": number, "gone": "x", "global": {"zone": f"z{number}"}}
    sub = write_chart(
        made / "charts" / "cache", {"seen.yaml": SEEN.replace("NAME", "cache")}, inner, "1.0.0"
    )
    (sub / "Chart.yaml").write_text("apiVersion: v2\nname: cache\nversion: 1.0.0\n")
    return made


@pytest.mark.parametrize("line", LINES)
def test_every_mode_gives_what_was_foreseen(line, tmp_path):
    release = Release(line, f"values-{uuid.uuid4().hex[:8]}")
    values_file = tmp_path / "given.json"
    values_file.write_text(
        json.dumps({"a": "user", "b": {"x": None}, "cache": {"gone": None}, "list": []})
    )
    release.must_deploy(chart(tmp_path / "chart", 1), "--values", str(values_file))
    for number, (mode, values) in enumerate(STEPS, 2):
        new = chart(tmp_path / f"chart{number}", number)
        values_file.write_text(json.dumps(values))
        words = ("--values", str(values_file)) if values else ()
        old = from_cluster(release.spec, release.helm).revision
        foreseen = upgrade_values(
            mode,
            line,
            stored_chart(old.chart_record),
            dict(old.values),
            read_chart(new, line),
            values,
        )
        options = Options(
            after=str(new), before=release.spec, helm=release.helm, values_mode=mode.value
        )
        files = ValuesInput(files=(str(values_file),) if values else ())
        (upgrade,) = upgrades(replace(options, values=files))
        release.must_deploy(new, *words, *([mode.flag] if mode.flag else []))
        assert json.loads(release.must("get", "values", release.name, "-o", "json")) == (
            foreseen.user_values or None
        )
        assert (
            json.loads(release.must("get", "values", release.name, "-a", "-o", "json"))
            == foreseen.all_values
        )
        (ran,) = upgrades(Options(after=release.spec, before=release.spec, helm=release.helm))
        assert bodies(upgrade.after) == bodies(ran.after), mode


def bodies(manifest):
    return {str(identity): resource.body for identity, resource in manifest.resources.items()}
