"""Declared releases: what a tool's objects say, as the invocations that they stand for."""
