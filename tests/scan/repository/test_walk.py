"""Which files a scan reads, and that what it cannot read is said."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.scan.repository.registry import commands_of, read_source
from policylint.scan.repository.walk import scan
from policylint.scan.texts.source import Source

COMMAND = "#!/bin/sh\nhelm upgrade web ./web\n"


def files(root: Path, **kwargs) -> list[str]:
    return [invocation.file for invocation in scan([root], root, **kwargs).invocations]


def write(root: Path, *names: str, text: str = COMMAND) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_vendored_directories_are_left_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a.sh",
        "deploy/b.sh",
        "node_modules/x/c.sh",
        "vendor/d.sh",
        "charts/web/charts/db/e.sh",
        ".venv/f.sh",
    )
    write(tmp_path, "charts/web/g.sh")
    assert files(tmp_path) == ["a.sh", "charts/web/g.sh", "deploy/b.sh"]
    assert files(tmp_path, skip=["deploy"]) == ["a.sh", "charts/web/g.sh"]


def test_an_object_that_never_says_helm_is_found(tmp_path: Path) -> None:
    write(
        tmp_path,
        "chart.yaml",
        text="apiVersion: management.cattle.io/v3\nkind: ManagedChart\nmetadata: {name: web}\n"
        "spec: {chart: web, repoName: ours, version: 1.0.0}\n",
    )
    assert files(tmp_path) == ["chart.yaml"]


def test_gitignored_files_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "kept.sh", "new.sh", "ignored.sh")
    (tmp_path / ".gitignore").write_text("ignored.sh\n")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "add", "kept.sh"], check=True)
    assert files(tmp_path) == ["kept.sh", "new.sh"]


def test_binaries_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0helm upgrade")
    assert scan([tmp_path], tmp_path) == scan([], tmp_path).__class__((), (), 1)


def test_other_encodings_are_read(tmp_path: Path) -> None:
    (tmp_path / "latin.sh").write_bytes(
        "#!/bin/sh\n# é\nhelm upgrade café ./web\n".encode("latin-1")
    )
    (invocation,) = scan([tmp_path], tmp_path).invocations
    assert (invocation.line, invocation.chart) == (3, "./web")
    (tmp_path / "latin.sh").write_bytes(
        b"\xef\xbb\xbf" + "# é\nhelm upgrade café ./web --wait\n".encode()
    )
    (invocation,) = scan([tmp_path], tmp_path).invocations
    assert (invocation.line, invocation.column, invocation.release) == (2, 1, "café")
    place = invocation.flags["wait"].origin
    assert place is not None
    assert (tmp_path / "latin.sh").read_bytes()[place.start : place.end] == b"--wait"


def test_a_missing_path_and_a_large_file_are_failures(tmp_path: Path) -> None:
    write(tmp_path, "large.sh", text=COMMAND + "#" * 8_100_000)
    result = scan([tmp_path, tmp_path / "nowhere"], tmp_path)
    assert result.invocations == ()
    words = " ".join(failure.message for failure in result.failures)
    assert "larger than" in words
    assert "no such file" in words


def test_unreadable_yaml_is_a_failure_with_its_place(tmp_path: Path) -> None:
    write(
        tmp_path,
        ".github/workflows/ci.yml",
        text="jobs:\n  a:\n    steps:\n      - run: helm upgrade a b\n   bad\n: [\n",
    )
    result = scan([tmp_path], tmp_path)
    assert result.invocations == ()
    assert any(
        failure.message.startswith(".github/workflows/ci.yml:") for failure in result.failures
    )


def test_links_out_of_the_tree_are_not_followed(tmp_path: Path) -> None:
    """Those are told that a reader would read; a link to nowhere holds nothing."""
    write(tmp_path, "outside/a.sh")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.sh").symlink_to(tmp_path / "outside" / "a.sh")
    (tmp_path / "in" / "photo.png").symlink_to(tmp_path / "outside" / "a.sh")
    (tmp_path / "in" / "broken.sh").symlink_to(tmp_path / "nowhere.sh")
    result = scan([tmp_path / "in"], tmp_path / "in")
    assert result.invocations == ()
    (failure,) = result.failures
    assert failure.message.endswith("link.sh: a link that leads outside of in, not read")


def test_one_file_of_commands(tmp_path: Path) -> None:
    write(tmp_path, "command.txt", text="helm upgrade web ./web \\\n  --wait\n")
    (invocation,) = commands_of(tmp_path / "command.txt")
    assert (invocation.release, invocation.flag("wait").state) == ("web", "set")


NAMES = ("a.sh", "Makefile", (
    ".github/workflows/x.yml"
), ".gitlab-ci.yml", "Jenkinsfile", "a.md", "a.ps1", "Dockerfile",
         "crontab", "azure-pipelines.yml", "justfile", "package.json", "a.bat", (
             ".circleci/config.yml"
         ))  # fmt: skip
PIECES = (
    *(
        "helm upgrade a ./a",
        "$X",
        "${A[@]}",
        '"',
        "'",
        "\\\n",
        "\n",
        "  ",
        "- run: |",
        "jobs:\n",
        "steps:",
        "EOF",
    ),
    *(
        "<<EOF",
        "$(",
        ")",
        "{{",
        "}}",
        "if",
        "then",
        "fi",
        "script:",
        "sh '''",
        "```",
        "\t",
        "é",
        "&",
        "*",
        "#",
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), st.lists(st.sampled_from(PIECES), max_size=25))
def test_no_text_crashes_a_reader(name: str, pieces: list[str]) -> None:
    text = " ".join(pieces)
    for item in read_source(Source.of(name, text.encode())):
        if hasattr(item, "line"):
            assert 1 <= item.line <= text.count("\n") + 1


@pytest.mark.parametrize("depth", [50, 2000])
def test_deep_nesting_ends(tmp_path: Path, depth: int) -> None:
    write(tmp_path, "deep.sh", text="( " * depth + "helm upgrade a ./a" + " )" * depth)
    result = scan([tmp_path], tmp_path)
    assert result.invocations or result.failures


def test_a_large_file_of_a_kind_that_no_reader_reads_is_no_failure(tmp_path: Path) -> None:
    write(tmp_path, "bundle.cjs", text="helm" + "x" * 8_100_000)
    assert scan([tmp_path], tmp_path).failures == ()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "deploy.sh")
    write(tmp_path, "other.sh")
    assert files(tmp_path) == ["other.sh"]
