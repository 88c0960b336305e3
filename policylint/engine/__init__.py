"""Rules: what one is, where they come from, and the one way to judge by them."""
