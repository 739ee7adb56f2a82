"""From states to alerts: hysteresis, cooldown, escalation, one id from new to end."""
