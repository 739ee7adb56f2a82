"""Models that can be trained without a trimodal corpus: utterances combined from sets of one modality each."""
