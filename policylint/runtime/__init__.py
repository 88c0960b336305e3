"""The process: signals, output streams, files of the package, work in the background."""
