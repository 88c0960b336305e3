"""helmfile: what its files declare in each environment."""
