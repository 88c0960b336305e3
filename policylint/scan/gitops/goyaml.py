"""Objects as Go's YAML encoder writes them: the text that Flux's controllers put values into."""

from __future__ import annotations

import functools
from typing import Any

from policylint.errors import ReadError
from policylint.kyaml.load import load
from policylint.kyaml.nodes import yaml
from policylint.model import Json

_OTHERWISE = frozenset("0123456789+-.yYnNtTfFoO~=<{[")
"""How a plain text begins that is no text: numbers, dates, booleans, null, merge keys."""


def as_yaml(body: Json) -> str:
    """An object as Go's YAML encoder writes it: keys sorted, plain where that reads back as text,
    literal blocks for several lines."""
    text: str = yaml.dump(
        body, Dumper=_dumper(), default_flow_style=False, width=2**30, allow_unicode=True
    )
    return text


def go_yaml(value: Any) -> str:
    """A value as sigs.k8s.io/yaml writes it: by way of JSON, whose whole numbers have no point."""
    return as_yaml(_whole(value))


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_whole(entry) for entry in value]
    return value


def _dumper() -> type:
    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
            return True

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None
        if style is None and _reads_otherwise(text):
            style = '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represent)
    return Dumper


@functools.lru_cache(maxsize=10_000)
def _reads_otherwise(text: str) -> bool:
    """Whether a plain text would be read as a number or a boolean."""
    if text[:1] not in _OTHERWISE:
        return False
    try:
        return not isinstance(load(text, "scalar"), str)
    except (ReadError, RecursionError):
        return False  # the emitter quotes what is no plain scalar
