"""Values as Helm makes them: charts, `--set`, coalescing, the four upgrade modes, and what they do
to an upgrade."""
