"""Find what the user named: charts, manifests, git revisions and releases, as sides of a check."""
