"""Which line of a template made a line of its render, where that can only be one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from policylint.runtime.goactions import closed
from policylint.runtime.patterns import is_made_of, pattern

_ACTION = pattern(r"\{\{.*?\}\}")
_WORD = pattern(r"\w")


def template_line(rendered: str, line: int, template: str) -> int:
    """The 1-based line of a template that printed a line (from 1) of one of its documents; 0 where
    several may have, or none is known to.

    Lines are matched by what they print as it is. The lines around that match one line of the
    template only, and are matched by one only, tell between which others it lies.
    """
    lines = rendered.splitlines()
    if not 0 < line <= len(lines):
        return 0
    forms = _forms(template)
    candidates = [_matching(text, forms) for text in lines]
    first, last = _between(candidates, line - 1)
    inside = [number for number in candidates[line - 1] if first < number < last]
    if len(inside) == 1:
        return inside[0]
    return 0


@lru_cache(maxsize=64)
def _forms(template: str) -> tuple[tuple[int, Sequence[str]], ...]:
    """(line, what it prints between its actions) of each line of a template that prints some text
    as it is."""
    forms = []
    for number, text in enumerate(template.splitlines(), 1):
        actions = closed(text.strip())
        plain = _ACTION.split(actions)
        plain[-1] += text.strip()[len(actions) :]
        if "{{" in "".join(plain) or "}}" in "".join(plain):
            continue  # an action of several lines
        if _WORD.search("".join(plain)):
            forms.append((number, plain))
    return tuple(forms)


def _matching(text: str, forms: Sequence[tuple[int, Sequence[str]]]) -> list[int]:
    stripped = text.strip()
    if not stripped:
        return []
    return [number for number, plain in forms if is_made_of(plain, stripped)]


def _between(candidates: Sequence[Sequence[int]], index: int) -> tuple[float, float]:
    """The lines of the template that those of the render around one certainly come from."""
    counts = Counter(number for numbers in candidates for number in numbers)
    certain = [
        numbers[0] if len(numbers) == 1 and counts[numbers[0]] == 1 else 0 for numbers in candidates
    ]
    before = max(certain[:index], default=0)
    after = [number for number in certain[index + 1 :] if number > before]
    return before, min(after, default=float("inf"))
