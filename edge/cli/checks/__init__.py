"""What a box needs of its machine, looked at before a driver relies on it."""
