"""`policylint diff --resource`: one resource's delta, in the words of the whole diff."""

from __future__ import annotations

import pytest

from policylint.commands import diff
from policylint.helm.inputs.options import Options

BEFORE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: kept}
data: {key: old, gone: x}
---
apiVersion: v1
kind: Secret
metadata: {name: going}
data: {key: c2VjcmV0LXRleHQ=}
"""
AFTER = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: kept}
data: {key: new}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: coming}
data: {}
"""


@pytest.fixture
def options(tmp_path):
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    before.write_text(BEFORE)
    after.write_text(AFTER)
    return Options(after=str(after), before=str(before))


@pytest.mark.parametrize(
    ("resource", "lines"),
    [
        (
            "ConfigMap/kept",
            [
                "kept ConfigMap default/kept",
                "  replace data.key: old -> new",
                "  remove  data.gone: x -> (none)",
            ],
        ),
        (
            "configmap/coming",
            [
                "created ConfigMap default/coming",
                "  add     apiVersion: (none) -> v1",
                "  add     kind: (none) -> ConfigMap",
                "  add     metadata.name: (none) -> coming",
                "  add     data: (none) -> {}",
            ],
        ),
    ],
)
def test_one_resource_is_told_like_all_of_them(options, resource, lines):
    assert diff.written(options, "text", resource).splitlines() == lines


def test_a_deleted_secret_keeps_its_value(options):
    text = diff.written(options, "text", "Secret/going")
    assert text.startswith("deleted Secret default/going\n  remove  apiVersion: v1 -> (none)\n")
    assert "c2VjcmV0LXRleHQ=" not in text
