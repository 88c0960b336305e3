"""Charts that helm pulls from a chart repository and from an OCI registry: the check of a user,
with real servers.

Whatever a server answers, nothing is left in the temporary directory, no login is shown, and Helm's
own directories hold what helm itself wrote there.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import policylint
from policylint.cli.app import run
from policylint.helm.engines.library import is_installed
from tests.helms import LINES, any_helm, helm
from tests.servers import Server, digest, serving

ENGINES = [*LINES, "embedded"]
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {app: APP}
  template:
    metadata:
      labels: {app: APP}
    spec:
      containers:
      - name: web
        image: nginx:1.27
"""
PASSWORD = "s3cr3t-pass"
OLD = ["--before", "../old.yaml"]
"""A before side that no server is asked for."""

Check = Callable[..., tuple[int, str]]
"""Words of `policylint check` -> (exit code, all that was printed)."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A repository and registry: 1.2.0 has another selector than 1.1.0, 2.0.0-rc.1 too; 1.1.1 has
    more replicas."""
    with serving() as made:
        for version, app, replicas in (
            ("1.1.0", "web", 1),
            ("1.1.1", "web", 2),
            ("1.2.0", "site", 1),
            ("1.3.0+build.5", "web", 1),
            ("2.0.0-rc.1", "next", 1),
        ):
            files = {
                "templates/web.yaml": DEPLOYMENT.replace("APP", app),
                "values.yaml": f"replicas: {replicas}\n",
            }
            made.add_chart("web", version, files)
        yield made


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What --helm names."""
    if request.param != "embedded":
        return helm(request.param).path
    if not is_installed():
        pytest.skip("the embedded engine is not installed")
    return "embedded"


@pytest.fixture
def home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A user's directories, all of them; nothing may be left in its `tmp`."""
    for name in ("tmp", "here"):
        (tmp_path / name).mkdir()
    (tmp_path / "old.yaml").write_text("kind: ConfigMap\napiVersion: v1\nmetadata: {name: old}\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "versions"))
    for kind in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"HELM_{kind}_HOME", str(tmp_path / kind))
    for name in ("TMPDIR", "TMP", "TEMP"):
        monkeypatch.setenv(name, str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path
    assert list((tmp_path / "tmp").iterdir()) == []
    assert list((tmp_path / "here").iterdir()) == []
    assert not (tmp_path / "home").exists()


@pytest.fixture
def check(engine: str, home: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    def made(*words: str) -> tuple[int, str]:
        code = run(["check", "--helm", engine, *words])
        output = "".join(capsys.readouterr())
        assert "Traceback" not in output
        assert PASSWORD not in output
        assert str(home / "tmp") not in output
        return code, output

    return made


def upgrade(server: Server, *words: str, name: str = "web") -> list[str]:
    """`helm upgrade` of the registry's chart, as it follows the `--`."""
    return ["--", "helm", "upgrade", "web", oci(server, name), "--plain-http", *words]


def oci(server: Server, name: str = "web") -> str:
    return f"oci://{server.host}/charts/{name}"


def test_a_chart_of_a_repository(check: Check, server: Server, home: Path) -> None:
    named = ["web", "--repo", server.url, "--before", "web@1.1.0"]
    code, output = check(*named, "--version", "1.2.0")
    assert code == 1
    assert "spec.selector.matchLabels.app web -> site" in output
    assert "web@1.1.0 -> web --version 1.2.0\n" in output
    code, output = check(*named, "--version", "~1.1")
    assert (code, output.splitlines()[0]) == (0, "chart: 1 resource (1 in-place)")
    assert "web@1.1.0 -> web --version ~1.1\n" in output
    assert "web --version ~1.1: helm pulled web 1.1.1\n" in output
    code, output = check(*named[:3], "--before", "web@>=1.2.0 <1.3.0")
    assert code == 1
    assert "selector.matchLabels.app site -> web" in output
    assert "web@>=1.2.0 <1.3.0 -> web (the newest version)\n" in output
    assert "/web-1.3.0+build.5.tgz" in server.asked
    assert not (home / "CONFIG").exists()
    assert not (home / "DATA").exists()


def test_a_chart_of_a_registry(check: Check, server: Server, home: Path) -> None:
    code, output = check("--before", f"{oci(server)}:1.1.0", *upgrade(server, "--version", "1.2.0"))
    assert code == 1
    assert "spec.selector.matchLabels.app web -> site" in output
    assert f"{oci(server)}:1.1.0 -> {oci(server)} --version 1.2.0\n" in output
    before = next(name for name in server.files if "/manifests/sha256:" in name).rpartition("/")[2]
    code, output = check(
        "--before", f"{oci(server)}@{before}", *upgrade(server, "--version", "~1.1")
    )
    assert code == 0
    assert "default/web: 1 resource (1 in-place)" in output
    assert "1.1.1" in output  # what helm pulled
    assert not (home / "CONFIG").exists()
    assert not (home / "DATA").exists()


def test_the_newest_version_and_the_newest_of_all(check: Check, server: Server) -> None:
    before = ["--before", f"{oci(server)}:1.1.0"]
    code, output = check(*before, *upgrade(server))
    assert code == 0
    assert re.search(r"1\.3\.0[+_]build\.5", output)
    code, output = check(*before, *upgrade(server, "--devel"))
    assert code == 1
    assert "matchLabels.app web -> next" in output


def test_a_tag_that_is_not_the_version_is_refused_as_helm_refuses_it(
    check: Check, server: Server
) -> None:
    tagged = [
        "--",
        "helm",
        "upgrade",
        "web",
        f"{oci(server)}:1.1.0",
        "--plain-http",
        "--version",
        "1.2.0",
    ]
    code, output = check("--before", f"{oci(server)}:1.1.0", *tagged)
    assert code == 2
    assert "chart reference and version mismatch: 1.2.0 is not 1.1.0" in output


@pytest.mark.parametrize("line", LINES)
def test_a_repository_that_was_added(line: str, home: Path, server: Server) -> None:
    path = helm(line).path
    subprocess.run([path, "repo", "add", "mine", server.url], check=True, capture_output=True)
    before = contents(home / "CONFIG")
    report = policylint.check(
        policylint.Options(after="mine/web", version="1.2.0", before="mine/web@1.1.0", helm=path)
    )
    assert [finding.rule for finding in report.releases[0].findings] == ["selector-changed"]
    lacking = policylint.check(
        policylint.Options(after="mine/nothing", before="mine/web@1.1.0", helm=path)
    )
    assert lacking.verdict is policylint.Verdict.UNKNOWN
    assert "helm repo update" in lacking.releases[0].failures[0].remedy
    assert contents(home / "CONFIG") == before


def test_a_repository_that_helm_does_not_know(check: Check) -> None:
    code, output = check("mine/web", "--version", "1.2.0", *OLD)
    assert code == 2
    assert "repo mine not found" in output or "does not know what `helm repo add` wrote" in output
    assert "helm repo add" in output


@pytest.mark.parametrize(
    ("words", "words_of_helm", "fix"),
    [
        (("--version", "9.9.9"), "9.9.9: not found", "its version: `helm show chart"),
        (
            ("--version", "~9"),
            "ould not locate a version matching provided version string ~9",
            "`helm show chart",
        ),
    ],
)
def test_a_version_that_the_registry_lacks(
    check: Check, server: Server, words: tuple[str, ...], words_of_helm: str, fix: str
) -> None:
    code, printed = check(*OLD, *upgrade(server, *words))
    assert code == 2
    assert words_of_helm in printed
    assert fix in printed


def test_a_chart_that_the_registry_lacks(check: Check, server: Server) -> None:
    code, output = check(*OLD, *upgrade(server, name="nothing"))
    assert code == 2
    assert "check the address, the chart's name and its version" in output


def test_a_version_and_a_chart_that_the_repository_lacks(check: Check, server: Server) -> None:
    for words in (["web", "--version", "9.9.9"], ["nothing"]):
        code, output = check(*words, "--repo", server.url, *OLD)
        assert code == 2
        assert f"not found in {server.url} repository" in output
        assert "check the repository, the chart's name and --version" in output


def test_a_registry_that_speaks_plain_http(check: Check, server: Server) -> None:
    code, output = check(oci(server), "--version", "1.2.0", *OLD)
    assert code == 2
    assert "policylint check -- helm upgrade RELEASE CHART ... --plain-http" in output


def test_a_server_that_is_not_there(check: Check) -> None:
    away = "127.0.0.1:9"
    for words in (
        ["web", "--repo", f"http://{away}", *OLD],
        [*OLD, "--", "helm", "upgrade", "web", f"oci://{away}/web", "--plain-http"],
    ):
        code, output = check(*words)
        assert code == 2
        assert "no server answers there: check the address, the network and the proxy" in output


@pytest.mark.parametrize(
    ("path", "status", "fix"),
    [
        ("/index.yaml", 401, "helm registry login HOST"),
        ("/web-1.2.0.tgz", 404, "check the address"),
        ("/index.yaml", 500, "the server failed: try again"),
    ],
)
def test_a_repository_that_answers_with_an_error(
    check: Check, server: Server, path: str, status: int, fix: str
) -> None:
    server.files[path] = status
    code, output = check("web", "--repo", server.url, "--version", "1.2.0", *OLD)
    assert code == 2
    assert f"{server.url}{path} : {status} " in output
    assert fix in output


@pytest.mark.parametrize(
    ("status", "fix"), [(401, "helm registry login HOST"), (404, "check the address")]
)
def test_a_registry_that_answers_with_an_error(
    check: Check, server: Server, status: int, fix: str
) -> None:
    server.files["/v2/charts/web/manifests/1.2.0"] = status
    code, output = check(*OLD, *upgrade(server, "--version", "1.2.0"))
    assert code == 2
    assert "charts/web" in output
    assert fix in output


def test_a_repository_that_hangs(check: Check, server: Server) -> None:
    server.files["/web-1.2.0.tgz"] = None
    began = time.monotonic()
    words = ["web", "--repo", server.url, "--version", "1.2.0", *OLD, "--render-timeout", "0.5"]
    code, output = check(*words)
    assert code == 2
    assert "did not end within 0.5 seconds" in output
    assert "a server that does not answer" in output
    assert "the command was: " in output
    assert f"pull web --version 1.2.0 --repo {server.url}" in output
    assert time.monotonic() - began < 10


def test_a_registry_that_hangs(check: Check, server: Server) -> None:
    server.files["/v2/charts/web/manifests/1.2.0"] = None
    words = upgrade(server, "--version", "1.2.0")
    code, output = check(*OLD, "--render-timeout", "0.5", *words)
    assert code == 2
    assert "did not end within 0.5 seconds" in output


def test_an_index_that_is_not_yaml(check: Check, server: Server) -> None:
    server.files["/index.yaml"] = b"entries: ["
    code, output = check("web", "--repo", server.url, "--version", "1.2.0", *OLD)
    assert code == 2
    assert "what answers there has no index.yaml of a chart repository" in output


def test_an_archive_that_is_damaged(check: Check, server: Server) -> None:
    archive = server.files["/web-1.2.0.tgz"]
    assert isinstance(archive, bytes)
    for damaged in (b"no archive", archive[:150]):
        server.files["/web-1.2.0.tgz"] = damaged
        code, output = check("web", "--repo", server.url, "--version", "1.2.0", *OLD)
        assert code == 2
        assert "push the chart again" in output
    server.files[f"/v2/charts/web/blobs/{digest(archive)}"] = archive[:-1] + b"?"
    code, output = check(*OLD, *upgrade(server, "--version", "1.2.0"))
    assert code == 2
    assert "push the chart again" in output


def test_a_manifest_that_is_none(check: Check, server: Server) -> None:
    server.files["/v2/charts/web/manifests/1.2.0"] = b"no manifest"
    code, output = check(*OLD, *upgrade(server, "--version", "1.2.0"))
    assert code == 2
    assert "push the chart again" in output


@pytest.mark.parametrize("scheme", ["http", "oci"])
def test_a_login_by_flags(check: Check, server: Server, scheme: str) -> None:
    server.login = f"alice:{PASSWORD}"
    chart = ["web", "--repo", server.url] if scheme == "http" else [oci(server), "--plain-http"]
    command = [*OLD, "--", "helm", "upgrade", "web", *chart, "--version", "1.2.0"]
    assert check(*command, "--username", "alice", "--password", PASSWORD)[0] == 0
    server.login = "alice:another"
    code, output = check(*command, "--username", "alice", "--password", PASSWORD)
    assert code == 2
    assert "helm registry login HOST" in output
    assert "--password=(redacted)" in output


def test_the_logins_of_helm(check: Check, server: Server, home: Path) -> None:
    server.login = f"alice:{PASSWORD}"
    login = base64.b64encode(server.login.encode()).decode()
    for folder, flags in (
        ("other", ["--registry-config", str(home / "other" / "config.json")]),
        ("CONFIG", []),
    ):
        file = home / folder / ("" if flags else "registry") / "config.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"auths": {server.host: {"auth": login}}}))
        written = file.read_bytes()
        words = upgrade(server, "--version", "1.2.0", *flags)
        assert check(*OLD, *words)[0] == 0
        assert file.read_bytes() == written


def test_a_login_in_an_address(check: Check, server: Server) -> None:
    server.login = f"alice:{PASSWORD}"
    address = server.url.replace("://", f"://alice:{PASSWORD}@")
    named = ["web", "--repo", address, "--version", "1.2.0", *OLD]
    archives = [
        "--before",
        f"{address}/web-1.1.0.tgz",
        "--",
        "helm",
        "upgrade",
        "web",
        f"{address}/web-1.2.0.tgz",
    ]
    assert check(*named)[0] == 0
    assert check("--format", "json", *archives)[0] == 1
    server.login = "alice:another"
    for words in (named, archives):
        code, output = check(*words)
        assert code == 2
        assert f"://(redacted)@{server.host}" in output
    assert check(f"{address}/web-1.2.0.tgz")[0] == 2
    assert (
        check("--", "helm", "registry", "login", "-u", "alice", "-p", PASSWORD, server.host)[0] == 2
    )
    assert check("--", "helm", "upgrade", "web", "--password", PASSWORD, "--repo", address)[0] == 2


def test_a_dependency_that_is_fetched(check: Check, server: Server, home: Path) -> None:
    chart = home / "shop"
    (chart / "templates").mkdir(parents=True)
    (chart / "values.yaml").write_text("")
    needs = f"dependencies: [{{name: web, version: 1.2.0, repository: '{server.url}'}}]\n"
    (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: shop\nversion: 0.1.0\n{needs}")
    code, output = check("../shop", *OLD)
    assert code == 2  # nobody but the chart under judgement names this repository
    add = [any_helm().path, "repo", "add", "mine", server.url]
    subprocess.run(add, check=True, capture_output=True)
    code, output = check("../shop", *OLD)
    assert code == 0
    assert "fetched by helm dependency build into a temporary copy" in output
    server.files["/web-1.2.0.tgz"] = 404
    code, output = check("../shop", *OLD)
    assert code == 2
    assert "/web-1.2.0.tgz : 404 Not Found" in output


def test_a_values_mode_of_charts_that_are_pulled(check: Check, server: Server) -> None:
    words = upgrade(server, "--version", "1.1.1", "--reuse-values")
    code, output = check("--before", f"{oci(server)}:1.1.0", *words)
    assert code == 0
    assert re.search(r"replicas +2 +2 +1 ", output)  # no flag, reset, reuse
    assert "spec.replicas" not in output


def test_both_sides_hang_and_cost_one_wait(check: Check, server: Server) -> None:
    server.files["/index.yaml"] = None
    began = time.monotonic()
    words = ["web", "--repo", server.url, "--version", "1.2.0", "--before", "web@1.1.0"]
    code, output = check(*words, "--render-timeout", "3")
    assert code == 2
    assert "did not end within 3 seconds" in output
    assert time.monotonic() - began < 5.9


KEPT = """{{- $old := lookup "v1" "Secret" .Release.Namespace "web" }}
apiVersion: v1
kind: Secret
metadata:
  name: web
  annotations: {revision: "{{ .Release.Revision }}"}
immutable: true
data:
  password: {{ if $old }}{{ $old.data.password }}{{ else }}{{ randAlphaNum 8 | b64enc }}{{ end }}
"""
SCHEMA = '{"properties": {"replicas": {"type": "integer"}}}'


def test_a_pulled_chart_sees_the_cluster_as_a_local_one_does(
    check: Check, server: Server, home: Path
) -> None:
    for version in ("0.1.0", "0.2.0"):
        values = "replicas: 1\nunused: 1\n"
        server.add_chart("kept", version, {"templates/kept.yaml": KEPT, "values.yaml": values})
    named = ["kept", "--repo", server.url, "--before", "kept@0.1.0", "--version", "0.2.0"]
    code, output = check(*named, "--set", "replica=2", "--format", "json", "--all-findings")
    release = json.loads(output)["releases"][0]
    assert code == 0
    assert release["failures"] == []
    assert "unused-values-key" in {finding["rule"] for finding in release["findings"]}
    assert release["chart"]["after"]["version"] == "0.2.0"
    archive = server.files["/kept-0.2.0.tgz"]
    assert isinstance(archive, bytes)
    assert release["chart"]["after"]["digest"] == digest(archive)
    charts = [path for path in server.asked if path.endswith(".tgz")]
    assert sorted(charts) == ["/kept-0.1.0.tgz", "/kept-0.2.0.tgz"]
    assert server.asked.count("/index.yaml") == 2


def test_what_a_pulled_chart_refuses_is_a_certain_failure(check: Check, server: Server) -> None:
    files = {"templates/web.yaml": DEPLOYMENT.replace("APP", "web"), "values.yaml": "replicas: 1\n"}
    server.add_chart("strict", "0.1.0", {**files, "values.schema.json": SCHEMA})
    named = ["strict", "--repo", server.url, "--version", "0.1.0", *OLD]
    code, output = check(*named, "--set-string", "replicas=many")
    assert code == 1
    assert "don't meet the specifications of the schema" in output
    assert "template release-name strict --namespace default --kube-version" in output
    assert f"--version 0.1.0 --repo {server.url}" in output


def test_an_archive_that_unpacks_to_too_much(check: Check, server: Server) -> None:
    server.add_chart("large", "0.1.0", {"templates/a.yaml": "#" * (6 << 20)})
    code, output = check("large", "--repo", server.url, "--version", "0.1.0", *OLD)
    assert code == 2
    assert "'large/templates/a.yaml', larger than 5242880 bytes" in output
    assert "large holds" in output


def test_what_the_embedded_engine_cannot_tell_a_server(server: Server, home: Path) -> None:
    if not is_installed():
        pytest.skip("the embedded engine is not installed")
    report = policylint.check(
        policylint.Options(
            after=oci(server),
            before=f"{oci(server)}:1.1.0",
            helm="embedded",
            extra=("--ca-file=none.pem",),
        )
    )
    assert report.verdict is policylint.Verdict.UNKNOWN
    assert "the embedded engine cannot do --ca-file" in report.releases[0].failures[0].message
    assert server.asked == []


def contents(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
