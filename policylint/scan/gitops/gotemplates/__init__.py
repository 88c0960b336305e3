"""Go templates with sprig's functions, evaluated as text/template does it.

`render` is the door. What is not evaluated here is refused by its name, never guessed.
"""
