"""Texts shown to people, by code, in English and Chinese.

The texts stand in GNU gettext catalogues, `locale/<language>/LC_MESSAGES/emvas.po`. `make messages` compiles them with
Babel to the `.mo` files beside them. Both are in the repository, and a test finds a difference. So the box needs only
the standard library's `gettext`, and a wheel, a zip file and an editable installation all hold the catalogues without a
build step of their own.

A message id is a code (`microsleep`, `camera_covered`), not an English sentence. English has a catalogue like every
other language, and its wording can change without a change in the code that uses it.
"""
