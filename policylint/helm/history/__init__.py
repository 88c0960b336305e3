"""A release's revisions: read from helm's output or its records, where the ways back lead, and how
large they are."""
