"""The version of policylint."""

__version__ = "0.1.0"
