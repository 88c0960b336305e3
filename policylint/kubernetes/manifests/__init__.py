"""Manifests: read from text, compared, and shown as patches."""
