"""A release's revisions: read from helm's output or its records, where the ways back lead, and how large they are."""

from policylint.history.model import History, Revision
from policylint.history.read import read
from policylint.history.targets import Targets, base, targets

__all__ = ["History", "Revision", "Targets", "base", "read", "targets"]
