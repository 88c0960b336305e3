"""The line of a finding's field: in the render, and in the template where that can be told."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from msgspec.structs import replace

from policylint.errors import PolicylintError
from policylint.helm.render.templatelines import template_line
from policylint.helm.values.subject import ValuesChange
from policylint.kyaml.load import Document, compose, line_of
from policylint.model import Finding, Location
from policylint.pipeline.judging.judge import Case
from policylint.runtime.pointers import numbered

MOST = 300
"""Findings of which the lines are told: a document is parsed once more for each."""


class Lines:
    """Finds lines in the documents of both sides, and in the templates of both charts."""

    def __init__(self, case: Case, change: ValuesChange | None) -> None:
        self._case = case
        charts = () if change is None else (change.new, change.old)
        self._charts = [chart for chart in charts if chart is not None]
        self._documents = cache(self._all_documents)
        self._templates = cache(self._all_templates)

    def told(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings, each rendered place at its field."""
        return tuple(
            self._with_line(finding) if finding.path and number < MOST else finding
            for number, finding in enumerate(findings)
        )

    def _with_line(self, finding: Finding) -> Finding:
        places = tuple(self._at_field(place, finding.path) for place in finding.locations)
        if places == finding.locations:
            return finding
        return replace(finding, locations=places)

    def _at_field(self, place: Location, path: str) -> Location:
        document = self._documents().get((place.file, place.line))
        if place.role != "rendered" or document is None:
            return place
        try:
            line = line_of(compose(document.text, document.file), numbered(path))
        except PolicylintError:
            return place
        template = self._templates().get(place.file, "")
        source = template_line(document.text, line, template)
        return replace(place, line=document.line + line - 1, template_line=source)

    def _all_documents(self) -> dict[tuple[str, int], Document]:
        """The documents by template and line; of the after side, where both have one there."""
        texts = (*self._case.before, *self._case.after)
        return {
            (document.source or document.file, document.line): document
            for text in texts
            for document in text.documents()
        }

    def _all_templates(self) -> dict[str, str]:
        """The templates of both charts by the name that Helm gives them; the new one's win."""
        return {
            f"{path}/{file.name}": file.text
            for chart in reversed(self._charts)
            for path, part in chart.walk()
            for file in part.templates
        }
