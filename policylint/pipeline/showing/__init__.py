"""Where a report goes, and what is shown with it."""
