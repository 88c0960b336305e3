"""What to do: the causes and ways out of a refusal, an error or a pasted text."""
