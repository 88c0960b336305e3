"""Helm called from programs: by a list of words, or by a line for a shell."""

from __future__ import annotations

import pytest

from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.registry import read_source
from policylint.scan.texts.source import Source


def read(name: str, text: str) -> list[Invocation]:
    items = read_source(Source.of(name, text.encode()))
    return [reading for reading in items if isinstance(reading, Invocation)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", 'subprocess.run(["helm", "upgrade", "web", "./chart", "--force"], check=True)'),
        ("a.py", "cmd = ['/usr/bin/helm', 'upgrade', 'web', './chart', '--force']\nrun(cmd)"),
        ("a.py", 'os.system("helm upgrade web ./chart --force")'),
        ("a.py", 'subprocess.run(["bash", "-c", "x"])\nrun("helm upgrade web ./chart --force")'),
        ("a.go", 'c := exec.Command("helm", "upgrade", "web", "./chart", "--force")'),
        ("a.go", 'exec.CommandContext(ctx, "helm", "upgrade", "web", "./chart", "--force")'),
        ("a.go", 'args := []string{"helm", "upgrade", "web", "./chart", "--force"}'),
        ("a.go", 'exec.Command("sh", "-c", "helm upgrade web ./chart --force")'),
        ("a.js", 'spawn("helm", ["upgrade", "web", "./chart", "--force"], {stdio: "inherit"})'),
        ("a.ts", "execSync(`helm upgrade web ./chart --force`)"),
        ("a.mjs", "await execa('helm', ['upgrade', 'web', './chart', '--force'])"),
    ],
)
def test_its_words_are_read(name: str, text: str) -> None:
    (command,) = read(name, text)
    assert (command.action, command.release, command.chart) == ("upgrade", "web", "./chart")
    assert command.flag("force").state == "set"
    assert command.flag("atomic").state == "unset"
    assert command.insertion is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", 'run(["helm", "upgrade", name, f"./{chart}", *more])'),
        ("a.py", 'c = ["helm", "upgrade", name, chart]\nc += ["--atomic"]\n'),
        ("a.py", 'run(["helm", "upgrade", name, chart] + more)'),
        ("a.go", 'exec.Command("helm", append([]string{"upgrade"}, more...)...)'),
        ("a.js", 'spawn("helm", ["upgrade", name, chart, ...more])'),
    ],
)
def test_what_the_program_decides_is_not_told(name: str, text: str) -> None:
    for command in read(name, text):
        assert command.release is None
        assert command.flag("atomic").state == "unknown"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", 'TOOLS = ["helm", "kubectl"]\nshutil.which("helm")\n'),
        (
            "a.py",
            '"""run(["helm", "upgrade", "a", "b"])"""\n# run(["helm", "upgrade", "a", "b"])\n',
        ),
        ("a.go", '// exec.Command("helm", "upgrade", "a", "b")\nfmt.Println("helm upgrade a b")'),
        ("a.js", 'const names = {helm: "helm"}; console.log("helm upgrade a b")'),
    ],
)
def test_names_comments_and_printed_text_are_no_commands(name: str, text: str) -> None:
    assert read(name, text) == []
