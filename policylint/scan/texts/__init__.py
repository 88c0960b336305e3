"""Files as text: places, literals and the syntax of each language that scan reads."""
