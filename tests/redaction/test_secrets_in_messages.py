"""No message carries a secret: what helm says of a failed render, what policylint says itself, in
every output.

Canaries stand where users keep secrets; no part of one that is eight characters long, nor of its
base64, is shown.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from policylint.cli.app import run
from policylint.errors import PolicylintError
from policylint.helm.engines.embedded import Embedded
from policylint.helm.engines.engine import Engine
from policylint.helm.engines.library import is_installed
from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.redaction.collect import argument_secrets, secret_lines, secret_values
from policylint.redaction.quoted import without
from policylint.redaction.redactor import Redactor
from tests.helms import LINES, find, helm

ENGINES = [*LINES, "embedded"]
CHART = "apiVersion: v2\nname: web\nversion: 0.1.0\n"
PLAIN = "Canary-x7Qz-plain-text"
LINES_OF_A_KEY = ("MIIEvCanaryLineOne0123456789abcdefgh", "Zx9CanaryLineTwo9876543210zyxwvuts")
CANARIES = {
    "key": "\n".join(
        ("-----BEGIN PRIVATE KEY-----", *LINES_OF_A_KEY, "-----END PRIVATE KEY-----", "")
    ),
    "quotes": "Zq\"7'x\\y-Canary<&>",
    "unicode": "pâßwörd-ünïkødé-鍵鍵鍵鍵",
    "short": "k7Qxz",
}


def parts(secret: str, size: int = 8) -> set[str]:
    """What of a secret must not be shown: every part of that size, as it is, quoted and in
    base64."""
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]
    quoted = (json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(secret)[1:-1])
    parts_seen = set()
    for form in (secret, encoded, *quoted, *secret.splitlines()):
        parts_seen |= {form[at : at + size] for at in range(len(form) - size + 1)} or (
            {form} if form == secret else set()
        )
    return {part for part in parts_seen if part.strip()}


def assert_hidden(text: str, *secrets: str) -> None:
    shown = [part for secret in secrets for part in parts(secret) if part in text]
    assert not shown, text


def engine(name: str) -> Engine:
    if name != "embedded":
        return helm(name)
    if not is_installed():
        pytest.skip("the embedded engine is not installed")
    return Embedded()


@pytest.fixture(params=ENGINES)
def output_of(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Render a chart with one engine: all that is said of it, whether it fails or warns."""
    monkeypatch.chdir(tmp_path)
    used = engine(request.param)

    def words(
        template: str = "", user: Any = None, files: dict[str, Any] | None = None, **flags: Any
    ) -> str:
        write(
            {"Chart.yaml": CHART, "templates/a.yaml": f"kind: A\nx: {template}\n", **(files or {})},
            "web",
        )
        if user is not None:
            write({"prod.yaml": user})
            flags["files"] = ("prod.yaml",)
        try:
            return "\n".join(used.render(ChartSide("web", ValuesInput(**flags))).notes)
        except PolicylintError as error:
            return f"{error}\n{error.remedy}"

    return words


def write(files: dict[str, Any], folder: str = ".") -> None:
    for name, content in files.items():
        file = Path(folder, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        )


SHOWING = [
    '{{ fail (printf "bad %s" .Values.auth.password) }}',
    '{{ fail (printf "%q %v %#v" .Values.auth.password .Values .Values) }}',
    "{{ fail (toYaml .Values) }}",
    "{{ fail (toJson .Values) }}",
    "{{ fail (b64enc .Values.auth.password) }}",
    '{{ fail (printf "user:%s!" .Values.auth.password | b64enc) }}',
    "{{ fail (.Values.auth.password | trunc 15 | squote) }}",
    "{{ required .Values.auth.password .Values.nothing }}",
    "{{ range .Values.auth.password }}{{ end }}",
    '{{ mustToDate "2006" .Values.auth.password }}',
    "{{ include .Values.auth.password . }}",
    '{{ tpl (printf "%s{{ .Values.x.y.z }}" .Values.auth.password) . }}',
    '{{ tpl (printf "%s{{ nofunction }}" .Values.auth.password) . }}',
]


