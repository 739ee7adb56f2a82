"""ECharts options for pages and reports."""
