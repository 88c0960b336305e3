"""`policylint init`: a first .policylint.yaml for the charts of this directory."""

from pathlib import Path

from policylint.cli.output import show
from policylint.kubernetes.api.schemas import NEWEST

PASSED_OVER = {"node_modules", "vendor", ".git", ".venv", "charts"}


def command() -> int:
    """Print a configuration for the charts below this directory: policylint init >
    .policylint.yaml."""
    charts = sorted(
        path.parent
        for path in Path().rglob("Chart.yaml")
        if not PASSED_OVER & set(path.parent.parent.parts[:-1])
    )
    own = [chart for chart in charts if set(charts).isdisjoint(chart.parents)]
    lines = [
        "# policylint schema config describes every key",
        f'kubernetes: "{NEWEST}"',
        "releases:" if own else "releases: []",
    ]
    for chart in own:
        lines += _release(chart)
    show("\n".join(lines) + "\n")
    return 0


def _release(chart: Path) -> list[str]:
    lines = [
        f"  - name: {chart.name or Path.cwd().name}",
        f"    chart: ./{chart.as_posix()}",
        "    namespace: default",
    ]
    values = sorted(chart.glob("values-*.yaml"))
    return [*lines, f"    values: [{values[0].as_posix()}]"] if values else lines
