"""How well the box reads affect: text sentiment, voice, expressions, and false alarms of change detection."""
