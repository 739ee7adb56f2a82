"""Who may open the dashboard: origin check, login, sessions, reverse proxy."""