@pytest.mark.parametrize("canary", CANARIES)
def test_templates_that_fail_with_a_secret_in_their_message(
    output_of: Callable[..., str], canary: str
) -> None:
    secret = CANARIES[canary]
    for template in SHOWING:
        words = output_of(template, {"auth": {"password": secret}})
        assert_hidden(words, secret)
        assert "a.yaml" in words or "not UTF-8" in words, words
        assert "nothing" not in template or "(redacted)" in words


@pytest.mark.parametrize("canary", ["key", "quotes"])
def test_secrets_are_known_wherever_they_come_from(
    output_of: Callable[..., str], canary: str
) -> None:
    secret, all_of_it = CANARIES[canary], "{{ fail (toYaml .Values) }}"
    encoded = base64.b64encode(secret.encode()).decode()
    kept = {
        "values.yaml": "",
        "charts/sub/Chart.yaml": CHART.replace("web", "sub"),
        "charts/sub/values.yaml": "",
    }
    for user in (
        {"env": [{"name": "DB_PASSWORD", "value": secret}]},
        {"secrets": {"db": {"any": [secret]}}},
        {
            "extra": [
                {"kind": "Secret", "stringData": {"any": secret}},
                {"kind": "Secret", "data": {"any": encoded}},
            ]
        },
        {"sentryDsn": secret, "apiKey": secret, "tls": {"key": secret}},
    ):
        assert_hidden(output_of(all_of_it, user, kept), secret)
    for name in ("values.yaml", "charts/sub/values.yaml"):
        assert_hidden(
            output_of(all_of_it, files={**kept, name: {"auth": {"token": secret}}}), secret
        )
    write({"content": secret})
    for flags in (
        {"set_file": ("tls.key=content",)},
        {"set_literal": (f"auth.password={secret}",)},
        {"set_json": ("auth=" + json.dumps({"apiKey": secret}),)},
        {"set_json": ("auth=" + json.dumps({"apiKey": secret})[:-1],)},
        {"set_json": (json.dumps({"auth": {"apiKey": secret}})[:-1],)},
    ):
        assert_hidden(output_of(all_of_it, files=kept, **flags), secret)


@pytest.mark.parametrize("canary", CANARIES)
def test_a_schema_s_refusal(output_of: Callable[..., str], canary: str) -> None:
    schema = (
        '{"properties": {"auth": {"properties": {"password": {"pattern": "^[0-9]+$"}, "pin": '
        '{"maximum": 5}}}}}'
    )
    words = output_of(
        "",
        {"auth": {"password": CANARIES[canary], "pin": 123456789}},
        {"values.schema.json": schema},
    )
    assert_hidden(words, CANARIES[canary], "123456789")
    assert "1.2345" not in words
    assert "/auth/password" in words
    assert "does not match pattern '^[0-9]+$'" in words


@pytest.mark.parametrize(
    ("template", "user"),
    [
        ("{{ .Values.auth.password }}", {"auth": {"password": f"*{PLAIN}"}}),
        (
            "{{ (fromYaml .Values.auth.password).Error | fail }}",
            {"auth": {"password": f"*{PLAIN}"}},
        ),
        ("{{ tpl .Values.auth.password . }}", {"auth": {"password": f"{PLAIN}{{{{ 9dkfj"}}),
        ("{{ urlParse .Values.dsn }}", {"dsn": f"postgres://u:{PLAIN}%zz@h/x"}),
        ("{{ fail .Values.link }}", {"link": f"postgres://u:{PLAIN}@h/x"}),
        ("{{ fail .Values.link }}", {"link": f"host=h user=u password={PLAIN}"}),
        ("{{ fail .Values.file }}", {"file": f"[db]\nuser = u\ndb_password = {PLAIN}\n"}),
        (
            "{{ fail .Values.json }}",
            {"json": json.dumps([{"name": "DB_PASSWORD", "value": PLAIN}])},
        ),
        ("", f"auth:\n  password: *{PLAIN}\n"),
        ("", f"secrets:\n  db: *{PLAIN}\n"),
    ],
)
def test_texts_that_are_no_yaml_or_hold_secrets_within(
    output_of: Callable[..., str], template: str, user: Any
) -> None:
    words = output_of(template, user)
    assert words
    assert_hidden(words, PLAIN)


