"""Audio: voice activity, utterances, speech recognition, prosody, distress and audio events."""
