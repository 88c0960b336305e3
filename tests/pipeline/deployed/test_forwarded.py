"""`policylint check -- helm ...`: the command that is about to run says what is checked."""

import json

import pytest

from policylint import Options, UsageError, check
from policylint.pipeline.deployed.forwarded import from_command
from tests.cli.test_cli import policylint
from tests.helms import LINES, helm

CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
TEMPLATE = """apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {colour: {{ .Values.colour | quote }}}
"""
HOOK = """apiVersion: v1
kind: ConfigMap
metadata: {name: before, annotations: {helm.sh/hook: pre-upgrade}}
"""
SCHEMA = '{"properties": {"colour": {"enum": ["red"]}}}'


def options(*words):
    return from_command(Options(command=words))[0]


@pytest.fixture
def chart(tmp_path):
    for name, text in (
        ("Chart.yaml", CHART),
        ("values.yaml", "colour: red\n"),
        ("values.schema.json", SCHEMA),
    ):
        (tmp_path / name).write_text(text)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "config.yaml").write_text(TEMPLATE)
    (tmp_path / "templates" / "hook.yaml").write_text(HOOK)
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        "helm upgrade web ./chart -n prod",
        "helm upgrade web ./chart -nprod",
        "helm upgrade web ./chart -n=prod",
        "helm upgrade web ./chart --namespace=prod",
        "helm --namespace prod upgrade web ./chart",
        "HELM_NAMESPACE=prod helm upgrade web ./chart",
        "sudo -E env HELM_NAMESPACE=prod helm upgrade web ./chart",
        "HELM_NAMESPACE=dev helm upgrade web ./chart -n prod",
        "sudo helm upgrade web ./chart -n prod",
        "helm secrets upgrade web ./chart -n prod",
        "helm diff upgrade web ./chart -n prod",
    ],
)
def test_release_chart_and_namespace_in_every_spelling(words):
    parsed = options(*words.split())
    assert (parsed.release, parsed.after, parsed.namespace) == ("web", "./chart", "prod")


def test_the_namespace_of_the_environment_is_seen(monkeypatch):
    monkeypatch.setenv("HELM_NAMESPACE", "prod")
    parsed, invocations = from_command(Options(command=("helm", "upgrade", "web", "./chart")))
    assert parsed.namespace == "prod"
    assert invocations[0].environment["HELM_NAMESPACE"] == "prod"


def test_a_command_in_one_word_is_taken_apart():
    assert options('helm upgrade web "./my chart" -n prod').after == "./my chart"


def test_values_in_every_spelling():
    parsed = options(
        *(
            "helm",
            "upgrade",
            "web",
            "./chart",
            "-f",
            "a.yaml,b.yaml",
            "--values=c.yaml",
            "--set=a=1",
            "--set",
            "b=2,c=3",
        ),
        *(
            "--set-string",
            "d=4",
            "--set-json",
            'e={"f":1}',
            "--set-file",
            "g=h.txt",
            "--set-literal",
            "i=j,k",
        ),
    )
    assert parsed.values.files == ("a.yaml", "b.yaml", "c.yaml")
    assert parsed.values.set == ("a=1", "b=2,c=3")
    assert (parsed.values.set_string, parsed.values.set_json) == (("d=4",), ('e={"f":1}',))
    assert (parsed.values.set_file, parsed.values.set_literal) == (("g=h.txt",), ("i=j,k",))


def test_flags_that_change_the_render_take_part_and_a_post_renderer_does_not():
    parsed = options(
        *[
            "helm",
            "upgrade",
            "web",
            "./chart",
            "--no-hooks",
            "--devel",
            "--username=u",
            "--password",
            "p",
            "--post-renderer",
            "./x",
        ],
        *[
            "--post-renderer-args",
            "y",
            "--skip-schema-validation=false",
            "--timeout",
            "5m",
            "--description",
            "z",
        ],
    )
    assert parsed.extra == ("--no-hooks", "--devel", "--username=u", "--password=p")
    assert parsed.post_renderer == "./x"


def test_a_diff_is_no_command_to_judge():
    assert from_command(Options(command=("helm", "diff", "upgrade", "web", "./chart")))[1] == ()


def test_a_flag_without_its_argument_is_said_in_the_words_of_helm():
    with pytest.raises(UsageError, match="flag needs an argument: --values"):
        options(*["helm", "upgrade", "web", "./chart", "--values"])


@pytest.mark.parametrize("line", LINES)
def test_the_helm_of_the_command_is_the_one_that_renders(
    line, tmp_path_factory, monkeypatch, chart
):
    programs = tmp_path_factory.mktemp("bin")
    (programs / f"helm{line}").symlink_to(helm(line).path)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    command = (f"helm{line}", "upgrade", "web", str(chart))
    (release,) = check(Options(before=str(chart), command=command)).releases
    assert release.target.helm == line


def test_an_image_is_no_binary_but_says_the_line():
    parsed = options(*["docker", "run", "--rm", "alpine/helm:4.1.0", "upgrade", "web", "./chart"])
    assert (parsed.helm, parsed.helm_version) == ("", "4")


@pytest.mark.parametrize("line", LINES)
def test_what_the_flags_of_the_command_do_to_the_render(line, chart):
    before = chart / "before.yaml"
    before.write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {colour: red}\n"
    )
    command = ("helm", "upgrade", "web", str(chart), "--set", "colour=blue")
    asked = (
        "check",
        "--before",
        before,
        "--helm",
        helm(line).path,
        "--format",
        "json",
        "--",
        *command,
    )
    assert policylint(*asked).returncode == 1  # the schema refuses blue
    done = policylint(*asked, "--skip-schema-validation", "--no-hooks")
    assert done.returncode == 0, done.stdout
    (release,) = json.loads(done.stdout)["releases"]
    assert [change["resource"]["name"] for change in release["changes"]] == ["web"]
