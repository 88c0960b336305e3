"""Many releases: judged at once, in shards or on a cluster, and not again where nothing changed."""
