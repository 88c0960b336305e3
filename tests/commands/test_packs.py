"""Shared packs: fetched by one command, pinned by digest, and never because a change says so."""

from __future__ import annotations

import hashlib
import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from policylint.cli.app import run
from tests.helm.sources.repository import Repo
from tests.pipeline.test_waiving import branch, request

RULE = "title: t\nseverity: error\nvalidations: [{expression: 'false', message: %s}]\n"
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.fixture
def shared(tmp_path: Path) -> Repo:
    """A repository of packs with a tag."""
    made = Repo(tmp_path / "shared").init()
    made.file("packs/acme/owner.yaml", RULE % "one")
    made.file("packs/acme/evil.py", "raise SystemExit('code ran')\n")
    made.commit("one")
    made.git("tag", "v1")
    return made


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: Repo) -> Repo:
    made = Repo(tmp_path / "repo").init()
    monkeypatch.chdir(made.top)
    monkeypatch.setenv("POLICYLINT_CACHE", str(tmp_path / "cache"))
    made.file("a.yaml", OBJECT)
    made.file(".policylint.yaml", of_git(shared))
    made.commit("base")
    return made


def of_git(shared: Repo, ref: str = "v1", path: str = "packs/acme") -> str:
    return f"packs:\n  - {{git: 'file://{shared.top}', ref: {ref}, path: {path}}}\n"


def exit_and_rules(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    capsys.readouterr()
    code = run(["check", "a.yaml", "--before", "a.yaml", "--format", "json"])
    out = capsys.readouterr().out
    rows = json.loads(out)["releases"][0]["findings"] if out else []
    return code, [row["message"] for row in rows]


def test_a_pack_of_git_judges_once_it_is_fetched_and_stays_what_it_was(
    room: Repo, shared: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_and_rules(capsys) == (2, [])  # not locked: nothing is fetched by a check
    assert run(["packs", "update"]) == 0
    assert exit_and_rules(capsys) == (1, ["one"])
    lock = json.loads((room.top / "policylint.lock").read_text())
    (row,) = lock["packs"]
    assert row["digest"].startswith("sha256:")
    assert len(row["resolved"]) == 40
    shared.file("packs/acme/owner.yaml", RULE % "two")
    shared.commit("two")
    shared.git("tag", "--force", "v1")
    assert run(["packs", "update"]) == 0  # the commit that is locked
    assert exit_and_rules(capsys) == (1, ["one"])
    (shared.top / "packs").rename(shared.top / "gone")  # and offline
    assert exit_and_rules(capsys) == (1, ["one"])
    assert run(["packs", "update", "--upgrade"]) == 0
    assert exit_and_rules(capsys) == (1, ["two"])


POLICY = """\
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: no-maps}
spec:
  validationActions: [Deny]
  matchConstraints:
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}
  validations: [{expression: "false", message: no maps}]
"""


def test_a_policy_of_a_shared_pack_is_named_by_the_pack_and_not_by_the_cache(
    room: Repo, shared: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    shared.file("packs/acme/maps.yaml", POLICY)
    shared.commit("maps")
    shared.git("tag", "v2")
    room.file(".policylint.yaml", of_git(shared, "v2"))
    assert run(["packs", "update"]) == 0
    (room.top / "b.yaml").write_text(OBJECT.replace("name: a", "name: b"))
    capsys.readouterr()
    assert run(["check", "b.yaml", "--before", "a.yaml"]) == 1
    assert "policy      git+file://" in (told := capsys.readouterr().out)
    assert "@v2#packs/acme/maps.yaml:1\n" in told


@pytest.mark.parametrize("ref", ["main", "v2", "0123456"])
def test_what_moves_is_no_pin(
    room: Repo, shared: Repo, capsys: pytest.CaptureFixture[str], ref: str
) -> None:
    room.file(".policylint.yaml", of_git(shared, f"'{ref}'"))
    assert run(["packs", "update"]) == 2
    assert f"no tag {ref}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{git: 'https://example.org/a'}", "without ref"),
        ("{git: 'https://example.org/a', oci: b, ref: c}", "one place"),
        ("{name: a}", "one place"),
        ("{path: x, fail-on: never, until: soon}", "no day"),
        ("{git: 'ext::sh -c id', ref: v1}", "no address of git"),
        ("{git: '--upload-pack=id', ref: v1}", "no address of git"),
        ("{python: os.path}", "no package of Python"),
        ("{python: nosuchpackage}", "not installed"),
    ],
)
def test_what_names_no_pack_is_an_error(
    room: Repo, capsys: pytest.CaptureFixture[str], entry: str, words: str
) -> None:
    room.file(".policylint.yaml", f"packs:\n  - {entry}\n")
    assert run(["packs", "update"]) == 2
    assert words in capsys.readouterr().err


