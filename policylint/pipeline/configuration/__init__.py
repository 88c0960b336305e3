"""The configuration that judges: found, read, over shared packs, and the base's in a pull
request."""
