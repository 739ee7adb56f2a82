"""The local page and the reports: they read the timeline, never the pipeline."""
