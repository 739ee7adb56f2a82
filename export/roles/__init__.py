"""One module a role: how its weights become graphs."""
