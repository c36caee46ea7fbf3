"""Who may use the server: keys, temporary tokens, and what each path asks for. Pure."""
