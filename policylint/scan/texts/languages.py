"""What language a file is written in, by its name: what a template is rendered into counts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePosixPath

YAML = (".yaml", ".yml", ".json")
TEXT = (
    ".sh",
    ".bash",
    ".zsh",
    ".tf",
    ".tofu",
    ".hcl",
    ".nix",
    ".md",
    ".mk",
    ".ps1",
    ".ign",
    ".bu",
    ".txt",
)
"""Languages that often hold manifests in a string of several lines."""
_TEMPLATES = (
    *(
        ".j2",
        ".jinja",
        ".jinja2",
        ".gotmpl",
        ".tpl",
        ".tmpl",
        ".tftpl",
        ".template",
        ".erb",
        ".mustache",
        ".ftl",
    ),
    *(".sample", ".example", ".dist", ".in"),
)
"""What is rendered, or copied, into the file of the name before it; alone it is most often a
manifest."""


@lru_cache(maxsize=16)  # each reader asks
def language(name: str) -> str:
    """The suffix of a file's name that tells the language: `.md` for README.md.gotmpl, `.yaml` for
    a bare template."""
    suffixes = [
        f".{part}" for part in name.lower().lstrip(".").split(".")[1:] if not name.endswith(".")
    ] or [""]
    while suffixes[-1] in _TEMPLATES:
        suffixes.pop()
        if not suffixes or suffixes[-1] not in (*YAML, *TEXT, *_TEMPLATES):
            return ".yaml"
    return suffixes[-1]


def stem(path: PurePosixPath) -> str:
    """The file's name without what says that it is a template: `fleet.yaml` for fleet.yaml.tpl."""
    while path.suffix.lower() in _TEMPLATES:
        path = path.with_suffix("")
    return path.name
