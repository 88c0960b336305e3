"""What records hold and how large they get."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from policylint.helm.history.claims import Releases, claimed_twice
from policylint.helm.history.read import read
from policylint.helm.history.record import MAX_RECORD
from policylint.helm.history.size import DEVIATION, forecast, ignorable
from policylint.helm.history.stored import drift, unserved
from policylint.helm.inputs.revisions import History, Revision
from policylint.helm.values.chart import ChartFile, chart_of, stored_chart
from policylint.kubernetes.api.schemas import NEWEST
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.model import Target, Upgrade

STATES = Path(__file__).parents[3] / "fixtures" / "oracle" / "states"
META = b"apiVersion: v2\nname: app\nversion: 1.0.0\n"


def last(state: str) -> Revision:
    return read((STATES / state / "records.yaml").read_text(), "records.yaml")[0].last


@pytest.mark.parametrize("state", ["helm3-near-size-limit", "helm4-near-size-limit"])
def test_the_forecast_of_a_large_record_is_close(state: str) -> None:
    revision = last(state)
    record_forecast = forecast(
        stored_chart(revision.chart_record), revision.values, revision.manifest, name="shop"
    )
    assert abs(record_forecast.size - revision.size) < DEVIATION * revision.size
    assert record_forecast.weights[0].name == "blob.bin"
    assert not record_forecast.too_large


def test_the_recorded_refusal_is_foreseen() -> None:
    # the same chart with an 800 kB file in place of 600 kB was refused by both Helm lines
    for name in ("helm3", "helm4"):
        assert (
            "may not be more than 1048576"
            in json.loads((STATES / f"{name}-over-size-limit.json").read_text())["stderr"]
        )
    chart = stored_chart(last("helm4-near-size-limit").chart_record)
    blob = next(file for file in chart.files if file.name == "blob.bin")
    larger = ChartFile("blob.bin", (blob.data * 2)[:400_000] + bytes(reversed(blob.data))[:400_000])
    collected = forecast(replace(chart, files=(larger,)), {}, "")
    assert collected.size > MAX_RECORD
    assert collected.certain


def test_what_may_be_ignored_is_what_no_template_names() -> None:
    import random

    data = random.Random(1).randbytes(60_000)
    files = {
        "Chart.yaml": META,
        "docs/a.png": data,
        "used.bin": data,
        "crds/big.yaml": data,
        "logo.svg": data,
    }
    collected = forecast(chart_of(files, "app"), {}, "")
    assert set(ignorable(collected.weights, '{{ .Files.Get "used.bin" }}')) == {
        "docs/a.png",
        "/logo.svg",
    }
    assert ignorable(collected.weights, '{{ (.Files.Glob "**").AsConfig }}') == ()


def test_removed_apis_in_manifest_and_hooks() -> None:
    manifest = (
        "apiVersion: extensions/v1beta1\nkind: Ingress\n---\napiVersion: example.com/v1\n"
        "kind: Ingress\n"
    )
    hook = {"manifest": "apiVersion: batch/v1beta1\nkind: CronJob\n"}
    revision = Revision(1, "deployed", manifest=manifest, hooks=(hook,))
    assert unserved(revision, "1.30") == ["extensions/v1beta1 Ingress", "batch/v1beta1 CronJob"]
    assert unserved(last("helm3-healthy"), "1.36") == []


def test_drift_from_the_before_side() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: '1'}\n"
    before = Reader().read((Text("before", text),))
    upgrade = Upgrade("app", "default", Target(NEWEST), before, before)
    assert drift(Revision(1, "deployed", manifest=text), upgrade) == []
    assert [
        str(drifted)
        for drifted in drift(Revision(1, "deployed", manifest=text.replace("1'", "2'")), upgrade)
    ] == ["ConfigMap default/a"]


def test_objects_of_two_releases() -> None:
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    first = History("one", "prod", (Revision(1, "deployed", manifest=manifest),))
    second = History("two", "prod", (Revision(1, "deployed", manifest=manifest),))
    elsewhere = History("three", "test", (Revision(1, "deployed", manifest=manifest),))
    (claim,) = claimed_twice(Releases((first, second, elsewhere)), "1.36")
    assert [history.name for history in claim.releases] == ["one", "two"]


def test_files_of_a_record_are_read_back() -> None:
    record = {
        "metadata": {"name": "a"},
        "files": [{"name": "x", "data": base64.b64encode(b"hi").decode()}, {"data": "%%"}],
    }
    assert [file.data for file in stored_chart(record).files] == [b"hi", b""]
