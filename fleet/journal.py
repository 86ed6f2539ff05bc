# SPDX-License-Identifier: LGPL-3.0-or-later
"""One append-only file per machine that survives the death of the process at any byte.

A line is a checksum, a space and a JSON record; a record is one transaction. A torn last line is
cut off at the next start; a broken line with good ones behind it is damage, and said so.
"""

import json
import os
import zlib
from pathlib import Path

from fleet.errors import JournalDamaged


def encode(record):
    """A record as the bytes of its line."""
    body = json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def decode(line):
    """The record of a line without its newline, or None where the line is broken."""
    mark, _, body = line.partition(b" ")
    if mark != b"%08x" % zlib.crc32(body):
        return None
    return json.loads(body)


def scan(content, name="journal"):
    """Records of a file's content and the length of its good part. Raises JournalDamaged."""
    records, good = [], 0
    *lines, _torn = content.split(b"\n")
    for number, line in enumerate(lines):
        record = decode(line)
        if record is None:
            if any(decode(later) is not None for later in lines[number + 1 :]):
                raise JournalDamaged(f"{name}: line {number + 1} is broken, later ones are not")
            break
        records.append(record)
        good += len(line) + 1
    return records, good


class Journal:
    """The file of one machine. `append` returns when the operating system has the record."""

    def __init__(self, path, fsync=False):
        self.path = Path(path)
        self.fsync = fsync
        self.size = 0
        self._fd = None

    def open(self):
        """Open or create the file; returns the records in it, oldest first."""
        content = self.path.read_bytes() if self.path.exists() else b""
        records, self.size = scan(content, str(self.path))
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        if self.size != len(content):
            os.ftruncate(self._fd, self.size)
        return records

    def append(self, record):
        """Add one record. OSError (disk full) leaves the file as it was."""
        line = encode(record)
        try:
            self._write(self._fd, line)
        except OSError:
            os.ftruncate(self._fd, self.size)
            raise
        self.size += len(line)

    def _write(self, fd, line):
        written = os.write(fd, line)
        while written < len(line):
            written += os.write(fd, line[written:])
        if self.fsync:
            os.fsync(fd)

    def compact(self, record):
        """Put one record in the place of all of them; a crash leaves the old file or the new."""
        line = encode(record)
        fresh = self.path.with_suffix(".new")
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self._write(fd, line)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(fresh, self.path)
        self.close()
        self._fd = os.open(self.path, os.O_RDWR | os.O_APPEND)
        self.size = len(line)

    def close(self):
        """Let the file go."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class MemoryJournal:
    """A journal for unit tests: keeps the lines in a list."""

    def __init__(self, records=()):
        self.records = list(records)
        self.size = 0

    def open(self):
        """Records so far."""
        return list(self.records)

    def append(self, record):
        """Add a record, as it would be read back."""
        self.records.append(decode(encode(record)[:-1]))
        self.size += len(encode(record))

    def compact(self, record):
        """Keep this record only."""
        self.records = [decode(encode(record)[:-1])]
        self.size = len(encode(record))

    def close(self):
        """Nothing to let go."""
