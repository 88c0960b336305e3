"""policylint: policy and pre-upgrade linting for Helm releases."""

from __future__ import annotations

__version__ = "0.1.0"
