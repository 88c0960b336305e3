"""One module a command of the command line: what it does, from its options to its report."""
