"""Tokens, the text encoder and sentiment."""
