"""The one table of the timeline, known to its writer and its readers."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    id INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    kind TEXT NOT NULL,
    t_s REAL NOT NULL,
    wall_s REAL NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS record_newest ON record (kind);
CREATE INDEX IF NOT EXISTS record_kind_time ON record (kind, wall_s);
CREATE INDEX IF NOT EXISTS record_time ON record (wall_s);
"""
"""`wall_s` is Unix time, `record` the message as JSON with `wall_s`. An index on `kind` alone is in order of `id`, that
is of arrival: the newest record stays the newest when the wall clock was set back."""
