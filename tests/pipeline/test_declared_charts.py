"""Declared charts as others publish them: what is theirs is not asked of those who take them."""

import json

import pytest

from tests.helms import find
from tests.pipeline.test_declared import CLUSTERS, DEPLOYMENT, checked, commit, copied, edit
from tests.servers import serving

LIBRARY = "apiVersion: v2\nname: lib\nversion: 0.10.3\n"
CHART = """\
apiVersion: v2
name: cache
version: {}
dependencies: [{{name: lib, version: 0.10.*, repository: "https://charts.invalid"}}]
"""


@pytest.fixture
def server(tmp_path, monkeypatch):
    copied(CLUSTERS, tmp_path, monkeypatch)
    with serving() as state:
        edit("infrastructure/cache.yaml", "registry.invalid", state.host)
        commit()
        yield state


def bumped(server, capsys, **files):
    for version in ("1.2.0", "1.3.0"):
        chart = CHART.format(version)
        own = {"Chart.yaml": chart, "charts/lib/Chart.yaml": LIBRARY}
        server.add_chart("cache", version, {**own, "templates/d.yaml": DEPLOYMENT, **files})
    edit("infrastructure/cache.yaml", "tag: 1.2.0", "tag: 1.3.0")
    code, report = checked(capsys, "--allow-private-sources")
    return code, report["releases"][0]


def test_the_upkeep_of_a_published_chart_is_not_asked_for(server, capsys):
    code, release = bumped(server, capsys)
    assert code == 0
    assert "floating-dependency" not in {finding["rule"] for finding in release["findings"]}


@pytest.mark.parametrize("engine", ["3", "4", "embedded"])
def test_a_schema_that_cannot_be_loaded_leaves_the_rest_judged(server, capsys, monkeypatch, engine):
    monkeypatch.setenv("POLICYLINT_HELM", "" if engine == "embedded" else find(engine))
    schema = {"properties": {"own": {"$ref": f"{server.url}/nowhere.json"}}}
    code, release = bumped(server, capsys, **{"values.schema.json": json.dumps(schema)})
    assert code == 2
    (failure,) = release["failures"]
    assert f"could not load {server.url}/nowhere.json" in failure["message"]
    assert release["routine"] is True
    assert "values-schema-violated" not in {finding["rule"] for finding in release["findings"]}
