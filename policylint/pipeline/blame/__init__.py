"""Blame, confirmed: which of the user's changes make a finding, by taking changes back."""