def test_a_pack_leads_nowhere_else(
    room: Repo, shared: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    room.file(".policylint.yaml", of_git(shared, "v1", "../.."))
    assert run(["packs", "update"]) == 2
    assert "leads out of the pack" in capsys.readouterr().err


def test_a_cache_that_was_changed_is_not_believed(
    room: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["packs", "update"])
    assert run(["packs", "verify"]) == 0
    (file,) = (tmp_path / "cache/packs").rglob("owner.yaml")
    assert not list((tmp_path / "cache/packs").rglob("*.py"))
    file.write_text(RULE % "other")
    assert exit_and_rules(capsys) == (2, [])
    assert run(["packs", "verify"]) == 2
    assert "is not what policylint.lock names" in capsys.readouterr().out


def test_a_pull_request_fetches_nothing_that_it_adds_and_is_judged_by_the_packs_of_its_base(
    room: Repo,
    shared: Repo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(["packs", "update"])
    branch(room)
    shared.file("packs/acme/owner.yaml", RULE % "two")
    shared.commit("two")
    shared.git("tag", "v2")
    room.file(".policylint.yaml", of_git(shared, "v2"))
    room.commit("another pack")
    room.file("policylint.lock", '{"schema": "policylint/lock/v1", "packs": []}')
    request(monkeypatch)
    monkeypatch.setenv("POLICYLINT_CACHE", str(room.top.parent / "fresh"))
    assert exit_and_rules(capsys)[0] == 2  # what judges is not here
    assert run(["packs", "update"]) == 0
    fetched, left, _ = capsys.readouterr().out.splitlines()
    assert "@v1#packs/acme  sha256:" in fetched
    assert "@v2#packs/acme  not fetched: this pull request adds or changes it" in left
    assert "v2" not in (room.top / "policylint.lock").read_text()
    assert exit_and_rules(capsys) == (1, ["one"])


def test_an_installed_package_is_pinned_too(
    room: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site/acme_policies"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('code ran')\n")
    (package / "owner.yaml").write_text(RULE % "installed")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    room.file(".policylint.yaml", "packs: [{python: acme_policies}]\n")
    assert run(["packs", "update"]) == 0
    assert exit_and_rules(capsys) == (1, ["installed"])
    (package / "owner.yaml").write_text(RULE % "changed")
    assert exit_and_rules(capsys) == (2, [])


@pytest.fixture
def registry() -> Iterator[str]:
    """A registry that holds one artifact, acme/policies:1."""
    layer = (RULE % "pulled").encode()
    config = b"{}"
    blobs = {_digest(content): content for content in (layer, config)}
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.unknown.config.v1+json",
                "digest": _digest(config),
                "size": len(config),
            },
            "layers": [
                {
                    "mediaType": "application/yaml",
                    "digest": _digest(layer),
                    "size": len(layer),
                    "annotations": {"org.opencontainers.image.title": "owner.yaml"},
                }
            ],
        }
    ).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            is_known = name in ("1", _digest(manifest))
            content = manifest if "/manifests/" in self.path and is_known else blobs.get(name)
            self.send_response(200 if content else 404)
            kind = "application/vnd.oci.image.manifest.v1+json"
            self.send_header("Content-Type", kind if content is manifest else "application/yaml")
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}/acme/policies:1"
    server.shutdown()
    server.server_close()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_an_artifact_of_a_registry_is_pulled_once(
    room: Repo, registry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("oras")
    room.file(".policylint.yaml", f"packs: [{{oci: 'oci://{registry}'}}]\n")
    assert run(["packs", "update"]) == 0, capsys.readouterr().err
    assert exit_and_rules(capsys) == (1, ["pulled"])
    assert run(["packs", "list"]) == 0
    assert "1 rule\n" in capsys.readouterr().out
    (locked,) = json.loads((room.top / "policylint.lock").read_text())["packs"]
    assert locked["resolved"].startswith("sha256:")
    assert run(["packs", "update"]) == 0  # by the digest of the manifest, which is there
    lock = room.top / "policylint.lock"
    lock.write_text(lock.read_text().replace(locked["resolved"], f"sha256:{'0' * 64}"))
    capsys.readouterr()
    assert run(["packs", "update"]) == 2
    assert "cannot be pulled" in capsys.readouterr().err


def test_nothing_of_a_repository_runs(
    room: Repo, shared: Repo, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shared.file(".gitattributes", "* filter=evil\n")
    (shared.top / "packs/acme/link.yaml").symlink_to("/etc/passwd")
    shared.commit("evil")
    shared.git("tag", "v3")
    room.file(".policylint.yaml", of_git(shared, "v3"))
    assert run(["packs", "update"]) == 0
    kept = [file.name for file in (tmp_path / "cache/packs").rglob("*") if file.is_file()]
    assert "evil.py" not in kept
    done = subprocess.run(["git", "status", "--short"], capture_output=True, check=True)
    assert b"packs" not in done.stdout


SHARED = "rules: {owner: warning, scaled-to-zero: error}\nfail-on: warning\n"


@pytest.fixture
def extending(room: Repo, shared: Repo) -> Repo:
    """A repository that extends the configuration of a pack, and has its rules."""
    shared.file("packs/acme/policylint.yaml", SHARED)
    shared.commit("two")
    shared.git("tag", "v2")
    pack = of_git(shared, "v2")
    room.file(".policylint.yaml", pack + pack.replace("packs:", "extends:"))
    room.commit("extend")
    return room


def severities(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    capsys.readouterr()
    code = run(["check", "a.yaml", "--before", "a.yaml", "--format", "json"])
    out, err = capsys.readouterr()
    assert not err or code == 2, err
    rows = json.loads(out)["releases"][0]["findings"] if out else []
    return code, [row["severity"] for row in rows]


def test_a_shared_configuration_holds_below_the_repositorys_own(
    extending: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert severities(capsys) == (2, [])  # not locked: nothing is fetched by a check
    assert run(["packs", "update"]) == 0
    assert severities(capsys) == (1, ["warning"])
    text = (extending.top / ".policylint.yaml").read_text()
    extending.file(".policylint.yaml", text + "rules: {owner: note}\n")
    assert severities(capsys) == (0, ["note"])
    capsys.readouterr()
    assert run(["config"]) == 0
    assert json.loads(capsys.readouterr().out)["rules"]["scaled-to-zero"] == "error"


@pytest.mark.parametrize(
    "text", ["python-rules: [x]\n", "releases: []\n", "extends: [../x.yaml]\n", "packs: [/etc]\n"]
)
def test_a_shared_configuration_names_no_files(
    extending: Repo, shared: Repo, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    shared.file("packs/acme/policylint.yaml", text)
    shared.commit("three")
    shared.git("tag", "--force", "v2")
    assert run(["packs", "update"]) == 0
    capsys.readouterr()
    assert run(["check", "a.yaml", "--before", "a.yaml"]) == 2
    assert f"does not say {text.partition(':')[0]}" in capsys.readouterr().err


def test_a_pull_request_cannot_extend_what_its_base_does_not(
    extending: Repo, shared: Repo, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    assert run(["packs", "update"]) == 0
    extending.commit("lock")
    branch(extending)
    request(monkeypatch)
    shared.file("packs/acme/policylint.yaml", "rules: {owner: off}\n")
    shared.commit("loosen")
    shared.git("tag", "v3")
    text = (extending.top / ".policylint.yaml").read_text()
    extending.file(".policylint.yaml", text.replace("v2", "v3"))
    assert run(["packs", "update"]) == 0
    assert "adds or changes it" in capsys.readouterr().out
    extending.file(".policylint.yaml", text.replace("extends:", "ignored-extends:"))
    extending.file(".policylint.yaml", of_git(shared, "v2"))
    code, levels = severities(capsys)
    assert (code, levels[:1]) == (1, ["warning"])  # the base's configuration judges


@pytest.mark.parametrize(
    ("digest", "resolved"),
    [
        (f"sha256:{'a' * 64}", "--upload-pack=touch ran;git-upload-pack"),
        (f"sha256:{'a' * 64}", "HEAD:refs/heads/x"),
        (f"sha256:{'a' * 64}\n", ""),
        ("/", ""),
        ("../../../etc", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("command", [["packs", "update"], ["packs", "verify"], ["check"]])
def test_a_lock_file_holds_digests_and_commits_alone(
    room: Repo,
    shared: Repo,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    digest: str,
    resolved: str,
) -> None:
    source = f"git+file://{shared.top}@v1#packs/acme"
    row = {"source": source, "digest": digest, "resolved": resolved}
    lock = {"schema": "policylint/lock/v1", "packs": [row]}
    room.file("policylint.lock", json.dumps(lock))
    assert run(command) == 2
    assert "this is no lock file" in capsys.readouterr().err
    assert not list(room.top.glob("**/ran"))
