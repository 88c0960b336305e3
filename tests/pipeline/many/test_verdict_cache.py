"""The cache of verdicts: the same bytes with and without it, and nothing false is believed."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from policylint.cli.app import run
from policylint.pipeline import lasting
from policylint.pipeline.many import footing, verdictcache
from policylint.runtime.ownfiles import OwnFiles
from tests.fleets import PASSWORD, commit, write_fleet

pytest.importorskip("helm_python")

RELEASES = 8
CHECK = ("check", "--before", "git:HEAD", "--helm", "embedded", "--jobs", "1")
FORMATS = ("text", "json", "sarif", "markdown", "junit", "html", "github", "gitlab")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POLICYLINT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "verdicts"


@pytest.fixture
def fleet(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tree = write_fleet(tmp_path / "tree", RELEASES)
    monkeypatch.chdir(tree)
    return tree


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The releases that are judged meanwhile, and not taken from the cache."""
    from policylint.commands import check

    names: list[str] = []
    assess = check.assess

    def noted(budget, plan, *, is_kept=False):  # type: ignore[no-untyped-def]
        names.append(plan.release)
        return assess(budget, plan, is_kept=is_kept)

    with monkeypatch.context() as patch:
        patch.setattr(check, "assess", noted)
        yield names


def judged(monkeypatch: pytest.MonkeyPatch, *words: str) -> set[str]:
    with counted(monkeypatch) as names:
        run([*CHECK, "--quiet", *words])
    return set(names)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(2))
def test_every_format_is_the_same_with_and_without(tmp_path, cache, monkeypatch, capsys, seed):
    more = """\
waivers:
  - {rule: selector-changed, release: prod/r2, reason: known, owner: ann, until: 2999-01-01}
  - {rule: selector-changed, release: prod/r4, reason: gone, owner: ann, until: 2001-01-01}
"""
    tree = write_fleet(tmp_path / "tree", 2 * RELEASES, seed, more)
    monkeypatch.chdir(tree)
    run([*CHECK, "--no-cache", "--format", "json"])
    assert not cache.exists()
    report = json.loads(capsys.readouterr().out)
    assert {release["verdict"] for release in report["releases"]} >= {"pass", "unknown"}
    outputs: list[dict[str, str]] = []
    for words in (["--no-cache"], [], [], ["--jobs", "3"], ["--no-cache", "--jobs", "3"]):
        files = {format_: tmp_path / f"{len(outputs)}.{format_}" for format_ in FORMATS}
        named = [word for name, file in files.items() for word in ("--format", f"{name}={file}")]
        code = run([*CHECK, *words, *named])
        shown = {format_: file.read_text() for format_, file in files.items()}
        outputs.append({**shown, "code": str(code)})
        capsys.readouterr()
    assert all(output == outputs[0] for output in outputs)


def test_what_is_unchanged_is_judged_once(fleet, monkeypatch):
    first, second = judged(monkeypatch), judged(monkeypatch)
    assert len(first) == RELEASES
    # random values, a render that may fail, a question to the cluster
    assert {"r5"} <= second <= {"r5", "r6", "r7"}


def edited(path: str, text: str, *, added: bool = False) -> Callable[[Path], tuple[str, ...]]:
    def edit(tree: Path) -> tuple[str, ...]:
        file = tree / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(file.read_text() + text if added else text)
        return ()

    return edit


def option(*words: str) -> Callable[[Path], tuple[str, ...]]:
    return lambda _: words


def rebased(tree: Path) -> tuple[str, ...]:
    (tree / "values" / "r1.yaml").write_text("replicas: 9\n")
    commit(tree)
    return ()


def policy(tree: Path) -> tuple[str, ...]:
    (tree.parent / "p.yaml").write_text("")
    return "--policies", str(tree.parent / "p.yaml")


