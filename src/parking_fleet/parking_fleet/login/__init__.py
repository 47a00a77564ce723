"""Who may come in: users and their passwords, limited attempts, and who is logged in."""
