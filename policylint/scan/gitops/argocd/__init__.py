"""Argo CD: what Applications and ApplicationSets declare."""
