"""The roles of the default bundle: one module each, from weights to graphs."""

from __future__ import annotations

from importlib import import_module

from export.role_build import BuildError, RoleBuilder

BUILDERS: dict[str, str] = {
    "face_detector": "export.roles.face_detector:build",
    "face_mesh": "export.roles.face_mesh:build",
    "iris": "export.roles.iris:build",
    "eye_state": "export.roles.eye_state:build",
    "expression": "export.roles.expression:build",
    "vad": "export.roles.vad:build",
    "audio_events": "export.roles.audio_events:build",
    "asr": "export.roles.asr:build",
    "text": "export.roles.text:build",
    "prosody": "export.roles.prosody:build",
    "voice_affect": "export.roles.voice_affect:build",
    "drowsiness": "export.roles.drowsiness:build",
}
"""`module:function` of each role's builder; imported only when the role is built, since each needs other libraries."""


OF_FOLDERS: dict[str, str] = {"asr": "export.roles.asr_folder:build"}
"""The same for roles that are made of a model of the hub."""


def builder(role: str, of_folder: bool = False) -> RoleBuilder:
    """Import the builder of `role`; BuildError lists the known roles."""
    table = OF_FOLDERS if of_folder else BUILDERS
    if role not in table:
        kind = " of a model of the hub" if of_folder else ""
        raise BuildError(f"no builder for role {role!r}{kind}; there are {', '.join(table)}")
    module, function = table[role].split(":")
    found: RoleBuilder = getattr(import_module(module), function)
    return found
