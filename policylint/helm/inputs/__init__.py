"""What is handed to helm: options, sides, values and the places they are kept in."""
