"""The four values modes against what real helm stored, computed and rendered."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from policylint.errors import RenderError
from policylint.helm.values.chart import Chart, ChartFile, chart_of, read_chart, read_values
from policylint.helm.values.compare import missing
from policylint.helm.values.modes import Effective, Mode, effective, upgrade_values
from tests.helm.values.offline import write_chart

ORACLE = Path(__file__).parents[3] / "fixtures" / "oracle"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.open(ORACLE / name, "rt")]


def recorded_chart(defaults: Any, subcharts: Any) -> Chart:
    def files(name: str, values: Any) -> dict[str, bytes]:
        meta = {"apiVersion": "v2", "name": name, "version": "1.0.0"}
        return {
            "Chart.yaml": json.dumps(meta).encode(),
            "values.yaml": yaml.safe_dump(values).encode(),
        }

    chart_files = files("app", defaults)
    for name, values in (subcharts or {}).items():
        chart_files |= {f"charts/{name}/{path}": data for path, data in files(name, values).items()}
    return chart_of(chart_files, "app")


def recorded_values(values: Any) -> Any:
    # the recordings went through YAML 1.1: the key `y` is `true` there
    return read_values(yaml.safe_dump(values) if values else "", "values.yaml")


def shown(result: Effective, row: dict[str, Any]) -> dict[str, Any]:
    names = {path.split("/")[-1]: values for path, values in result.scopes.items()}
    rendered = {
        name if name in row["rendered"] else f"sub-{name}": values for name, values in names.items()
    }
    return {
        "user_values": result.user_values or None,
        "all_values": result.all_values,
        "rendered": {name: rendered[name] for name in row["rendered"]},
    }


@pytest.mark.parametrize(
    "row", rows("modes.jsonl.gz"), ids=lambda row: f"{row['id']}-{row['mode']}-helm{row['helm']}"
)
def test_recorded_upgrade(row: dict[str, Any]) -> None:
    old = recorded_chart(row["old_defaults"], row["old_subcharts"])
    new = recorded_chart(row["new_defaults"], row["new_subcharts"])
    user = recorded_values(row["old_user"]), recorded_values(row["new_user"])
    result = upgrade_values(row["mode"], str(row["helm"]), old, user[0], new, user[1])
    if "error" in row:
        assert "b" not in result.values  # the template reads .Values.b.c
    else:
        assert shown(result, row) == {
            key: row[key] for key in ("user_values", "all_values", "rendered")
        }


@pytest.mark.parametrize(
    "row",
    rows("modes-more.jsonl.gz"),
    ids=lambda row: f"{row['id']}-{row['mode']}-helm{row['helm']}",
)
def test_recorded_chart(row: dict[str, Any], tmp_path: Path) -> None:
    for side in ("old", "new"):
        write_chart(tmp_path / side, row[side])
    old, new = read_chart(tmp_path / "old"), read_chart(tmp_path / "new")
    if row["mode"] == "install":
        with pytest.raises(RenderError, match="type mismatch"):
            effective(Mode.DEFAULT, old, row["old_user"], row["helm"])
    elif "type mismatch" in row.get("error", ""):
        with pytest.raises(RenderError, match="type mismatch"):
            upgrade_values(row["mode"], row["helm"], old, row["old_user"], new, row["new_user"])
    else:
        result = upgrade_values(
            row["mode"], row["helm"], old, row["old_user"], new, row["new_user"]
        )
        if "error" in row:
            assert "extra" not in result.values
            return
        assert (result.user_values or None) == row["user_values"]
        assert result.all_values == row["all_values"]
        # Helm 3 renders a chart that takes part twice under its second name only
        assert {path: result.scopes[path] for path in row["rendered"]} == row["rendered"]


def failing_rows() -> list[Any]:
    collected = []
    for row in rows("modes.jsonl.gz"):
        if "nil pointer" in row.get("error", ""):
            new = recorded_chart(row["new_defaults"], row["new_subcharts"])
            files = tuple(
                ChartFile(f"templates/{name}", text.encode())
                for name, text in row["new_templates"].items()
            )
            old = recorded_chart(row["old_defaults"], row["old_subcharts"])
            collected.append((row, old, replace(new, templates=files)))
    return collected


@pytest.mark.parametrize(
    ("row", "old", "new"), failing_rows(), ids=lambda part: str(getattr(part, "name", ""))
)
def test_nil_pointers_are_foreseen_where_helm_names_them(
    row: dict[str, Any], old: Chart, new: Chart
) -> None:
    result = upgrade_values(
        row["mode"], str(row["helm"]), old, row["old_user"], new, row["new_user"]
    )
    (absent,) = missing(result)
    place = f"{absent.reference.file}:{absent.reference.line}:{absent.reference.column}"
    assert place in row["error"]
    assert absent.words.replace("nil", "") in " ".join(row["error"].split()).replace("nil", "")


def test_nil_pointers_of_whole_charts_are_foreseen(tmp_path: Path) -> None:
    wanted = [row for row in rows("modes-more.jsonl.gz") if "nil pointer" in row.get("error", "")]
    assert wanted
    for number, row in enumerate(wanted):
        for side in ("old", "new"):
            write_chart(tmp_path / str(number) / side, row[side])
        old, new = (read_chart(tmp_path / str(number) / side) for side in ("old", "new"))
        (absent,) = missing(
            upgrade_values(row["mode"], row["helm"], old, row["old_user"], new, row["new_user"])
        )
        assert (
            f"{absent.reference.file}:{absent.reference.line}:{absent.reference.column}"
            in row["error"]
        )