def test_secrets_of_the_chart_s_own_files(output_of: Callable[..., str]) -> None:
    for template, files in (
        ("", {"values.yaml": f"secrets:\n  db: *{PLAIN}\n"}),
        ("", {"values.yaml": "", "templates/b.yaml": f"kind: A\npassword: *{PLAIN}\n"}),
        (
            '{{ .Files.Get "f.conf" | fail }}',
            {"templates/b.yaml": "", "f.conf": f"password = {PLAIN}\n"},
        ),
    ):
        words = output_of(template, files=files)
        assert words
        assert_hidden(words, PLAIN)


@pytest.mark.parametrize("flag", ["set", "set_string"])
def test_arguments_that_helm_cannot_read(output_of: Callable[..., str], flag: str) -> None:
    for argument, secret in (
        ((f"auth.password=a,{PLAIN}",), PLAIN),
        (("auth.password=a,Canary.fragment9",), "fragment9"),
        ((f"auth.password[0]{PLAIN}=x",), PLAIN),
        ((f"auth.password={{{PLAIN},Canaryother",), PLAIN),
        ((f"auth.password={PLAIN}", "auth.password.x=1"), PLAIN),
        (("env[0].name=DB_PASSWORD", f"env[0].value={PLAIN}", "bad"), PLAIN),
    ):
        words = output_of(**{flag: argument})
        assert "failed parsing" in words
        assert_hidden(words, secret)
        assert "'C' 'a'" not in words


def test_a_value_in_place_of_a_file_and_json_that_is_none(output_of: Callable[..., str]) -> None:
    assert_hidden(output_of(set_file=(f"auth.password={PLAIN}",)), PLAIN)
    assert "certs/tls.key" in output_of(set_file=("tls.key=certs/tls.key",))
    assert_hidden(output_of(set_json=(f"auth.password={PLAIN}",)), PLAIN)


def test_warnings_show_no_value(
    output_of: Callable[..., str], capfd: pytest.CaptureFixture[str]
) -> None:
    table = {"a": PLAIN, "b": f"a line\n{LINES_OF_A_KEY[0]}\n"}
    files = {
        "charts/sub/Chart.yaml": CHART.replace("web", "sub"),
        "charts/sub/values.yaml": "any: text\n",
    }
    words = output_of(
        "x",
        {"sub": {"any": "text"}},
        {**files, "values.yaml": {"sub": {"any": table, "token": table}}},
    )
    printed = capfd.readouterr()  # the embedded engine is a library that prints itself
    assert_hidden(words + printed.out + printed.err, PLAIN, LINES_OF_A_KEY[0])


def test_what_is_no_secret_stays_readable(output_of: Callable[..., str]) -> None:
    auth = {
        "password": "mypassword123",
        "username": "postgres",
        "database": "web-database",
        "enabled": True,
    }
    words = output_of(
        "{{ .Values.auth.mypasswordx.y }}",
        {"auth": auth, "image": {"tag": "1.2.3"}},
        set=("image.tag=2",),
    )
    assert "<.Values.auth.mypasswordx.y>" in words
    assert "--set image.tag=2" in words
    words = output_of(
        "{{ tpl .Values.auth.password . }}", {"auth": {"password": "Canary{{ .Values.x.y.z }}"}}
    )
    assert "at <tpl .Values.auth.password .>" in words
    assert "at <.Values.x.y.z>" in words
    assert 'for "(redacted)"' in words


