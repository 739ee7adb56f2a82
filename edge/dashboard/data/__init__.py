"""What the pages and reports show: queries of the timeline, aggregates, and times of day."""
