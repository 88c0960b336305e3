"""How a repository runs Helm: texts, shells, invocations, readers, the repository as a whole."""
