"""Render a side to manifest text, by the user's helm or by the embedded engine."""
