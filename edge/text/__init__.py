"""Text: tokens, the text encoder and sentiment."""
