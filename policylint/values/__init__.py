"""Values as Helm makes them: charts, `--set`, coalescing, the four upgrade modes, and what they do to an upgrade."""

from policylint.values.chart import Chart, read_chart, read_values, stored_chart
from policylint.values.coalesce import coalesce
from policylint.values.given import user_values
from policylint.values.modes import Effective, Mode, effective, mode_of, stored, upgrade_values

__all__ = [
    "Chart",
    "Effective",
    "Mode",
    "coalesce",
    "effective",
    "mode_of",
    "read_chart",
    "read_values",
    "stored",
    "stored_chart",
    "upgrade_values",
    "user_values",
]
