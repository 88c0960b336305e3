"""Anchors that are defined again, which go-yaml takes and libyaml's composer refuses."""

from __future__ import annotations

from policylint.kyaml.nodes import yaml


def with_unique_anchors(text: str) -> str:
    """The text with each definition of an anchor under a name of its own; an alias means the last
    one before it. Lines stay, columns may move. Raises yaml.YAMLError."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    counts: dict[str, int] = {}
    parts: list[str] = []
    at = 0
    for token in yaml.scan(text, Loader=loader):
        if not isinstance(token, yaml.AnchorToken | yaml.AliasToken):
            continue
        if isinstance(token, yaml.AnchorToken):
            counts[token.value] = counts.get(token.value, 0) + 1
        end = token.start_mark.index + 1 + len(token.value)
        number = counts.get(token.value, 0)
        parts += [text[at:end], f"-{number}" if number > 1 else ""]
        at = end
    return "".join(parts) + text[at:]
