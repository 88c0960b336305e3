"""Go's regular expressions in Python, matched in time that grows with the text: for where RE2 has
no wheel (musl)."""
