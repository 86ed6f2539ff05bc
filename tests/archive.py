# SPDX-License-Identifier: LGPL-3.0-or-later
"""Base backups and an archive of the write-ahead log of a cluster, and recovery out of them: the
steps of docs/operations/backup.md, *To a point in time*."""

import re
import shutil
import time
from contextlib import contextmanager
from copy import copy

from tools.env.accounts import as_service
from tools.env.mosquitto import own

#: as the runbook has it; a drill does not wait for `archive_timeout`, it says when it is over
SETTINGS = """
wal_level = replica
archive_mode = on
archive_timeout = 3600
archive_command = 'cmp -s %p {archive}/%f || ( test ! -e {archive}/%f && cp %p {archive}/%f.part \
&& sync {archive}/%f.part && mv {archive}/%f.part {archive}/%f )'
"""
RESTORE = "restore_command = 'cp {archive}/%f %p'\n"


class Archive:
    """What is kept of a cluster outside of its data folder: configuration, log and base backups."""

    def __init__(self, cluster):
        self.cluster, self.folder = cluster, cluster.folder / "kept"
        self.log, self.conf = self.folder / "wal", self.folder / "postgresql.conf"
        self.newest, self.aside = None, cluster.folder / "aside"

    def begin(self):
        """Archive from now on; the configuration lies apart from the data, as with Debian."""
        self.log.mkdir(parents=True)
        shutil.copy(self.cluster.data / "postgresql.conf", self.conf)
        self._configure(SETTINGS)
        self.cluster.stop()
        self.cluster.start(config_file=self.conf)

    def _configure(self, lines, conf=None):
        """A configuration with these lines of ours in the place of earlier ones."""
        text = self.conf.read_text().partition("# ours\n")[0]
        (conf or self.conf).write_text(f"{text}# ours\n{lines.format(archive=self.log)}")
        own(self.folder)

    def base_backup(self, name):
        """``pg_basebackup`` while everything goes on; the newest from now on."""
        self.newest = self.folder / name
        command = [self.cluster.bin / "pg_basebackup", "-h", self.cluster.folder, "-U", "postgres"]
        command += ["-D", self.newest, "-Ft", "-c", "fast"]
        as_service(command, failure="pg_basebackup fails")

    def pause(self):
        """`archive_timeout` is over: what was committed until now is in the archive."""
        name = self.cluster.sql("postgres", "SELECT pg_walfile_name(pg_switch_wal())")[0][0]
        deadline = time.monotonic() + 30
        while not (self.log / name).exists():
            assert time.monotonic() < deadline, f"{name} is not archived: see {self.cluster.log}"
            time.sleep(0.05)

    def lose(self):
        """The disk of the database is gone, with all that was not archived."""
        self.cluster.kill()
        shutil.rmtree(self.cluster.data)

    def recover(self, **target):
        """Steps 1 to 4 of the runbook.

        :param target: settings of PostgreSQL that name the moment; none for the end of the archive
        :return: seconds from its start until it takes writes again
        """
        if self.cluster.data.exists():
            self.cluster.stop()
            self.cluster.data.rename(self.aside)
        self.unpack(self.cluster.data)
        if self.aside.exists():
            _add(self.aside / "pg_wal", self.cluster.data / "pg_wal")
        seconds = self._recover(self.cluster, self.conf, target)
        self._configure(SETTINGS)
        self.cluster.sql("postgres", "SELECT pg_reload_conf()")
        return seconds

    @contextmanager
    def beside(self, **target):
        """A second cluster out of the same archive, to look into: it changes nothing of either."""
        second = copy(self.cluster)
        second.folder = self.cluster.folder / "beside"
        second.data, second.log = second.folder / "data", second.folder / "log"
        second.folder.mkdir()
        own(second.folder)
        self.unpack(second.data)
        try:
            conf = self.folder / "beside.conf"
            self._recover(second, conf, target, archive_mode="off")
            yield second
        finally:
            second.kill()

    def unpack(self, data):
        """The newest base backup as a data folder that only its owner can enter."""
        as_service(["mkdir", "-m", "0700", data])
        as_service(["tar", "-xf", self.newest / "base.tar", "-C", data])
        as_service(["tar", "-xf", self.newest / "pg_wal.tar", "-C", data / "pg_wal"])

    def _recover(self, cluster, conf, target, **options):
        began = time.monotonic()
        aims = "".join(f"{name} = '{value}'\n" for name, value in target.items())
        self._configure(SETTINGS + RESTORE + aims, conf)
        as_service(["touch", cluster.data / "recovery.signal"])
        cluster.start(config_file=conf, **options)
        while cluster.sql("postgres", "SELECT pg_is_in_recovery()")[0][0]:
            assert time.monotonic() < began + 60, f"it stays in recovery: see {cluster.log}"
            time.sleep(0.05)
        return time.monotonic() - began

    def timeline(self):
        """The number that each recovery makes higher."""
        name = self.cluster.sql("postgres", "SELECT pg_walfile_name(pg_current_wal_lsn())")[0][0]
        return int(re.match(r"[0-9A-F]{8}", name)[0], 16)


def _add(source, target):
    shutil.copytree(source, target, dirs_exist_ok=True)
    own(target)
