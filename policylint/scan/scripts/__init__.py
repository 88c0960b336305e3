"""Scripts with what a CI puts around them (variables, jobs, actions), in the language of their shell."""