# The command line


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Run policylint; all that it prints, with what its reports and its cache hold at the end."""
    work, cache = tmp_path / "work", tmp_path / "cache"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.delenv("POLICYLINT_DEBUG", raising=False)
    monkeypatch.setenv("POLICYLINT_HELM", find("4") or find("3") or "embedded")

    def words(*arguments: str) -> str:
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            run(list(arguments))
        text = output.getvalue()
        assert text
        return text

    yield words
    for file in (file for file in cache.rglob("*") if file.is_file()):
        assert "Canary" not in file.read_text(errors="replace")


def objects(secret: str, label: str) -> list[dict[str, Any]]:
    """Objects that hold a secret in many places; another label makes the server refuse most of
    them."""
    env = [
        {"name": "DB_PASSWORD", "value": f"{secret}1"},
        {"name": "SENTRY_DSN", "value": f"{secret}2"},
        {"name": "URL", "value": f"postgres://u:{secret}3@h/x"},
        {"name": "JDBC", "value": f"jdbc:pg://h/x?user=u&password={secret}4"},
        {"name": "JSON", "value": json.dumps({"name": "TOKEN", "value": f"{secret}5"})},
    ]
    header = {"name": "Authorization", "value": f"Bearer {secret}6"}
    probe = {"httpGet": {"port": 80, "httpHeaders": [header]}}
    args = [f"--password={secret}7", "--token", f"{secret}8"]
    container = {
        "name": "c",
        "image": f"i:{label}",
        "env": env,
        "args": args,
        "livenessProbe": probe,
    }
    template = {
        "metadata": {"labels": {"app": label}},
        "spec": {"restartPolicy": "Always", "containers": [container]},
    }
    own = {"matchLabels": {"app": label}}
    data = {"any": base64.b64encode(secret.encode()).decode(), "odd": {"more": f"{secret}9"}}
    secret_data = {
        "password": f"{secret}a",
        "credentials": {"inner": f"{secret}b"},
        "token": [f"{secret}c"],
    }
    named = {"password": f"password = {secret}d", "apiKey": f"{secret}e"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s"},
            "immutable": True,
            "data": data,
        },
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t"}, "data": f"{secret}f"},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c"},
            "immutable": True,
            "data": named,
        },
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "j"},
            "spec": {"template": template},
        },
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": template["spec"]},
        *(
            {
                "apiVersion": "apps/v1",
                "kind": kind,
                "metadata": {"name": "d"},
                "spec": {**more, "template": template},
            }
            for kind, more in (
                ("Deployment", {"selector": own}),
                ("StatefulSet", {"selector": own}),
            )
        ),
        {
            "apiVersion": "example.com/v1",
            "kind": "Thing",
            "metadata": {"name": "t"},
            "spec": secret_data,
        },
    ]


BEFORE, AFTER = "Canary-bfr-zz9Q", "Canary-aft-yy8W"


def manifest(secret: str, label: str) -> str:
    return "\n---\n".join(json.dumps(body) for body in objects(secret, label))


def test_manifests_of_both_sides(printed: Callable[..., str]) -> None:
    write({"before.yaml": manifest(BEFORE, "a"), "after.yaml": manifest(AFTER, "b")})
    sides = ("after.yaml", "--before", "before.yaml")
    written = [
        *(
            printed("check", *sides, *more)
            for more in ((), ("--helm-version", "3"), ("--live", "after.yaml"))
        ),
        printed(
            "check",
            *sides,
            "--format",
            "text=report.txt",
            "--format",
            "json",
            "--live",
            "after.yaml",
        ),
        Path("report.txt").read_text(),
        *(printed("diff", *sides, "--format", name) for name in ("text", "json", "jsonpatch")),
        *(
            printed("diff", *sides, "--resource", f"{body['kind']}/{body['metadata']['name']}")
            for body in objects("", "")
        ),
    ]
    for text in written:
        assert_hidden(text, BEFORE, AFTER)


@pytest.mark.parametrize(
    "text",
    [
        f"stringData: {{a: *{AFTER}}}\n",
        f"stringData:\n  a: b: {AFTER}\n",
        f"stringData: {{a: &{AFTER} 1, b: &{AFTER} 2}}\n",
        f"stringData: {{a: !{AFTER} 1}}\n",
        f"data: {{a: !!binary {AFTER}}}\n",
        f"data: {AFTER}\n",
    ],
)
def test_manifests_that_cannot_be_read(printed: Callable[..., str], text: str) -> None:
    write({"before.yaml": manifest(BEFORE, "a")})
    write({"after.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{text}"})
    assert_hidden(printed("check", "after.yaml", "--before", "before.yaml"), BEFORE, AFTER)
    assert_hidden(printed("diff", "after.yaml", "--before", "before.yaml"), BEFORE, AFTER)


def values(secret: str) -> dict[str, Any]:
    return {
        "auth": {
            "password": f"{secret}1",
            "tokens": [f"{secret}2"],
            "nested": {"privateKey": f"{secret}3"},
        },
        "secrets": {"db": f"{secret}4", "list": [{"any": f"{secret}5"}]},
        "dsn": f"{secret}6",
        "env": [{"name": "DB_PASSWORD", "value": f"{secret}7"}],
        "url": f"postgres://u:{secret}8@h/x",
        "text": f"password = {secret}9\n",
    }


GOOD = (
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
    "stringData: {any: {{ toJson .Values | quote }}}\n"
)


@pytest.mark.parametrize(
    "template", [GOOD, f"{GOOD}x: {{{{ fail (toYaml .Values) }}}}\n"], ids=["good", "fails"]
)
def test_values_under_every_mode(printed: Callable[..., str], template: str) -> None:
    secrets = (BEFORE, AFTER, "Canary-new-def1", "Canary-set-q7q7")
    write({"Chart.yaml": CHART, "values.yaml": values(BEFORE), "templates/a.yaml": GOOD}, "old")
    write(
        {"Chart.yaml": CHART, "values.yaml": values(secrets[2]), "templates/a.yaml": template},
        "new",
    )
    write({"prod.yaml": values(AFTER)})
    sides = ("new", "--before", "old")
    for more in (
        ("-f", "prod.yaml", "--set", f"auth.password={secrets[3]}", "--helm", "embedded"),
        *(
            ("--values-mode", mode, "--format", name)
            for mode in ("reuse", "reset")
            for name in ("text", "json")
        ),
        ("-f", "prod.yaml", "--values-mode", "reuse", "--format", "json"),
    ):
        assert_hidden(printed("check", *sides, *more), *secrets)
    assert_hidden(printed("diff", *sides, "-f", "prod.yaml"), *secrets)


def test_addresses_with_a_login(printed: Callable[..., str]) -> None:
    address = f"https://u:{AFTER}@127.0.0.1:9/x"
    dependency = f"dependencies:\n- {{name: x, version: '*', repository: '{address}'}}\n"
    write({"Chart.yaml": CHART, "templates/a.yaml": "x: {}\n"}, "ok")
    write({"Chart.yaml": CHART + dependency}, "dependent")
    for arguments in (
        ("check", f"{address}.tgz", "--before", "ok"),
        ("check", "ok", "--before", f"{address}.tgz"),
        ("check", "x", "--before", "ok", "--repo", address),
        ("check", f"oci://u:{AFTER}@127.0.0.1:9/x", "--before", "ok"),
        ("check", "ok", "--before", "ok", "-f", address),
        ("check", "dependent", "--before", "ok"),
        ("diff", f"{address}.tgz", "--before", "ok"),
        ("check", "--", "helm", "upgrade", "web", f"{address}.tgz"),
    ):
        assert_hidden(printed(*arguments), AFTER)


@pytest.mark.parametrize(
    "entry",
    [
        f"set: ['a=1,auth.password={AFTER}']",
        f"set: ['auth.password=1,{AFTER}']",
        f"set: {{auth.password: {AFTER}}}",
        f"set: [auth.password: {AFTER}]",
        f"set: 'auth.password={AFTER}'",
        f"repo: https://u:{AFTER}@127.0.0.1:9/x",
    ],
)
def test_the_configuration(printed: Callable[..., str], entry: str) -> None:
    write({"Chart.yaml": CHART, "templates/a.yaml": "x: {}\n"}, "ok")
    write({".policylint.yaml": f"releases:\n- name: a\n  chart: ./ok\n  {entry}\n"})
    for arguments in (
        ("config",),
        ("config", "--explain"),
        ("check", "--before", "ok"),
        ("diff", "--before", "ok"),
    ):
        assert_hidden(printed(*arguments), AFTER)


def record(revision: int, status: str, description: str) -> dict[str, Any]:
    release = {
        "name": "shop",
        "namespace": "prod",
        "version": revision,
        "info": {
            "status": status,
            "description": description,
            "last_deployed": "2026-01-01T00:00:00Z",
        },
        "chart": {"metadata": {"name": "web", "version": "1.0.0"}, "values": values(BEFORE)},
        "config": values(AFTER),
        "manifest": f"---\n# Source: web/templates/a.yaml\n{manifest(AFTER, 'a')}\n",
    }
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {"name": f"sh.helm.release.v1.shop.v{revision}", "namespace": "prod"},
        "data": {"release": base64.b64encode(packed).decode()},
    }


def test_descriptions_of_failed_revisions(printed: Callable[..., str]) -> None:
    described = [
        f'cannot patch "s": {AFTER} and {BEFORE}4',
        f'error calling tpl: "{AFTER}1\\n" {AFTER[:10]}',
        base64.b64encode(f"{AFTER}1".encode()).decode(),
        f"Invalid value: {AFTER}7",
        f"get postgres://u:{AFTER}8@h/x",
    ]
    failed = [
        record(number, "failed", f"failed: {text}") for number, text in enumerate(described, 2)
    ]
    write(
        {
            "records.json": {
                "kind": "List",
                "items": [record(1, "deployed", "Install complete"), *failed],
            }
        }
    )
    text = printed("history", "records.json")
    assert 'failed: cannot patch "s": (redacted)' in text
    for shown in (text, printed("history", "records.json", "--format", "json")):
        assert_hidden(shown, BEFORE, AFTER)
    assert_hidden(printed("check", "records.json", "--rollback", "1"), BEFORE, AFTER)


FILES = {
    "deploy.sh": f"""#!/bin/sh
