"""What programs are told: the settings in arguments, variables and files of configuration, and what
happens when one changes."""
