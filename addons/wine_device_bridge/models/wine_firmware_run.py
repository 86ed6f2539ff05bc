# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from datetime import timedelta

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.tools import SQL

from ..core import rollout
from .wine_firmware_install import FAILED, OPEN, UNDER_WAY

_logger = logging.getLogger(__name__)
#: machines in one transaction
CHUNK = 100
#: a machine is not told when the night is over in less
SHORTEST = timedelta(minutes=10)


class WineFirmwareCampaign(models.Model):
    """The job that moves campaigns on: a little at a time, safe to run twice and at once.

    Each round takes the campaign's row or goes on to the next campaign, looks at its state, and
    commits: what is overdue is settled, failures are weighed, waves pass and begin, late machines
    join, and machines whose night it is are told.
    """

    _inherit = "wine.firmware.campaign"

    @api.model
    def _cron_run(self):
        """All campaigns that run, round by round."""
        running = self.sudo().search([("state", "=", "running")], order="id")
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(running))
        for campaign in running:
            while campaign._round_alone():
                if not progress._commit_progress():
                    return
            if not progress._commit_progress(1):
                return

    def _round_alone(self):
        """One round; whether there is more to do at once. Nothing is raised."""
        self.env.invalidate_all()
        try:
            with self.env.cr.savepoint():
                more = self._round()
                self.env.flush_all()
                return more
        except OperationalError as error:
            self.env.invalidate_all()
            _logger.info("campaign %s waits for another transaction: %s", self.id, error)
        except Exception:
            self.env.invalidate_all()
            _logger.exception("firmware campaign %s", self.id)
        return False

    def _round(self, now=None):
        """One round in this transaction; whether another one is worth while at once."""
        self.ensure_one()
        now = now or fields.Datetime.now()
        if not self.try_lock_for_update(allow_referencing=True) or self.state != "running":
            return False
        overdue = self._open_installs([("due_at", "<", now), ("state", "in", UNDER_WAY)], CHUNK)
        overdue._settle(now)
        self._drop_gone()
        self.env.flush_all()
        if self._judge():
            return False
        if self.join_late:
            self._enrol(late=True)
        waves = self._advance(now)
        if self.state != "running":
            return False
        told = self._tell_some(waves, now) if waves and (self.not_before or now) <= now else 0
        self.env.flush_all()
        self._finish(waves)
        return len(overdue) == CHUNK or told == CHUNK

    def _open_installs(self, domain, limit=None):
        return self.env["wine.firmware.install"].search(
            [("campaign_id", "=", self.id), *domain], order="id", limit=limit
        )

    def _drop_gone(self):
        """Who waits and has left the region, or service for good, is left out."""
        gone = self._open_installs(
            [
                ("state", "=", "pending"),
                "|",
                ("machine_id.state", "in", ("draft", "retired")),
                "!",
                ("machine_id.region_id", "child_of", self.region_id.id),
            ],
            CHUNK,
        )
        gone._end("skipped", "gone")

    # === WHEN TO STOP === #

    def _judge(self):
        """Stop where too many failed since the start, or since it was resumed."""
        counts = dict(
            self.env["wine.firmware.install"]._read_group(
                [
                    ("campaign_id", "=", self.id),
                    ("excluded", "=", False),
                    ("state", "in", ("succeeded", *FAILED)),
                    ("forgiven", "=", False),
                ],
                ["state"],
                ["__count"],
            )
        )
        failed, ended = sum(counts.get(state, 0) for state in FAILED), sum(counts.values())
        if not rollout.too_many(failed, ended, self.stop_least, self.stop_percent):
            return False
        self._stop(
            self.env._(
                "%(failed)s of %(ended)s machines failed: more than %(limit)s %%. Look at them "
                "under Machines, leave them out or mend the cause, then resume or roll back.",
                failed=failed,
                ended=ended,
                limit=f"{self.stop_percent:g}",
            )
        )
        return True

    # === WAVES === #

    def _advance(self, now):
        """Let waves pass and begin; returns those that have begun."""
        begun = self.env["wine.firmware.wave"]
        counts = self._wave_counts()
        before = None
        for wave in self.wave_ids.sorted("sequence"):
            if wave.state == "waiting" and not self._may_begin(wave, before, now):
                break
            if wave.state == "waiting":
                wave.write({"state": "running", "started_at": now})
            begun |= wave
            if wave.state == "running":
                self._pass(wave, counts.get(wave.id, {}), now)
                if self.state != "running":
                    break
            before = wave
        return begun

    @staticmethod
    def _may_begin(wave, before, now):
        if before is None:
            return True
        soaked = timedelta(hours=wave.soak_hours)
        return before.state == "passed" and before.passed_at + soaked <= now

    def _pass(self, wave, states, now):
        """Enough of its machines run the version; or none is left that could."""
        succeeded = states.get("succeeded", 0)
        waiting = sum(states.get(state, 0) for state in OPEN)
        total = succeeded + waiting + sum(states.get(state, 0) for state in FAILED)
        if rollout.passed(succeeded, total, wave.min_success):
            wave.write({"state": "passed", "passed_at": now})
        elif not waiting and wave != self.wave_ids.sorted("sequence")[-1:]:
            self._stop(
                self.env._(
                    "Wave %(wave)s has ended and %(succeeded)s of %(total)s machines run the "
                    "version; %(percent)s %% were asked for. Try the others again or leave them "
                    "out, then resume.",
                    wave=wave.name,
                    succeeded=succeeded,
                    total=total,
                    percent=f"{wave.min_success:g}",
                )
            )

    def _wave_counts(self):
        """Wave id → state → machines that count."""
        found = {}
        for wave, state, count in self.env["wine.firmware.install"]._read_group(
            [("campaign_id", "=", self.id), ("excluded", "=", False)],
            ["wave_id", "state"],
            ["__count"],
        ):
            found.setdefault(wave.id, {})[state] = count
        return found

    # === SENDING === #

    def _tell_some(self, waves, now):
        """Tell machines whose turn and night it is; returns how many, at most ``CHUNK``."""
        under_way = self.env["wine.firmware.install"].search_count(
            [("campaign_id", "=", self.id), ("state", "in", UNDER_WAY)]
        )
        room = min(CHUNK, self.max_parallel - under_way)
        edges = self._nights(now)
        regions = [region for region, edge in edges.items() if edge is not None]
        if room <= 0 or not regions:
            return 0
        installs = self.env["wine.firmware.install"].browse(self._ready(waves, regions, now, room))
        for install in installs:
            self._tell_or_skip(install, edges[install.machine_id.region_id.id], now)
        return len(installs)

    def _tell_or_skip(self, install, edge, now):
        verdict = self._verdict(install.machine_id.firmware or "")
        known = install.attempts and install.command_uuid
        if verdict and not known:  # it came to it by another way since the start
            return install._end("skipped", verdict)
        expires = now + timedelta(hours=self.command_hours)
        expires = min(expires, edge) if edge else expires
        return install._tell(expires.replace(microsecond=0), now.replace(microsecond=0), now)

    def _nights(self, now):
        """Region id → when its night ends (False: no window), or None where it is not night."""
        found = {}
        for region, zone in self._regions_waiting():
            if not self.use_window:
                found[region] = False
                continue
            is_open, edge = rollout.window(now, zone, self.window_from, self.window_to)
            found[region] = edge if is_open and edge - now >= SHORTEST else None
        return found

    def _regions_waiting(self):
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                """SELECT DISTINCT region.id, region.tz FROM wine_firmware_install install
                     JOIN wine_machine machine ON machine.id = install.machine_id
                     JOIN wine_region region ON region.id = machine.region_id
                    WHERE install.campaign_id = %s AND install.state = 'pending'""",
                self.id,
            )
        )

    def _ready(self, waves, regions, now, limit):
        """Ids of those that wait, are online, may be told and still belong here; locked."""
        self.env.flush_all()
        inside = self.env["wine.region"].search([("id", "child_of", self.region_id.id)])
        return [
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """SELECT install.id FROM wine_firmware_install install
                         JOIN wine_machine machine ON machine.id = install.machine_id
                         JOIN wine_firmware_wave wave ON wave.id = install.wave_id
                        WHERE install.campaign_id = %s AND install.state = 'pending'
                          AND install.wave_id IN %s AND machine.region_id IN %s
                          AND machine.region_id IN %s
                          AND machine.connection_state = 'online' AND machine.active
                          AND machine.state IN ('commissioned', 'active')
                          AND (install.due_at IS NULL OR install.due_at <= %s)
                        ORDER BY wave.sequence, wave.id, install.id LIMIT %s
                          FOR NO KEY UPDATE OF install SKIP LOCKED""",
                    self.id,
                    waves._ids,
                    tuple(regions),
                    inside._ids,
                    now,
                    limit,
                )
            )
        ]

    def _finish(self, waves):
        """Everybody has an end; where machines may join, a person says when it is enough."""
        if (
            self.join_late
            or waves < self.wave_ids
            or self._open_installs([("state", "in", OPEN)], 1)
        ):
            return
        if all(wave.state == "passed" for wave in self.wave_ids[:-1]):
            self._to("done")
