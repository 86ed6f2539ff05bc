# SPDX-License-Identifier: LGPL-3.0-or-later
"""PostgreSQL is killed, thrown out of its memory, or has no room left."""

from contextlib import contextmanager, suppress

import psycopg2

from tests.chaos.cluster import SmallDisk
from tests.chaos.stage import scenario

ROOM = 200  # bytes for each event of the scenario: a sixth of what an event takes
AWAY = 2.0
LOG_ROOM = 24 * 1024 * 1024  # bytes: one more file of the write-ahead log


@scenario("PostgreSQL killed and restarted", short=True)
def killed(stage):
    """All of PostgreSQL's processes are killed twice while machines sell, and it recovers; then one
    backend alone is, which makes PostgreSQL throw out every other."""
    cluster = stage.ground.cluster
    for _time in range(2):
        stage.work(0.25)
        cluster.kill()
        stage.work(0.1)
        stage.crew.run(AWAY)
        cluster.start()
    stage.await_bridge()  # or there might be nobody to kill yet
    stage.trouble(cluster.kill_backend(), "there was no backend to kill")
    stage.over()
    stage.work_rest()
    stage.trouble(stage.ground.bridge.poll() is None, "the bridge went with the database")


@scenario("disk full under the inbox")
def disk_full(stage):
    """The disk that holds the inbox is full for a while: nothing is stored, marked or acknowledged
    there, and all of it is once there is room again."""
    with _little_room(stage) as more_room:
        stage.work(0.7)
        full = stage.crew.until(lambda: _said(stage.ground), 60)
        stage.trouble(full, "the disk did not get full")
        stage.crew.run(AWAY)
        more_room()
        stage.over()
        stage.work(0.3)
        stage.settle()


@scenario("disk full under the write-ahead log")
def log_full(stage):
    """The disk that holds PostgreSQL's log is full: PostgreSQL gives up altogether, again and again
    until there is room, and is started by hand."""
    cluster, disk = stage.ground.cluster, SmallDisk(stage.ground.cluster)
    mounted, said = cluster.move_log(disk, LOG_ROOM), cluster.log.stat().st_size
    if not mounted:
        stage.note("mounting is not permitted here: a limit to the size of the database's files")
    try:
        stage.await_bridge()
        stage.work(0.5)
        if not mounted:
            cluster.limit_files(LOG_ROOM // 3)
        full = stage.crew.until(lambda: _log_filled(cluster, said), 120)
        stage.trouble(full, "PostgreSQL goes on without a log")
        stage.work(0.2)
        stage.crew.run(AWAY)
        if mounted:
            disk.resize(2**32)
        cluster.kill()
        cluster.start()
        stage.over()
        stage.work_rest()
        stage.settle()
    finally:
        if mounted:
            cluster.move_log_back(disk)


def _log_filled(cluster, before):
    """Use up what is left of it; whether PostgreSQL has given up."""
    with suppress(psycopg2.Error):
        for _segment in range(4):
            cluster.sql("postgres", "SELECT pg_logical_emit_message(false, 'chaos', 'more')")
            cluster.sql("postgres", "SELECT pg_switch_wal()")
    said = cluster.log.read_bytes()[before:]
    full = b"No space left on device" in said or b"File too large" in said
    return full and b"PANIC" in said and b"pg_wal" in said


@contextmanager
def _little_room(stage):
    """A file system of its own for the inbox, or else a limit to the size of every file."""
    cluster, name = stage.ground.cluster, stage.ground.name
    size = cluster.sql(name, "SELECT pg_total_relation_size('wine_bridge_event')")[0][0]
    disk, room = SmallDisk(cluster), ROOM * stage.events
    if disk.mount(size + room):
        stage.note("a file system of its own under the inbox (tmpfs)")
        cluster.sql(name, f"CREATE TABLESPACE small LOCATION '{disk.folder / 'pg'}'")
        _move(stage.ground, "small")
        try:
            yield lambda: disk.resize(8 * size + 2**30)
        finally:
            _move(stage.ground, "pg_default")
            cluster.sql(name, "DROP TABLESPACE small")
            disk.unmount()
        return
    stage.note("mounting is not permitted here: a limit to the size of the database's files")
    rows = cluster.sql(name, "SELECT pg_relation_size('wine_bridge_event')")
    cluster.limit_files(max(rows[0][0] + room // 2, 17 * 1024 * 1024))
    try:
        yield lambda: cluster.limit_files(None)
    finally:
        cluster.limit_files(None)


def _move(ground, tablespace):
    """Table and indexes of the inbox; the bridge waits meanwhile, as for any such work."""
    indexes = ground.query("SELECT indexname FROM pg_indexes WHERE tablename = 'wine_bridge_event'")
    ground.query(f"ALTER TABLE wine_bridge_event SET TABLESPACE {tablespace}")
    for (index,) in indexes:
        ground.query(f'ALTER INDEX "{index}" SET TABLESPACE {tablespace}')


def _said(ground):
    log = ground.cluster.log.read_text(errors="replace")
    return "No space left on device" in log or "File too large" in log
