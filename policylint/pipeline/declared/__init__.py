"""What the files of a repository declare becomes plans: both revisions resolved, and paired."""
