"""Secrets: where they are and how they are kept out of everything that a user sees."""
