"""One release judged: read, compared and forecast, sent either way, and asked of a cluster."""
