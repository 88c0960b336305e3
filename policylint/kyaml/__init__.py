"""YAML as Helm and the API server read it."""