EDITS = {
    "the values": (edited("values/r1.yaml", "replicas: 9\n"), {"r1"}),
    "the base": (rebased, {"r1"}),
    "a template": (edited("charts/plain/templates/n.yaml", "# new\n"), {"r0", "r1", "r3"}),
    "the chart's ignored files": (edited("charts/plain/.helmignore", "n.yaml\n"), {"r0", "r1"}),
    "a severity": (
        edited(".policylint.yaml", "\nrules: {selector-changed: warning}\n", added=True),
        {"r0", "r1", "r2"},
    ),
    "the Kubernetes": (option("--kube-version", "1.30"), {"r0", "r1", "r2"}),
    "the Helm line": (option("--helm-version", "3"), {"r0", "r1", "r2"}),
    "a value": (option("--set", "replicas=3"), {"r0", "r1", "r2"}),
    "the strictness": (option("--strict"), {"r0", "r1", "r2"}),
    "the rules": (option("--ignore", "selector-changed"), {"r0", "r1", "r2"}),
    "the policies": (policy, {"r0", "r1", "r2"}),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_changes_is_judged_anew(fleet, monkeypatch, name):
    judged(monkeypatch)
    edit, anew = EDITS[name]
    words = edit(fleet)
    assert judged(monkeypatch, *words) >= anew


def test_a_variable_that_helm_reads_counts(fleet, monkeypatch):
    judged(monkeypatch)
    monkeypatch.setenv("HELM_NAMESPACE", "elsewhere")
    assert len(judged(monkeypatch)) == RELEASES


def test_another_policylint_is_not_believed(fleet, monkeypatch):
    judged(monkeypatch)
    monkeypatch.setattr(footing, "package_digest", lambda: "another")
    assert len(judged(monkeypatch)) == RELEASES


def test_a_waiver_that_expires_counts_at_once(fleet, monkeypatch, capsys):
    (fleet / "values" / "r0.yaml").write_text("app: other\n")
    config = fleet / ".policylint.yaml"
    until = "waivers: [{rule: selector-changed, release: prod/r0, reason: known, until: %s}]\n"
    releases = config.read_text()
    config.write_text(until % "2999-01-01" + releases)
    run([*CHECK, "--format", "json"])
    before = json.loads(capsys.readouterr().out)["releases"][0]
    config.write_text(until % "2001-01-01" + releases)
    assert "r0" not in judged(monkeypatch)
    capsys.readouterr()
    run([*CHECK, "--format", "json"])
    after = json.loads(capsys.readouterr().out)["releases"][0]
    verdicts = [release["verdict"] for release in (before, after)]
    assert verdicts == ["pass", "fail"]


def entries(cache: Path) -> list[Path]:
    return sorted(file for file in cache.iterdir() if file.is_file())


def cut(file: Path, content: bytes) -> None:
    file.write_bytes(content[: len(content) // 2])


def damaged(file: Path, content: bytes) -> None:
    file.write_bytes(content[:-3] + b"abc")


def linked(file: Path, content: bytes) -> None:
    real = file.parent.parent / file.name
    real.write_bytes(content)
    real.chmod(0o600)
    file.unlink()
    file.symlink_to(real)


def doubled(file: Path, content: bytes) -> None:
    os.link(file, file.parent.parent / file.name)


def shared(file: Path, content: bytes) -> None:
    file.chmod(0o666)


def a_pipe(file: Path, content: bytes) -> None:
    file.unlink()
    os.mkfifo(file)


def a_directory(file: Path, content: bytes) -> None:
    file.unlink()
    file.mkdir()


def of_another_user(file: Path, content: bytes) -> None:
    if os.geteuid() != 0:  # only root can give a file away
        return shared(file, content)
    return os.chown(file, 12345, 12345)


HARM = (cut, damaged, linked, doubled, shared, a_pipe, a_directory, of_another_user)


@pytest.mark.parametrize("harm", HARM)
def test_what_is_not_whole_is_not_believed(tmp_path, harm):
    with OwnFiles(tmp_path / "kept", 4000) as files:
        files.keep("a", b"content")
        assert files.get("a") == b"content"
        file = tmp_path / "kept" / "a"
        harm(file, file.read_bytes())
        assert files.get("a") is None


def test_what_stands_under_another_name_is_not_believed(fleet, cache, monkeypatch):
    judged(monkeypatch)
    contents = [file.read_bytes() for file in entries(cache)]
    assert len(contents) >= 5
    for file, content in zip(entries(cache), [*contents[1:], contents[0]], strict=True):
        file.write_bytes(content)
    assert len(judged(monkeypatch)) == RELEASES


@pytest.mark.parametrize("mode", [0o750, 0o707])
def test_a_directory_that_others_may_enter_is_not_used(tmp_path, mode):
    folder = tmp_path / "kept"
    with OwnFiles(folder, 4000) as files:
        files.keep("a", b"content")
    folder.chmod(mode)
    with OwnFiles(folder, 4000) as files:
        assert not files.is_open
        assert files.get("a") is None


def test_a_directory_behind_a_link_is_not_used(fleet, cache, monkeypatch):
    judged(monkeypatch)
    cache.rename(cache.parent / "real")
    cache.symlink_to(cache.parent / "real")
    assert len(judged(monkeypatch)) == RELEASES


def test_only_this_user_may_read_it(fleet, cache, monkeypatch):
    judged(monkeypatch)
    assert cache.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in entries(cache)} == {0o600}


def test_no_secret_is_kept(fleet, cache, monkeypatch):
    (fleet / "values" / "r2.yaml").write_text("password: another-horse-battery\n")
    judged(monkeypatch)
    kept = entries(cache)
    with OwnFiles(cache, 1) as files:
        contents = [files.get(file.name) or b"" for file in kept]
    assert kept
    assert all(contents)
    for secret in (PASSWORD, "another-horse-battery"):
        for form in (secret.encode(), base64.b64encode(secret.encode())):
            assert not any(form in content for content in contents)


def test_a_report_that_shows_a_known_secret_is_not_kept(fleet, cache, monkeypatch):
    class All:
        secrets = ("Deployment",)

        def text(self, text: str) -> str:
            return text

    monkeypatch.setattr(lasting, "redactor_of", lambda _: All())
    judged(monkeypatch)
    assert entries(cache) == []


def test_what_changes_while_it_is_judged_is_not_kept(fleet, cache, monkeypatch):
    from policylint.commands import check

    assess = check.assess

    def slow(budget, plan, *, is_kept=False):  # type: ignore[no-untyped-def]
        assessed = assess(budget, plan, is_kept=is_kept)
        (fleet / "values" / "r1.yaml").write_text("replicas: 9\n")
        return assessed

    with monkeypatch.context() as patch:
        patch.setattr(check, "assess", slow)
        run([*CHECK, "--quiet"])
    (fleet / "values" / "r1.yaml").write_text("replicas: 1\n")
    assert "r1" in judged(monkeypatch)
    assert "r3" not in judged(monkeypatch)


def test_what_time_cut_short_is_not_kept(fleet, cache, monkeypatch):
    (fleet / "values" / "r0.yaml").write_text("app: other\n")
    monkeypatch.setattr("policylint.pipeline.budget._SECONDS_EACH", 0.0)
    judged(monkeypatch)
    assert "r0" in judged(monkeypatch)


def test_no_more_is_kept_than_the_bound(tmp_path):
    folder = tmp_path / "kept"
    with OwnFiles(folder, 4000) as files:
        for number in range(20):
            files.keep(f"a{number}", os.urandom(400))
            os.utime(folder / f"a{number}", (number, number))
    left = {file.name for file in entries(folder)}
    assert left
    assert sum(file.stat().st_size for file in entries(folder)) <= 4000
    assert "a19" in left
    assert "a0" not in left


def test_what_a_killed_run_left_is_removed_and_what_is_being_written_is_not(tmp_path):
    folder = tmp_path / "kept"
    with OwnFiles(folder, 4000) as files:
        files.keep("a", b"a")
        left, begun = (folder / "new" / name for name in ("b.01234567", "c.01234567"))
        left.write_bytes(b"half")
        begun.write_bytes(b"half")
    with begun.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with OwnFiles(folder, 4000) as files:
            assert files.get("a") == b"a"
        assert begun.exists()
    assert not left.exists()


def test_a_cache_in_the_checkout_is_not_used(fleet, monkeypatch):
    monkeypatch.setenv("POLICYLINT_CACHE", str(fleet / ".cache"))
    judged(monkeypatch)
    assert len(judged(monkeypatch)) == RELEASES
    assert not (fleet / ".cache" / "verdicts").exists()


def test_a_pull_request_of_a_fork_uses_none_but_one_that_is_named(
    fleet, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    named = os.environ["POLICYLINT_CACHE"]
    monkeypatch.delenv("POLICYLINT_CACHE")
    judged(monkeypatch)
    assert not (tmp_path / "xdg" / "policylint" / "verdicts").exists()
    monkeypatch.setenv("POLICYLINT_CACHE", named)
    judged(monkeypatch)
    assert Path(named, "verdicts").is_dir()


def test_the_command_shows_and_clears(fleet, cache, monkeypatch, capsys):
    judged(monkeypatch)
    count = len(entries(cache))
    capsys.readouterr()
    assert run(["cache"]) == 0
    assert capsys.readouterr().out.startswith(f"{count} verdicts, ")
    assert run(["cache", "clear"]) == 0
    assert capsys.readouterr().out == f"{count} verdicts removed from {cache}\n"
    assert entries(cache) == []
    assert run(["cache", "clean"]) == 2
    assert "clear" in capsys.readouterr().err
    cache.chmod(0o777)
    assert run(["cache"]) == 2


WATCH = """\
import sys
opened = set()
def hook(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], str):
        opened.add((event, arguments[0]))
from policylint.commands import check
from policylint.helm.inputs.options import Options
assess = check.assess
def watched(budget, plan, *, is_kept=False):
    watched.on = True
    try:
        return assess(budget, plan, is_kept=is_kept)
    finally:
        watched.on = False
watched.on = False
sys.addaudithook(lambda event, arguments: hook(event, arguments) if watched.on else None)
check.assess = watched
check.check(Options(before="git:HEAD", helm="embedded", jobs=1, no_cache=True))
print("\\n".join(sorted({name for _, name in opened})))
"""


def test_all_that_judging_opens_is_part_of_the_digest(fleet):
    """Files of the charts and values that the digest is made of, and of Python."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", WATCH], capture_output=True, text=True, check=True, cwd=fleet
    )
    package = Path(verdictcache.__file__).parents[3]
    known = (
        *(str(fleet / "charts"), str(fleet / "values"), "charts/", "values/", str(package)),
        *(sys.prefix, sys.base_prefix, sys.base_exec_prefix, "/proc/", "/dev/", "/usr/"),
    )
    names = done.stdout.splitlines()
    assert any("charts/plain" in name for name in names)
    foreign = [
        name
        for name in names
        if not (name.startswith(known) or name in sys.path)
        and "policylint-run-" not in name
        and "site-packages" not in name
    ]
    assert foreign == []
