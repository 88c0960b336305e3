"""Which file of the repository a rendered template is, where its chart lies in the work tree."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from policylint.helm.inputs.sides import ChartSide, Side
from policylint.model import Finding, Location


def in_repository(findings: Iterable[Finding], side: Side, chart_name: str) -> tuple[Finding, ...]:
    """The findings, each rendered place (`CHART/templates/x.yaml`, as Helm names it) with the
    template's own path; templates of archives and of other revisions have none."""
    findings = tuple(findings)
    if not isinstance(side, ChartSide) or side.root or not Path(side.chart).is_dir():
        return findings
    return tuple(_placed(finding, Path(side.chart), chart_name) for finding in findings)


def _placed(finding: Finding, directory: Path, chart_name: str) -> Finding:
    locations = tuple(_of_template(place, directory, chart_name) for place in finding.locations)
    if locations == finding.locations:
        return finding
    return replace(finding, locations=locations)


def _of_template(place: Location, directory: Path, chart_name: str) -> Location:
    head, _, rest = place.file.partition("/")
    if place.role != "rendered" or head != chart_name or ".." in rest.split("/"):
        return place
    template = directory / rest
    if template.is_file():
        return replace(place, path=template.as_posix())
    return place
