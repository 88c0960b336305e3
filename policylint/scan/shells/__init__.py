"""Shell scripts: words, statements and the commands that they run."""
