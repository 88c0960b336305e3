"""RFC 6901 pointers and the field paths of the API server."""

from __future__ import annotations

from policylint.runtime.patterns import pattern

_STEP = pattern(r"\.?([^.\[\]]+)|\[([^\]]*)\]")


def of_field(field: str) -> str:
    """The RFC 6901 pointer of a field as the API server writes it: spec.ports[0].nodePort,
    metadata.labels[a.b/c]."""
    steps = [name or inner.strip("\"'") for name, inner in _STEP.findall(field)]
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)


def step(path: str, key: object) -> str:
    """An RFC 6901 pointer one step further."""
    return f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"
