"""Voice activity, utterances, log-mel, prosody and speech recognition."""
