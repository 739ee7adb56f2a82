"""Where pictures and sound come from: cameras, microphones and media files under one URI scheme."""
