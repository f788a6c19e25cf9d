"""Who may ask the service what: tokens with roles, and the secret that sessions are signed with."""
