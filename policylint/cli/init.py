"""`policylint init`: a first .policylint.yaml for the charts of this directory."""

import sys
from pathlib import Path

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
    own = [chart for chart in charts if not any(other in chart.parents for other in charts)]
    lines = [
        "# policylint schema config describes every key",
        f'kubernetes: "{NEWEST}"',
        "releases:" if own else "releases: []",
    ]
    for chart in own:
        lines += [
            f"  - name: {chart.name or Path.cwd().name}",
            f"    chart: ./{chart.as_posix()}",
            "    namespace: default",
        ]
        lines += [
            f"    values: [{file.as_posix()}]" for file in sorted(chart.glob("values-*.yaml"))[:1]
        ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
