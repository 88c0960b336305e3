"""The command that deploys a release: read, and compared with what it was at the base."""
