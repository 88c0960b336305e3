"""The command line: one small module per command, no logic of its own."""

from policylint.runtime.patterns import deferred

with deferred():  # it brings modules that compile patterns for what nobody here asks of them
    import msgspec

__all__ = ["msgspec"]
