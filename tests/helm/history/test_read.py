"""Reading histories: helm's own output and exported records agree, and nothing damaged passes."""

from __future__ import annotations

import base64
import gzip
import json
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from policylint.errors import ReadError
from policylint.helm.history.read import read
from policylint.helm.inputs.revisions import Revision

STATES = Path(__file__).parents[3] / "fixtures" / "oracle" / "states"
NAMES = sorted(path.name for path in STATES.iterdir() if path.is_dir())


def text(state: str, name: str) -> str:
    return (STATES / state / name).read_text()


def outline(revision: Revision) -> tuple[Any, ...]:
    return (
        revision.number,
        revision.status,
        revision.chart,
        revision.app_version,
        revision.description,
        revision.when,
    )


@pytest.mark.parametrize("state", NAMES)
def test_records_say_what_helm_prints(state: str) -> None:
    (records,) = read(text(state, "records.yaml"), "records.yaml")
    (printed,) = read(text(state, "history.json"), "history.json", name="shop")
    assert [outline(revision) for revision in records.revisions] == [
        outline(revision) for revision in printed.revisions
    ]
    (listed,) = read(text(state, "list.json"), "list.json")
    assert (listed.name, listed.namespace, listed.complete) == (
        records.name,
        records.namespace,
        False,
    )
    assert (listed.last.number, listed.last.status, listed.last.when) == outline(records.last)[
        :2
    ] + outline(records.last)[5:]


@pytest.mark.parametrize("state", NAMES)
def test_records_hold_values_and_manifest(state: str) -> None:
    (history,) = read(text(state, "records.yaml"), "records.yaml")
    assert history.last.manifest.strip() == text(state, "manifest.yaml").strip()
    assert dict(history.last.values) == (json.loads(text(state, "values.json")) or {})
    (status,) = read(text(state, "status.json"), "status.json")
    assert (status.last.manifest, status.complete) == (history.last.manifest, False)


def test_apply_methods_of_both_lines() -> None:
    (history,) = read(text("mixed-apply-methods", "records.yaml"), "records.yaml")
    assert [revision.apply_method for revision in history.revisions] == ["", "csa", "ssa", "csa"]


def test_several_releases_at_once() -> None:
    both = json.loads(text("helm3-healthy", "list.json")) + json.loads(
        text("helm4-healthy", "list.json")
    )
    assert [history.namespace for history in read(json.dumps(both), "list.json")] == [
        "squad-1",
        "squad-12",
    ]
    records = (
        text("helm3-healthy", "records.yaml")
        + "\n---\n"
        + text("helm4-last-failed", "records.yaml")
    )
    assert [len(history.revisions) for history in read(records, "all.yaml")] == [5, 3]


def test_json_and_single_records_read_the_same() -> None:
    listed = yaml.safe_load(text("helm4-healthy", "records.yaml"))
    (whole,) = read(json.dumps(listed), "records.json")
    (single,) = read(yaml.safe_dump(listed["items"][0]), "one.yaml")
    assert single.revisions[0] == whole.revisions[0]
    for item in listed["items"]:
        del item["kind"]
    (typed,) = read(json.dumps({**listed, "kind": "SecretList"}), "records.json")
    assert typed.revisions == whole.revisions


def secret(payload: bytes, name: str = "sh.helm.release.v1.shop.v1", **more: Any) -> str:
    data = {"release": base64.b64encode(base64.b64encode(payload)).decode()}
    return json.dumps(
        {
            "kind": "Secret",
            "type": "helm.sh/release.v1",
            "metadata": {"name": name},
            "data": data,
            **more,
        }
    )


def release(**more: Any) -> bytes:
    info = {"status": "deployed", "description": "Install complete"}
    return gzip.compress(json.dumps({"name": "shop", "version": 1, "info": info, **more}).encode())


def test_a_small_record_reads() -> None:
    (history,) = read(secret(release()), "r.json")
    assert (history.name, history.last.status, history.last.good) == ("shop", "deployed", True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (secret(b"plain text"), "not a release in JSON"),
        (secret(release()[:-12]), "cut off"),
        (secret(release()[:20] + b"\xff" * 60 + release()[20:]), "damaged"),
        (secret(gzip.compress(b"[1, 2]")), "no Helm release"),
        (secret(gzip.compress(b'{"name": "shop", "info": {}, "version": "1"}')), "no Helm release"),
        (secret(release(), name="sh.helm.release.v1.shop.v2"), "holds release shop revision 1"),
        (secret(release(info={"status": "great"})), "unknown status 'great'"),
        (secret(b"", data={"release": "%%%"}), "not base64"),
        (secret(b"", data={"other": "aGk="}), "holds no release"),
        (secret(b"\x00" * 900_000), "more than the 1048576"),
        ("[1, 2", "not JSON"),
        ("[]", "no Helm release in it"),
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: other}\n", "no Helm release in it"),
        ('[{"revision": 1, "status": "fine"}]', "none of Helm's"),
        ('[{"revision": 1, "status": "failed"}, {"revision": 1, "status": "failed"}]', "twice"),
        ("kind: Secret\nmetadata: {name: [\n", "not YAML"),
    ],
)
def test_damaged_input_is_an_error_with_file_and_remedy(content: str, message: str) -> None:
    with pytest.raises(ReadError, match=message) as caught:
        read(content, "records.yaml")
    assert caught.value.file == "records.yaml"
    assert caught.value.remedy


def test_the_record_is_named() -> None:
    with pytest.raises(ReadError, match=r"sh\.helm\.release\.v1\.shop\.v7"):
        read(secret(b"junk", name="sh.helm.release.v1.shop.v7"), "records.yaml")


def test_a_decompression_bomb_is_stopped_early() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join([*(packer.compress(b" " * 2**20) for _ in range(512)), packer.flush()])
    started = time.monotonic()
    with pytest.raises(ReadError, match="unpacks to more than"):
        read(secret(bomb), "records.yaml")
    assert time.monotonic() - started < 5


def test_foreign_secrets_beside_records_are_passed_over() -> None:
    foreign = {
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": "db"},
        "data": {"password": "aHVudGVyMg=="},
    }
    listed = {"kind": "List", "items": [foreign, json.loads(secret(release()))]}
    (history,) = read(json.dumps(listed), "all.json")
    assert len(history.revisions) == 1
