"""How well the box hears: words, audio events and distress, and what it hears where there is no speech."""
