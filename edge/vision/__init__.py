"""Faces: detection, tracking, mesh, irises, expression, and the geometry of eyelids, mouth, head and gaze."""
