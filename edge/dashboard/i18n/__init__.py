"""Texts shown to people, in English and Chinese: labels, captions, and translated sentences of the box."""
