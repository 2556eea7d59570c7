"""What a security review signs: rules over the plans of whole projects, each proven by breaking a module."""
