"""Values worked out here against real helm, run now: charts from `helm dependency`, whole upgrades,
rendered sides."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.helm.values.chart import read_chart
from policylint.helm.values.given import user_values
from policylint.helm.values.modes import Mode, upgrade_values
from policylint.helm.values.side import side_of
from policylint.helm.values.upkeep import outdated
from tests.helm.values.offline import OfflineHelm, discovery, rendered, write_chart
from tests.helms import find, helm

LINES = ("3", "4")


def offline(line: str, server: str, home: Path) -> OfflineHelm:
    helm(line)  # skips where there is none
    return OfflineHelm(find(line), server, home)


def charts(folder: Path) -> tuple[Path, Path]:
    sub = {"name": "db", "values": {"size": 1, "port": None}}
    needs = "kind: Secret\napiVersion: v1\nmetadata: {name: s}\nstringData:\n"
    needs += "  n: {{ .Values.big | quote }}\n  z: {{ .Values.z | quote }}\n"
    old = {
        "name": "app",
        "values": {"a": 1, "z": 1},
        "charts": [sub],
        "templates": {"s.yaml": needs},
    }
    wish = [
        {
            "name": "db",
            "version": "1.0.0",
            "condition": "db.on",
            "alias": "store",
            "import-values": [{"child": "x", "parent": "y"}],
        }
    ]
    new = {**old, "values": {"a": 2, "store": {"x": {"k": 1}}}, "dependencies": wish}
    write_chart(folder / "old", old)
    write_chart(folder / "new", new)
    return folder / "old", folder / "new"


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("mode", list(Mode))
def test_an_upgrade_renders_what_its_side_renders(line: str, mode: Mode, tmp_path: Path) -> None:
    old, new = charts(tmp_path)
    (tmp_path / "u.yaml").write_text(
        'z: 2\nstore: {port: 5}\nt: "\\U0001F600 \\x85\\u2028\\x7f é"\n'
    )
    (tmp_path / "n.yaml").write_text("store: {port: null, size: 3}\n")
    values_input = ValuesInput(files=(str(tmp_path / "n.yaml"),), set=("big=12345678", "w={1,2}"))
    with discovery() as server:
        real = offline(line, server, tmp_path)
        release = real.install(old, tmp_path / "u.yaml")
        flags = [word for flag, value in values_input.flags() for word in (flag, value)]
        upgraded = real.upgrade(release, new, *flags, *([mode.flag] if mode.flag else []))
        everything = real.all_values(upgraded)
    before = user_values(ValuesInput(files=(str(tmp_path / "u.yaml"),)), line)
    result = upgrade_values(
        mode, line, read_chart(old), before, read_chart(new), user_values(values_input, line)
    )
    assert (result.user_values, result.all_values, result.scopes) == (
        upgraded["config"],
        everything,
        rendered(upgraded),
    )
    folder = tmp_path / "side"
    folder.mkdir()
    side = side_of(ChartSide(str(new), values_input, release="shop"), result, folder)
    text = helm(line).render(side).text
    assert documents(text) == documents(upgraded["manifest"])


def documents(text: str) -> list[str]:
    parts = (part.strip() for part in text.split("---\n"))
    return sorted(part for part in parts if part)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(
    "flags",
    [
        ["--set", "a=1,b.c={x,2},d[1].e=007"],
        ["--set-string", "a=1,b=true"],
        ["--set-json", 'a={"b":[1,null]},c=1.50'],
        ["--set-literal", r"a.b=x,y\z"],
        ["--set", "a.b=1", "--set-string", "a.c=2", "--set-json", "a={}"],
    ],
)
def test_flags_mean_what_helm_makes_of_them(line: str, flags: list[str], tmp_path: Path) -> None:
    write_chart(tmp_path / "app", {"name": "app", "values": {}})
    helm(line)
    command = [find(line), "template", "x", str(tmp_path / "app"), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    fields: dict[str, Any] = {
        "--set": "set",
        "--set-string": "set_string",
        "--set-json": "set_json",
        "--set-literal": "set_literal",
    }
    values_input = ValuesInput(
        **{fields[flag]: (value,) for flag, value in zip(flags[::2], flags[1::2], strict=True)}
    )
    assert rendered({"manifest": done.stdout})["app"] == user_values(values_input, line)


@pytest.mark.parametrize("line", LINES)
def test_a_lock_that_helm_wrote_is_not_outdated(line: str, tmp_path: Path) -> None:
    write_chart(tmp_path / "db", {"name": "db", "values": {}})
    wish = {
        "name": "db",
        "version": "^1.0",
        "repository": "file://../db",
        "alias": "store",
        "tags": ["<a>"],
    }
    wish |= {"condition": "store.on", "import-values": [{"parent": "y", "child": "x"}]}
    write_chart(tmp_path / "app", {"name": "app", "values": {}, "dependencies": [wish]})
    helm(line)
    update = [find(line), "dependency", "update", str(tmp_path / "app")]
    subprocess.run(update, capture_output=True, check=True, env={"HOME": str(tmp_path)})
    chart = read_chart(tmp_path / "app")
    assert chart.lock
    assert outdated(chart) == []
    meta = json.loads((tmp_path / "app" / "Chart.yaml").read_text())
    meta["dependencies"][0]["tags"] = ["other"]
    (tmp_path / "app" / "Chart.yaml").write_text(json.dumps(meta))
    assert outdated(read_chart(tmp_path / "app")) == [
        "the digest is of other dependencies than Chart.yaml declares"
    ]
