"""Facts and small readings of the Kubernetes API, of one object at a time."""
