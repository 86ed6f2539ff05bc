# SPDX-License-Identifier: LGPL-3.0-or-later
"""The file survives a crash at any byte, and says so where it is damaged otherwise."""

import errno
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet import journal as journals
from fleet.errors import JournalDamaged
from fleet.journal import Journal, decode, encode, scan

RECORDS = st.lists(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=20), max_size=3),
    min_size=1, max_size=8,
)  # fmt: skip


@given(RECORDS, st.data())
def test_a_torn_write_loses_only_the_record_that_was_being_written(records, data):
    lines = [encode(record) for record in records]
    content = b"".join(lines)
    cut = data.draw(st.integers(0, len(content)))
    kept, good = scan(content[:cut])
    whole = sum(1 for end in _ends(lines) if end <= cut)
    assert kept == records[:whole]
    assert good == sum(map(len, lines[:whole]))


def _ends(lines):
    total = 0
    for line in lines:
        total += len(line)
        yield total


@given(RECORDS, st.integers(0, 255), st.data())
def test_any_changed_byte_of_a_line_is_noticed(records, byte, data):
    line = encode(records[0])[:-1]
    at = data.draw(st.integers(0, len(line) - 1))
    changed = line[:at] + bytes([byte]) + line[at + 1 :]
    assert decode(changed) == (records[0] if changed == line else None)


def test_damage_before_good_lines_is_not_swallowed():
    good = [encode({"n": n}) for n in range(3)]
    with pytest.raises(JournalDamaged, match="line 2"):
        scan(good[0] + b"00000000 {}\n" + good[2], "x.journal")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(RECORDS, RECORDS, st.data())
def test_life_goes_on_after_a_torn_line(tmp_path, before, after, data):
    path = tmp_path / "m.journal"
    path.unlink(missing_ok=True)
    journal = _filled(path, before)
    journal.close()
    torn = encode({"torn": "x"})
    path.write_bytes(path.read_bytes() + torn[: data.draw(st.integers(0, len(torn) - 1))])
    journal = Journal(path)
    assert journal.open() == before
    for record in after:
        journal.append(record)
    journal.close()
    assert Journal(path).open() == before + after


def _filled(path, records, **how):
    journal = Journal(path, **how)
    journal.open()
    for record in records:
        journal.append(record)
    return journal


def test_compaction_leaves_one_record_and_goes_on(tmp_path):
    journal = _filled(tmp_path / "m.journal", [{"n": n} for n in range(9)], fsync=True)
    journal.compact({"all": 9})
    journal.append({"n": 10})
    assert journal.size == journal.path.stat().st_size
    journal.close()
    assert Journal(journal.path).open() == [{"all": 9}, {"n": 10}]


def test_a_crash_during_compaction_leaves_the_old_file(tmp_path, monkeypatch):
    journal = _filled(tmp_path / "m.journal", [{"n": 1}])
    monkeypatch.setattr(journals.os, "replace", _no)
    with pytest.raises(OSError):
        journal.compact({"all": 1})
    journal.close()
    assert Journal(journal.path).open() == [{"n": 1}]


def test_a_full_disk_leaves_no_half_record(tmp_path, monkeypatch):
    journal = _filled(tmp_path / "m.journal", [{"n": 1}])
    write = journals.os.write
    monkeypatch.setattr(journals.os, "write", lambda fd, line: write(fd, line[:5]) and _no())
    with pytest.raises(OSError):
        journal.append({"n": 2})
    monkeypatch.setattr(journals.os, "write", write)
    journal.append({"n": 3})
    journal.close()
    assert Journal(journal.path).open() == [{"n": 1}, {"n": 3}]


def _no(*_about):
    raise OSError(errno.ENOSPC, "no space")


def test_a_short_write_is_completed(tmp_path, monkeypatch):
    journal = _filled(tmp_path / "m.journal", [])
    write = journals.os.write
    monkeypatch.setattr(journals.os, "write", lambda fd, line: write(fd, line[:3]))
    journal.append({"text": "é" * 50})
    journal.close()
    assert Journal(journal.path).open() == [{"text": "é" * 50}]


def test_the_file_is_for_its_owner_only_and_readable_text(tmp_path):
    journal = _filled(tmp_path / "m.journal", [{"n": "ü"}])
    journal.close()
    assert journal.path.stat().st_mode & 0o077 == 0
    assert json.loads(journal.path.read_text("utf-8").split(" ", 1)[1]) == {"n": "ü"}
