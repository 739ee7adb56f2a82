"""The local page: reads the timeline, never the pipeline."""
