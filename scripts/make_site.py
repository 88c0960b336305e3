"""Write the pages of the site into build/docs: those of docs/ as they are, and those that are made
of the rules, the schema, the commands and the scores. `make site` builds the site from them."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from policylint.cli.app import command_of, names
from policylint.cli.parameters import Parameter, parameters
from policylint.engine.catalogue import schema
from policylint.engine.registry import shipped
from policylint.engine.rule import Rule
from policylint.model import Category

ROOT = Path(__file__).parent.parent
BUILT = ROOT / "build" / "docs"
SCORED = "fields-1.37"
"""The recorded answers that the page of scores is about."""
_WIDTH = 110
"""Columns of the terminal in the picture."""


def main() -> int:
    """Write every page."""
    shutil.rmtree(BUILT, ignore_errors=True)
    shutil.copytree(ROOT / "docs", BUILT, ignore=shutil.ignore_patterns("*.in"))
    (BUILT / "rules").mkdir()
    rules = sorted(shipped(), key=_order)
    _write("rules/index.md", _index(rules))
    for rule in rules:
        _write(f"rules/{rule.id}.md", _page(rule))
    _write("configuration.md", _configuration(schema("config")))
    _write("commands.md", _commands())
    _demonstration()
    forecast = (ROOT / "docs" / "forecast.md.in").read_text(encoding="utf-8")
    _write("forecast.md", [forecast.replace("@SCORES@", _scores())])
    return 0


def _write(name: str, lines: list[str]) -> None:
    (BUILT / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _order(rule: Rule) -> tuple[int, int, str]:
    return list(Category).index(rule.category), -rule.severity.rank, rule.id


def _index(rules: list[Rule]) -> list[str]:
    rows = [
        f"| [`{rule.id}`]({rule.id}.md) | {rule.category} | {rule.severity} | {rule.title} |"
        for rule in rules
    ]
    head = [
        "# The rules",
        "",
        "| rule | category | severity | what it finds |",
        "|---|---|---|---|",
    ]
    return [*head, *rows]


def _page(rule: Rule) -> list[str]:
    facts = f"`{rule.category}` · {rule.severity} · {rule.confidence} · since {rule.since}"
    lines = [f"# {rule.id}", "", f"**{rule.title}**", "", facts, ""]
    lines.append(rule.page.partition("\n")[2].strip())
    if rule.params:
        rows = [f"- `{name}`: `{value}`" for name, value in rule.params.items()]
        lines += ["", "## Parameters", "", *rows]
    setting = ["rules:", f"  {rule.id}: off   # or error, warning, note"]
    return [*lines, "", "## Configuration", "", "```yaml", *setting, "```"]


def _configuration(whole: dict[str, Any]) -> list[str]:
    """Every key of `.policylint.yaml`, from its schema."""
    lines = [
        "# Configuration",
        "",
        "`.policylint.yaml`, key by key; paths are from its folder.",
        "",
    ]
    lines += ["| key | type | what it says |", "|---|---|---|"]
    return [*lines, *_rows(whole, whole, "")]


def _rows(whole: dict[str, Any], node: dict[str, Any], above: str) -> Iterator[str]:
    for key, value in _resolved(whole, node).get("properties", {}).items():
        entry = _resolved(whole, value)
        kind, words = _kind(entry), entry.get("description", "").replace("|", "\\|")
        yield f"| `{above}{key}` | {kind} | {words} |"
        yield from _rows(whole, entry, f"{above}{key}.")
        items = entry.get("items")
        if isinstance(items, dict):
            yield from _rows(whole, items, f"{above}{key}[].")
        more = entry.get("additionalProperties")
        if isinstance(more, dict):
            yield from _rows(whole, more, f"{above}{key}.NAME.")


def _resolved(whole: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """A node of a schema with what it refers to."""
    reference = node.get("$ref", "")
    if not reference:
        return node
    known: dict[str, Any] = whole["$defs"][reference.rpartition("/")[2]]
    return {**known, **{key: value for key, value in node.items() if key != "$ref"}}


def _kind(entry: dict[str, Any]) -> str:
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"])
    kind = entry.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _commands() -> list[str]:
    lines = ["# Commands", ""]
    for name in names():
        command = command_of(name)
        if command is None:
            continue
        words = (command.__doc__ or "").replace("\n    ", "\n").strip()
        lines += [f"## policylint {name.replace('_', '-')}", "", words, ""]
        rows = [_row(taken) for taken in parameters(command)]
        if rows:
            lines += ["| option | values | what it says |", "|---|---|---|", *rows, ""]
    return lines


def _row(taken: Parameter) -> str:
    spelled = ", ".join(f"`{word}`" for word in taken.option.spellings) or f"`{taken.name.upper()}`"
    values = [str(value) for value in taken.kind] if hasattr(taken.kind, "__members__") else []
    kind = ", ".join(values) or {"bool": "", "list": "text, repeatable"}.get(
        taken.kind.__name__, taken.kind.__name__
    )
    return f"| {spelled} | {kind} | {taken.option.help} |"


def _demonstration() -> None:
    """The demonstration's report: as a picture of a terminal on the first page, and as HTML."""
    picture = BUILT / "report.svg"
    picture.write_text(_picture(_checked("--color", "always")), encoding="utf-8")
    (BUILT / "report.html").write_text(_checked("--format", "html"), encoding="utf-8")


def _checked(*words: str) -> str:
    """What a check of the demonstration prints; it fails, as it should."""
    demo = ROOT / "fixtures" / "demo"
    sides = [
        str(demo / "after"),
        "--before",
        str(demo / "before"),
        "-f",
        f"{demo}/values-prod.yaml",
    ]
    who = ["--release", "shop", "-n", "prod", "--helm", "embedded", "--helm-version", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "policylint", "check", *sides, *who, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(_WIDTH)},
    )
    if done.returncode != 1:
        raise SystemExit(f"the demonstration was to fail: {done.stderr}")
    return done.stdout.replace(f"{ROOT}/", "")


def _picture(printed: str) -> str:
    """A terminal's output as SVG."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(printed))
    return console.export_svg(title="policylint check", unique_id="report")


def _scores() -> str:
    """What `make score` prints of the newest recorded minor version."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "score_forecast.py"), SCORED],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    printed = "\n".join(row for row in done.stdout.strip().splitlines() if "LEFT OUT" not in row)
    return f"Kubernetes {SCORED.partition('-')[2]}, every field changed:\n\n```\n{printed}\n```"


if __name__ == "__main__":
    sys.exit(main())
