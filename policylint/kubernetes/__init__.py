"""Kubernetes: its API, what its server makes of objects, and what it will answer."""
