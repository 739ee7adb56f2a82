"""The tables of the timeline, known to its writer and its readers."""

from edge.run_registry import SESSIONS

VERSION = 2
"""Raised when the layout changes; a file of another one is moved aside."""

SCHEMA = (
    SESSIONS
    + """
CREATE TABLE IF NOT EXISTS record (
    id INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    kind TEXT NOT NULL,
    t_s REAL NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS record_kind_time ON record (kind, session, t_s);
"""
)
"""`record` is the message as JSON; its wall time is that of its session plus `t_s`. `id` rises with arrival."""

REGULAR = ("fatigue", "face", "group", "summary", "source", "affect")
"""Kinds of which at least one comes regularly in every purpose."""

ON_THE_WALL = """
SELECT record.id AS id, session.wall_s + record.t_s AS wall_s, session.wall_s AS begun_s, record.record AS record
FROM session CROSS JOIN record ON record.session = session.id
WHERE record.kind = :kind AND session.wall_s < :until
AND record.t_s >= :since - session.wall_s AND record.t_s < :until - session.wall_s
"""
"""The records of a kind between two wall times: one search of the index a session."""

NEWEST = """
SELECT record.id, session.wall_s + record.t_s, session.wall_s, record.record
FROM record JOIN session ON session.id = record.session
WHERE record.kind = :kind AND json_valid(record.record)
ORDER BY record.session DESC, record.t_s DESC, record.id DESC LIMIT 1
"""
"""By arrival, so the newest record stays the newest when the wall clock was set back."""

SESSIONS_BETWEEN = """
SELECT id, wall_s FROM session
WHERE wall_s < :until AND EXISTS (SELECT 1 FROM record WHERE session = session.id AND kind = :kind)
ORDER BY wall_s, id
"""
"""The runs that may have records of a kind before a wall time, by when they began."""

_OF_RUN = "(SELECT MAX(t_s) FROM record WHERE record.session = session.id AND kind = '{kind}')"
_LAST = ", ".join(f"COALESCE({_OF_RUN.format(kind=kind)}, 0)" for kind in REGULAR)
RUNS = f"""
SELECT wall_s, wall_s + last_s FROM (
    SELECT wall_s, MAX({_LAST}) AS last_s FROM session
) WHERE wall_s < :until AND wall_s + last_s > :since ORDER BY wall_s
"""
"""When the runs began that touch a stretch of time, and when each last said anything: by the index."""

CHUNK = """
SELECT id, t_s, CASE WHEN json_valid(record) THEN json_extract(record, '$.kind', {paths}) END FROM record
WHERE kind = :kind AND session = :session AND (t_s, id) > (:t_s, :id) AND t_s < :until
ORDER BY t_s, id LIMIT :count
"""
"""What stands at JSON paths in the next records of one run, in order of time; NULL for a damaged one."""
