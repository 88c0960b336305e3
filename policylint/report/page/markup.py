"""HTML by elements: text is escaped when it becomes a child, so that no value can be markup."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from policylint.runtime.escapes import escaped


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | Iterable["Child"] | None
"""Markup, text to escape, several of both, or nothing."""

_VOID = ("meta", "input")


def el(tag: str, *children: Child, **attributes: str | bool) -> Html:
    """An element. Attributes are named as in Python: `class_`, `data_impact`; True is one without a
    value, False none at all."""
    names = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Html(f"<{tag}{names}>")
    return Html(f"<{tag}{names}>{join(children)}</{tag}>")


def join(children: Iterable[Child]) -> Html:
    """Children one after another."""
    return Html("".join(map(_child, children)))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str):
        return escape(escaped(child))
    return join(child)


def _attribute(name: str, value: str | bool) -> str:
    if value is False:
        return ""
    word = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {word}"
    return f' {word}="{escape(escaped(str(value)))}"'
