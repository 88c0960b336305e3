"""Scripts with what a CI puts around them (variables, jobs, actions)."""
