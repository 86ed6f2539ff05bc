# SPDX-License-Identifier: LGPL-3.0-or-later
"""Storing a batch of publishes: one transaction, a handful of statements, whatever its size."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timezone

from psycopg2.extras import execute_values

from odoo.addons.wine_vending.core.business_time import business_moment

from ..core import envelope, pieces
from ..core.envelope import Refused
from ..core.received import Received
from . import asked
from .again import count_again
from .copying import copy_in

#: columns of a message that is good, in the order of :meth:`Batch._row`
ARRIVED = (
    "machine_id",
    "channel",
    "event_id",
    "epoch",
    "seq",
    "boot",
    "type",
    "corr",
    "data",
    "digest",
    "device_time",
    "time_quality",
    "late",
    "received_at",
    "moment",
    "clock_trusted",
)
REFUSED = (
    "machine_id",
    "channel",
    "payload",
    "topic",
    "received_at",
    "moment",
    "state",
    "code",
    "result",
    "duplicates",
    "attempts",
    "part",
)
_ARRIVED = ", ".join(ARRIVED)
#: a table of the connection's own; what it holds is gone with the transaction
ARRIVALS = f"""CREATE TEMP TABLE IF NOT EXISTS wine_bridge_arrived ON COMMIT DELETE ROWS
    AS SELECT {_ARRIVED} FROM wine_bridge_event WITH NO DATA"""  # noqa: S608
TAKE_IN = f"""INSERT INTO wine_bridge_event ({_ARRIVED}, duplicates, state, attempts)
    SELECT {_ARRIVED}, 0, 'new', 0 FROM wine_bridge_arrived
    ON CONFLICT DO NOTHING RETURNING event_id"""  # noqa: S608
RAW_LIMIT = 64 * 1024


@dataclass(slots=True)
class Stored:
    """What one batch did."""

    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0
    #: (machine uuid, epoch) → Received after this batch
    journals: dict = field(default_factory=dict)
    #: (machine uuid, epoch) → [(seq, code)]
    rejected: dict = field(default_factory=lambda: defaultdict(list))
    #: code → how often something was refused with it
    codes: Counter = field(default_factory=Counter)
    #: [(machine uuid or None, Refused)]
    refused: list = field(default_factory=list)
    #: row id → duplicates that its row does not show yet, see :func:`~.again.count_again`
    uncounted: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """A machine as the bridge knows it."""

    id: int
    epoch: int


def read_machines(cr):
    """All machines: UUID → :class:`Known`."""
    cr.execute("SELECT uuid, id, bridge_epoch + bridge_epoch_margin FROM wine_machine")
    return {uuid: Known(row_id, epoch) for uuid, row_id, epoch in cr.fetchall()}


class Batch:
    """Publishes on their way into the inbox.

    :param dict machines: UUID → :class:`Known`
    :param dict uncounted: duplicates that an earlier batch could not note
    """

    def __init__(self, cr, topics, machines, uncounted=()):
        self.cr = cr
        self.topics = topics
        self.machines = machines
        self.result = Stored(uncounted=dict(uncounted))
        self.looked, self.secret, self.unstorable = set(), None, None
        self.opened = (None, None)  # the last array of which one was refused, and its parts
        self.good = []  # (uuid, Known, Envelope, Publish)
        self.again = defaultdict(list)  # (uuid, epoch) → numbers that came once more
        self.bad = []  # (uuid, Known or None, Refused, Publish)

    def store(self, publishes):
        """Store all; the caller commits. Returns :class:`Stored`."""
        for publish in publishes:
            self._sort(publish)
        fresh, again = self._insert()
        asked.put_aside(self.cr, fresh)
        self._compare(again)
        self._quarantine()
        self._journals(fresh)
        return self.result

    def refuse(self, publish, error):
        """Keep a publish in quarantine that the database does not take; the caller commits."""
        self.unstorable = f"the platform cannot store it: {type(error).__name__}"
        return self.store([publish])

    # === SORTING === #

    def _sort(self, publish):
        where = self.topics.parse_up(publish.topic)
        uuid, channel = where or (None, None)
        known = self.machines.get(uuid)
        if not known:
            refused = Refused("foreign_machine", "the topic names no machine of this database")
            self.bad.append((uuid, None, refused, publish))
            return
        for item in envelope.read(uuid, channel, publish.payload):
            if isinstance(item, Refused):
                self.bad.append((uuid, known, item, publish))
            elif item.epoch > known.epoch and item.epoch > self._epoch_now(uuid):
                known = self.machines[uuid]
                reason = f"epoch {item.epoch} was never given; the machine is in {known.epoch}"
                refused = _refused("unknown_epoch", reason, item)
                self.bad.append((uuid, known, refused, publish))
            elif self.unstorable:
                self.bad.append((uuid, known, _refused("schema", self.unstorable, item), publish))
            else:
                self.good.append((uuid, known, asked.known_again(item, self._secret), publish))

    def _secret(self):
        """Looked up once, and only where somebody asks something."""
        self.secret = self.secret or asked.secret_of(self.cr)
        return self.secret

    def _epoch_now(self, uuid):
        """A board may have claimed the machine since the machines were read: look once a batch."""
        if uuid not in self.looked:
            self.looked.add(uuid)
            known = self.machines[uuid]
            self.cr.execute(
                "SELECT bridge_epoch + bridge_epoch_margin FROM wine_machine WHERE id = %s",
                [known.id],
            )
            self.machines[uuid] = Known(known.id, self.cr.fetchone()[0])
        return self.machines[uuid].epoch

    # === INSERTING === #

    def _insert(self):
        """Insert what is new; returns (fresh, again), each a list of entries of ``good``."""
        if not self.good:
            return [], []
        first, again = {}, []
        for entry in self.good:
            if first.setdefault(entry[2].id, entry) is not entry:
                again.append(entry)
        self.cr.execute(ARRIVALS)
        rows = [self._row(*entry) for entry in first.values()]
        copy_in(self.cr, "wine_bridge_arrived", ARRIVED, rows)
        self.cr.execute(TAKE_IN)
        ids = {row[0] for row in self.cr.fetchall()}
        fresh = [entry for event_id, entry in first.items() if event_id in ids]
        again += [entry for event_id, entry in first.items() if event_id not in ids]
        self.result.stored = len(fresh)
        return fresh, again

    def _row(self, _uuid, known, item, publish):
        received = publish.received.replace(tzinfo=timezone.utc)
        moment, trusted = business_moment(item.ts, item.ts_q, received)
        return (
            known.id,
            item.channel,
            item.id,
            item.epoch,
            item.seq,
            item.boot,
            item.type,
            item.corr,
            json.dumps(asked.without_token(item.type, item.data)),
            item.digest,
            _naive(item.ts),
            item.ts_q,
            item.hist,
            publish.received,
            _naive(moment),
            trusted,
        )

    # === WHAT WAS THERE ALREADY === #

    def _compare(self, again):
        """The same identity with the same content is counted; with another one it is refused."""
        if not again:
            return
        by_id, by_identity = self._existing(again)
        duplicates = defaultdict(int)
        for entry in again:
            uuid, known, item, publish = entry
            there = by_id.get(item.id)
            if there is None and item.seq is not None:
                there = by_identity.get((known.id, item.epoch, item.seq))
            if there and there["digest"] == item.digest and there["machine"] == known.id:
                duplicates[there["id"]] += 1
                if item.seq:
                    self.again[uuid, item.epoch].append(item.seq)
                continue
            reason = "another message was stored under this identity"
            refused = _refused("identity_conflict", reason, item)
            self.bad.append((uuid, known, refused, publish))
        self.result.duplicates = sum(duplicates.values())
        for row_id, times in self.result.uncounted.items():
            duplicates[row_id] += times
        self.result.uncounted = count_again(self.cr, duplicates)

    def _existing(self, again):
        identities = [
            (known.id, item.epoch, item.seq) for _uuid, known, item, _p in again if item.seq
        ]
        self.cr.execute(
            """SELECT id, event_id, machine_id, epoch, seq, digest FROM wine_bridge_event
                WHERE event_id = ANY(%s)""",
            [[item.id for _uuid, _known, item, _publish in again]],
        )
        rows = self.cr.fetchall()
        if identities:
            rows += execute_values(
                self.cr._obj,
                """SELECT event.id, event.event_id, event.machine_id, event.epoch, event.seq,
                          event.digest
                     FROM wine_bridge_event event JOIN (VALUES %s) AS asked (machine, epoch, seq)
                       ON event.machine_id = asked.machine AND event.epoch = asked.epoch
                      AND event.seq = asked.seq""",
                identities,
                page_size=2000,
                fetch=True,
            )
        by_id, by_identity = {}, {}
        for row_id, event_id, machine, epoch, seq, digest in rows:
            row = {"id": row_id, "machine": machine, "digest": digest}
            by_id[event_id] = row
            if seq is not None:
                by_identity[machine, epoch, int(seq)] = row
        return by_id, by_identity

    # === QUARANTINE === #

    def _quarantine(self):
        rows = []
        for uuid, known, refused, publish in self.bad:
            rows.append(self._raw_row(known, refused, publish))
            self.result.codes[refused.code] += 1
            self.result.refused.append((uuid, refused))
            if refused.epoch and refused.seq and uuid:
                self.result.rejected[uuid, refused.epoch].append((refused.seq, refused.code))
        self.result.quarantined = len(rows)
        if rows:
            execute_values(
                self.cr._obj,
                f"INSERT INTO wine_bridge_event ({', '.join(REFUSED)}) VALUES %s",  # noqa: S608
                rows,
                page_size=2000,
            )

    def _raw_row(self, known, refused, publish):
        text = self._text_of(refused, publish)
        values = {
            "machine_id": known.id if known else None,
            "channel": publish.topic.rsplit("/", 1)[-1][:64].replace("\0", ""),
            "payload": asked.text_without_token(text).replace("\0", "\\x00"),
            "topic": publish.topic[:500].replace("\0", ""),
            "received_at": publish.received,
            "moment": publish.received,
            "state": "quarantined",
            "code": refused.code,
            "result": refused.reason[:500].encode("utf-8", "replace").decode().replace("\0", ""),
            "duplicates": 0,
            "attempts": 0,
            "part": 0 if refused.part is None else refused.part + 1,
        }
        return tuple(values[column] for column in REFUSED)

    def _text_of(self, refused, publish):
        """What is kept: the message as it came, but of an array only the one that was refused."""
        if refused.part is None:
            return publish.payload[:RAW_LIMIT].decode("utf-8", "backslashreplace")
        if self.opened[0] is not publish:
            self.opened = (publish, pieces.texts(publish.payload))
        kept = pieces.bytes_of(self.opened[1][refused.part])
        return kept[:RAW_LIMIT].decode("utf-8", "backslashreplace")

    # === JOURNALS === #

    def _journals(self, fresh):
        """Bring the journals up to date; a refused event counts as received, for it is kept."""
        touched = {
            (uuid, item.epoch)
            for uuid, _known, item, _publish in self.good
            if item.seq or item.channel == "birth"
        }
        touched |= {key for key in self.result.rejected if key[1] <= self.machines[key[0]].epoch}
        if not touched:
            return
        added = defaultdict(list)
        for uuid, _known, item, _publish in fresh:
            if item.seq:
                added[uuid, item.epoch].append(item.seq)
        for key in touched & set(self.result.rejected):
            added[key] += [seq for seq, _code in self.result.rejected[key]]
        journals = self._lock_journals(touched, added)
        for key, seqs in self.again.items():  # taken for missing, where gaps were folded
            if missed := [seq for seq in seqs if journals[key].misses(seq)]:
                added[key] += missed
        for key, seqs in added.items():
            for seq in sorted(seqs):  # from below, a full journal is mended in one go
                journals[key].add(seq)
        self._save_journals({key: journals[key] for key in added})
        self.result.journals = journals

    def _lock_journals(self, keys, growing):
        """The journals as they stand, locked; those that grow are there from now on.

        One that another bridge makes at this moment is waited for, and then read.
        """
        journals = self._load_journals(keys)
        born = sorted((self.machines[uuid].id, epoch) for uuid, epoch in set(growing) - {*journals})
        if born:
            execute_values(
                self.cr._obj,
                "INSERT INTO wine_bridge_journal (machine_id, epoch, highest, gaps) VALUES %s "
                "ON CONFLICT (machine_id, epoch) DO NOTHING",
                born,
                template="(%s, %s, 0, '[]')",
                page_size=2000,
            )
            journals = self._load_journals(keys)
        return {key: journals.get(key) or Received() for key in keys}

    def _load_journals(self, keys):
        ids = {self.machines[uuid].id: uuid for uuid, _epoch in keys}
        pairs = [(self.machines[uuid].id, epoch) for uuid, epoch in keys]
        self.cr.execute(
            """SELECT machine_id, epoch, highest, gaps, lost FROM wine_bridge_journal
                WHERE (machine_id, epoch) IN (SELECT * FROM unnest(%s::int[], %s::int[]))
                ORDER BY machine_id, epoch FOR UPDATE""",
            [list(column) for column in zip(*pairs, strict=True)],
        )
        return {
            (ids[machine], epoch): Received(int(highest), gaps or [], lost or [])
            for machine, epoch, highest, gaps, lost in self.cr.fetchall()
        }

    def _save_journals(self, journals):
        rows = [
            (self.machines[uuid].id, epoch, journal.highest, *_kept(journal))
            for (uuid, epoch), journal in journals.items()
        ]
        if rows:
            self.cr.execute(
                """UPDATE wine_bridge_journal journal
                      SET highest = new.highest, gaps = new.gaps::jsonb, lost = new.lost::jsonb
                     FROM unnest(%s::int[], %s::int[], %s::bigint[], %s::text[], %s::text[])
                          AS new (machine, epoch, highest, gaps, lost)
                    WHERE journal.machine_id = new.machine AND journal.epoch = new.epoch""",
                [list(column) for column in zip(*rows, strict=True)],
            )


def _kept(journal):
    return json.dumps(journal.gaps), json.dumps(journal.lost)


def _naive(moment):
    return moment.replace(tzinfo=None) if moment else None


def _refused(code, reason, item):
    """The refusal of a message that could be read."""
    return Refused(code, reason, item.epoch, item.seq, item.id, item.part)
