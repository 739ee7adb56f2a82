"""Models that can be trained without a trimodal corpus: utterances put together from sets of one modality each."""
