"""The site: every command of its pages runs, every rule and every key has its place, every link
leads somewhere."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from policylint.engine.registry import shipped
from tests.test_readme import ROOT, room, run  # noqa: F401  a fixture

PAGES = sorted((ROOT / "docs").rglob("*.md"))
COMMANDS = [
    pytest.param(command, id=f"{page.stem}: {command}")
    for page in PAGES
    for command in re.findall(r"^\$ (policylint .+)$", page.read_text("utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command: str, room: Path) -> None:  # noqa: F811
    done = run(command, room)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1), done.stdout + done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, made; the scores take a minute, and are not."""
    made = loaded("make_site")
    built = tmp_path_factory.mktemp("site") / "docs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "BUILT", built)
        patch.setattr(made, "_scores", lambda: "(scores)")
        assert made.main() == 0
    return built


def loaded(name: str) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_rule_has_a_page(site: Path) -> None:
    pages = {page.stem for page in (site / "rules").glob("*.md")}
    assert pages == {"index", *(rule.id for rule in shipped())}
    assert "What to do instead" in (site / "rules" / "selector-changed.md").read_text("utf-8")


def test_every_key_and_option_is_told(site: Path) -> None:
    keys = (site / "configuration.md").read_text("utf-8")
    for key in ("kubernetes", "releases[].chart", "waivers[].reason"):
        assert f"| `{key}` |" in keys
    commands = (site / "commands.md").read_text("utf-8")
    for words in ("## policylint check", "`--blame`", "`--show-fixes` | none, first, all |"):
        assert words in commands


def test_the_report_is_shown_as_a_picture_and_as_a_page(site: Path) -> None:
    picture = (site / "report.svg").read_text("utf-8")
    assert picture.startswith("<svg")
    assert "statefulset-immutable-field" in picture
    page = (site / "report.html").read_text("utf-8")
    assert "statefulset-immutable-field" in page
    for shown in (picture, page):
        assert str(ROOT) not in shown


@pytest.mark.heavy
def test_the_site_builds_and_every_link_leads_somewhere(site: Path) -> None:
    pytest.importorskip("mkdocs")
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    settings = settings.replace("build/docs", str(site)).replace("build/site", str(site / "../out"))
    (site.parent / "mkdocs.yml").write_text(settings)
    words = [sys.executable, "-m", "mkdocs", "build", "-q", "--strict", "-f"]
    done = subprocess.run([*words, str(site.parent / "mkdocs.yml")], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (site.parent / "out" / "rules" / "selector-changed" / "index.html").exists()


def test_what_holds_against_each_actor_has_its_tests() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    table = text.partition("## Who tries, and what holds\n")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| a ")]
    actors = [row.split("|")[1].split()[1] for row in rows]
    assert actors == ["pull", "chart", "registry", "record", "pack", "cluster"]
    for row in rows:
        tests = re.findall(r"`(tests/[\w/]+\.py)`", row)
        assert tests, row
        assert [test for test in tests if not (ROOT / test).is_file()] == []
