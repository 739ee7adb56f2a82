"""Write the alerts of a fleet into PostgreSQL, each step once: `python alerts_to_postgresql.py dispatch-1 dispatch`.

The first word is this consumer's own name, the second the group that shares the work: run as many as the fleet
needs. With Mosquitto run one more without a group (`python alerts_to_postgresql.py dispatch-all`): it hears all, and
finds what the others missed while the broker was started anew. Needs `pip install emvas-edge "psycopg[binary]"`.

TimescaleDB: SELECT create_hypertable('alert', by_range('start')) needs `start` in the primary key as well.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time

import psycopg

from edge.client import AlertOrSummary, AlertPayload, Consumer

TABLE = """
CREATE TABLE IF NOT EXISTS alert (
    site text NOT NULL, box text NOT NULL, boot text NOT NULL, seq bigint NOT NULL,
    id text NOT NULL, type text NOT NULL, kind text NOT NULL, level text NOT NULL,
    start timestamptz NOT NULL, duration_ms bigint NOT NULL, historical boolean NOT NULL, evidence jsonb NOT NULL,
    written timestamptz NOT NULL DEFAULT now(), written_by text NOT NULL,
    PRIMARY KEY (site, box, boot, seq)
)
"""
INSERT = """
INSERT INTO alert (site, box, boot, seq, id, type, kind, level, start, duration_ms, historical, evidence, written_by)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
AGAIN_S = 1.0


def row(message: AlertOrSummary, name: str) -> tuple[object, ...]:
    """One step of one alert; `ON CONFLICT DO NOTHING` is what makes a repetition harmless."""
    address, alert = message.address, message.body
    assert isinstance(alert, AlertPayload)
    evidence = json.dumps(dict(alert.evidence))
    return (
        address.site, address.box, alert.boot, alert.seq, alert.id, alert.type, alert.kind, alert.level, alert.start,
        alert.duration_ms, alert.historical, evidence, name,
    )  # fmt: skip


def write(database: str, batch: list[tuple[object, ...]]) -> None:
    """Commit the batch; as long as the database is away, wait for it: the broker keeps the rest."""
    while not committed(database, batch):
        time.sleep(AGAIN_S)


def committed(database: str, batch: list[tuple[object, ...]]) -> bool:
    """Whether the batch is in the table."""
    try:
        with psycopg.connect(database) as connection, connection.cursor() as cursor:
            cursor.executemany(INSERT, batch)
    except psycopg.OperationalError as error:
        logging.warning("the database is away (%s); trying again", error)
        return False
    return True


def main(name: str, group: str | None) -> None:
    """Consume until Ctrl+C or SIGTERM."""
    database = os.environ.get("DATABASE_URL", "postgresql://localhost/fleet")
    host, port = os.environ.get("MQTT_HOST", "localhost"), int(os.environ.get("MQTT_PORT", "1883"))
    with psycopg.connect(database) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(1)")  # two consumers that start at once
        connection.execute(TABLE)
    with Consumer(host, port=port, name=name, group=group) as consumer:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: consumer.stop())
        for batch in consumer.batches():
            write(
                database, [row(message, name) for message in batch.messages if isinstance(message.body, AlertPayload)]
            )
            batch.settle()


if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
