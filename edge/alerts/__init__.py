"""Alerts from alert conditions: hysteresis, cooldown, escalation, one id from new to end."""
