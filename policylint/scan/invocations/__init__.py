"""Invocations: the ways a repository runs Helm, each as one value. What is read is never run or
expanded."""
