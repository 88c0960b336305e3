"""Helm: what the user hands to it, its engines, its values, its history, and what a side renders
to."""
