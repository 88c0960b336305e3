"""Those who render: the helm binary and the embedded library, behind one protocol."""
