"""One module a kind of file: what in it runs or declares Helm releases."""
