"""Faces: detection, tracking, mesh, irises, expression, and the geometry of lids, mouth and head."""
