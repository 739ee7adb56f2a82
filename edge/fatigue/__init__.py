"""Fatigue and attention of one person: eye baseline, eyelids, closures, gestures, and one pure policy."""
