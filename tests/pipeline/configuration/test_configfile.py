"""The configuration: what it becomes, and errors that name file, line and the nearest key."""

import pytest

from policylint import config
from policylint.engine.catalogue import schema
from policylint.engine.judging import severities
from policylint.errors import UsageError
from policylint.pipeline.configuration import configfile

GOOD = """\
kubernetes: "1.34"
releases:
  - name: web
    chart: ./charts/web
    namespace: shop
    values: [common.yaml]
    environments:
      staging: {values: [staging.yaml]}
      production: {values: [production.yaml], namespace: prod, kubernetes: "1.30"}
  - name: db
    chart: oci://registry.example.com/charts/db
    version: 1.2.3
environments:
  production:
    rules: {atomic-missing: error}
immutable-paths:
  - {group: example.com, kind: Widget, paths: [spec.region]}
"""


def read(tmp_path, text):
    file = tmp_path / ".policylint.yaml"
    file.write_text(text)
    return configfile.read(file)


def test_a_release_becomes_one_per_environment(tmp_path):
    manifest_read = read(tmp_path, GOOD)
    assert [(r.name, r.environment, r.namespace, r.kubernetes) for r in manifest_read.releases] == [
        ("web", "staging", "shop", ""),
        ("web", "production", "prod", "1.30"),
        ("db", "", "default", ""),
    ]
    assert manifest_read.releases[1].values == (
        str(tmp_path / "common.yaml"),
        str(tmp_path / "production.yaml"),
    )
    assert manifest_read.releases[0].chart == str(tmp_path / "charts/web")
    assert manifest_read.releases[2].chart == "oci://registry.example.com/charts/db"
    assert manifest_read.immutable_paths == {("example.com", "Widget"): ("spec.region",)}


def test_it_is_found_by_walking_up(tmp_path):
    (tmp_path / ".policylint.yaml").write_text("{}")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert config.find(deep) == tmp_path / ".policylint.yaml"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('kubernets: "1.36"', 1, "did you mean kubernetes?"),
        ("kubernetes: 1.36", 1, 'write it in quotes: "1.36"'),
        ("releases:\n  - name: a\n    chart: b\n    value: [x]", 4, "did you mean values?"),
        ("releases:\n  - chart: b", 2, "lacks name"),
        ("releases: {}", 1, "is a list"),
        ("helm: '5'", 1, "one of 3, 4"),
        ("level: data-los", 1, "did you mean data-loss?"),
        ("rules: [a]", 1, "is a mapping"),
        ("kubernetes: 1.30", 1, 'write it in quotes: "1.30"'),
        ("releases:\n  - nam: a\n    chart: b", 2, "did you mean name?"),
        ("helm: 5", 1, "write one of these"),
        ("scan: {files: []}", 1, "the keys here are ignore"),
        ("rules:\n  atomic-missin: error", 2, "did you mean atomic-missing?"),
        (
            "environments:\n  prod:\n    rules:\n      atomic-missing: fatal",
            4,
            "is off, note, warning or error",
        ),
        ("a: [", 1, "not YAML"),
        ("- a", 1, "is a mapping"),
    ],
)
def test_errors_name_line_and_remedy(tmp_path, text, line, words):
    with pytest.raises(Exception) as caught:
        read(tmp_path, text)
    error = caught.value
    assert error.file.endswith(".policylint.yaml")
    assert error.line >= line
    assert words in f"{error.message} {error.remedy}"


def test_an_unreadable_file_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="cannot read"):
        configfile.read(tmp_path / "nothing.yaml")


def test_what_is_no_file_or_no_text_is_an_error_and_not_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = tmp_path / config.NAME
    here.mkdir()
    with pytest.raises(UsageError, match="cannot read the configuration: Is a directory"):
        configfile.read(config.find(tmp_path))
    here.rmdir()
    here.symlink_to("nowhere")
    with pytest.raises(UsageError, match="cannot read the configuration: No such file"):
        configfile.read(config.find(tmp_path))
    here.unlink()
    here.write_bytes(b"helm: '3'\n# \xff\n")
    with pytest.raises(UsageError) as caught:
        configfile.read(config.find(tmp_path))
    assert (
        str(caught.value)
        == ".policylint.yaml:2: cannot read the configuration: not UTF-8 text (byte 0xff)"
    )


def test_the_schema_is_a_schema_and_takes_the_good_file(tmp_path):
    import jsonschema
    import yaml

    shape = schema("config")
    jsonschema.Draft202012Validator.check_schema(shape)
    jsonschema.validate(yaml.safe_load(GOOD), shape)


def test_rule_tables(tmp_path):
    levels, params = severities(
        {"a": "error", "b": {"severity": "note", "limit": 3}}, {"a": "off", "b": False}
    )
    assert levels == {"a": None, "b": None}
    assert params["b"] == {"limit": 3}
    with pytest.raises(UsageError, match=r"rules\.a"):
        severities({"a": "loud"})
