"""Flux: what HelmReleases declare, as Kustomizations apply them."""