export DB_PASSWORD={AFTER}0
helm repo add x https://u:{AFTER}1@h/x
helm upgrade -i web ./chart --set auth.password={AFTER}2,b{AFTER} --password {AFTER}3 --timeout 300
helm upgrade w ./c --set-string 'e[0].name=DB_PASSWORD,e[0].value={AFTER}4' --kube-token {AFTER}5
helm upgrade web ./c --set-json 'auth={{"password":"{AFTER}6"}}' --set-literal sentry.dsn={AFTER}7
""",
    "helmfile.yaml": f"""releases:
- name: a
  chart: ./chart
  force: true
  values: [{{auth: {{password: {AFTER}0}}, secrets: {{db: {AFTER}1}}}}]
  set:
  - name: auth.password
    value: {AFTER}2
""",
    "release.yaml": f"""apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: a}}
spec:
  interval: 5m
  chart: {{spec: {{chart: x, version: "*"}}}}
  upgrade: {{force: true}}
  values:
    auth: {{password: {AFTER}0}}
    secrets:
      db: {AFTER}1
""",
    "main.tf": f"""resource "helm_release" "a" {{
  name = "a"
  chart = "./chart"
  repository_password = "{AFTER}0"
  force_update = true
  set {{
    name = "auth.password"
    value = "{AFTER}1"
  }}
}}
""",
}


def test_files_that_run_helm(printed: Callable[..., str]) -> None:
    write(FILES)
    for arguments in (
        ("scan", "."),
        ("scan", ".", "--format", "json"),
        ("fix", ".", "--diff"),
        ("fix", ".", "--diff", "--unsafe"),
        ("doctor", "."),
    ):
        assert_hidden(printed(*arguments), AFTER)


@pytest.mark.parametrize(
    "error",
    [
        (
            'The Deployment "d" is invalid: spec.selector: Invalid value: '
            f'{{"password":"{AFTER}"}}: field is immutable'
        ),
        (
            'Job.batch "j" is invalid: spec.template: Invalid value: {Name:"PASS", '
            f'Value:"{AFTER}"}}: field is immutable'
        ),
        f'Error: failed parsing --set data: key "{AFTER}" has no value',
        f'duplicate entries for key [name="DB_PASSWORD", value="{AFTER}"]',
    ],
)
def test_errors_that_are_explained(printed: Callable[..., str], error: str) -> None:
    assert_hidden(printed("explain", error), AFTER)


# The parts


def test_fragments_are_hidden_and_public_words_are_not() -> None:
    secret = "Canary-password-xyz123"
    assert without(f"<{secret[:12]}> <{secret}>", [secret], "***") == "<***> <***>"
    assert without("at .auth.password", [secret], "***", ["auth.password"]) == "at .auth.password"
    assert without("admin, .adminUser", ["admin"], "***", ["adminUser"]) == "***, .adminUser"
    assert without("test of tests, 12:34", ["test", "12"], "***") == "*** of tests, 12:34"
    assert without("!!str `Canary-...`", [secret], "***") == "!!str `***`"
    assert without("it is true", ["true"], "***") == "it is true"


def test_keys_that_name_a_secret_hold_none() -> None:
    names = {
        "existingSecret": "web-db",
        "secretName": "web-tls",
        "passwordKey": "db-password",
        "tokenType": "bearer",
    }
    reference = {
        "name": "PASSWORD",
        "valueFrom": {"secretKeyRef": {"name": "web-db", "key": "password"}},
    }
    assert (
        set(secret_values({**names, "env": [reference], "auth": {"username": "postgres"}})) == set()
    )
    assert set(secret_lines("secretName: web-tls\npassword: {{ .Values.x }}\n")) == set()
    assert set(argument_secrets("--set", "auth.existingSecret=web-db,image.tag=2")) == set()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(
            {"secrets": {"tolerations": [{"key": "node-role.kubernetes.io/master"}]}}, id="taint"
        ),
        pytest.param({"annotationKey": "external-dns.alpha.kubernetes.io/"}, id="annotation"),
        pytest.param({"auth": {"rootUser": "root", "replicationUsername": "repl_user"}}, id="user"),
        pytest.param({"passwordUpdateJob": {"resourcesPreset": "micro"}}, id="job"),
        pytest.param({"secrets": {"workerKeyPub": "ssh-rsa AAAAB3Nza Concourse"}}, id="public key"),
    ],
)
def test_what_stands_beside_secrets_is_none(values: dict[str, Any]) -> None:
    assert set(secret_values(values)) == set()
    assert set(secret_lines(yaml.safe_dump(values), nested=True)) == set()


@pytest.mark.parametrize(
    "values",
    [
        {"secrets": {"key": PLAIN}},
        {"auth": {"rootUserPassword": PLAIN}},
        {"auth": {"rootUser": f"https://root:{PLAIN}@db.example"}},
        {"passwordUpdateJob": {"previousPasswords": {"password": PLAIN}}},
        {"secrets": {"workerKey": PLAIN}},
    ],
)
def test_secrets_that_look_like_what_stands_beside_them(values: dict[str, Any]) -> None:
    assert PLAIN in "".join(secret_values(values))
    assert PLAIN in "".join(secret_lines(yaml.safe_dump(values), nested=True))


def test_a_block_ends_where_its_key_s_indent_does() -> None:
    values = f"auth:\n  password: |-\n    {PLAIN}\n\n    second\n  image: web\nreplicas: 2\n"
    shown = Redactor().text(values)
    assert_hidden(shown, PLAIN, "second")
    assert shown.endswith("  image: web\nreplicas: 2\n")


def test_a_redactor_masks_what_stands_below_secret_looking_keys() -> None:
    volume = {"secret": {"secretName": "web-tls", "items": [{"key": "tls.crt", "path": "tls.crt"}]}}
    reference = {"credentials": {"name": "web-db", "key": "password"}}
    shown = Redactor().value({"volumes": [volume], **reference, "token": [PLAIN]})
    assert shown == {"volumes": [volume], **reference, "token": ["(redacted)"]}
    assert Redactor().value(["--token", PLAIN, "--token-file", "a"]) == [
        "--token",
        "(redacted)",
        "--token-file",
        "a",
    ]
