"""The data of pages and reports: queries of the timeline, aggregates, and times of day."""
