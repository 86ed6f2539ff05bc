# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import Counter
from dataclasses import dataclass, field

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core import firmware, rollout
from .wine_firmware_campaign import SETTLED
from .wine_firmware_install import ENDED, OPEN

#: a machine in these states may be told something
ALIVE = ("commissioned", "active", "suspended")


@dataclass
class Plan:
    """Whom a campaign would update, and why it leaves others out."""

    waves: dict = field(default_factory=dict)  # machine id → wave id
    candidates: list = field(default_factory=list)
    there: int = 0  # run the version already
    newer: int = 0
    other: int = 0  # run no version that the filter asks for
    busy: int = 0  # are in another campaign that runs

    @property
    def counts(self):
        """Wave id → machines."""
        return Counter(self.waves.values())


class WineFirmwareCampaign(models.Model):
    """Who gets it: counted before the start, settled at the start, the same every time."""

    _inherit = "wine.firmware.campaign"

    plan_text = fields.Text("What a start would do", compute="_compute_plan_text")
    machine_count = fields.Integer("Number of machines", compute="_compute_progress")
    succeeded_count = fields.Integer("Succeeded", compute="_compute_progress")
    failed_count = fields.Integer("Failed", compute="_compute_progress")
    open_count = fields.Integer("Open", compute="_compute_progress")
    progress = fields.Float("Ended (%)", compute="_compute_progress")

    @api.depends(
        "state",
        *SETTLED,
        "wave_ids.kind",
        "wave_ids.percent",
        "wave_ids.region_ids",
        "wave_ids.machine_ids",
    )
    def _compute_plan_text(self):
        for campaign in self:
            campaign.plan_text = campaign._plan_words() if campaign.state == "draft" else False

    def _plan_words(self):
        plan = self._plan()
        lines = [
            self.env._("%s machines would get it.", len(plan.waves)),
            plan.there and self.env._("%s run the version already.", plan.there),
            plan.newer and self.env._("%s run a newer version and keep it.", plan.newer),
            plan.other and self.env._("%s run a version that was not asked for.", plan.other),
            plan.busy and self.env._("%s are in another campaign now.", plan.busy),
            (loose := len(plan.candidates) - len(plan.waves))
            and self.env._("%s are in no wave. Add a wave “All others”.", loose),
        ]
        return "\n".join(line for line in lines if line)

    def _tally(self):
        """Wave id → state → machines, of one campaign that was started."""
        self.ensure_one()
        found = {}
        # only counts leave this: a machine that moved away is still counted
        rows = (
            self.env["wine.firmware.install"]
            .sudo()
            ._read_group([("campaign_id", "=", self._origin.id)], ["wave_id", "state"], ["__count"])
        )
        for wave, state, count in rows:
            found.setdefault(wave.id, {})[state] = count
        return found

    @api.depends("state", "wave_ids")
    def _compute_progress(self):
        # only counts leave this, as above
        rows = (
            self.env["wine.firmware.install"]
            .sudo()
            ._read_group([("campaign_id", "in", self._origin.ids)], ["campaign_id", "state"],
                         ["__count"])
        )  # fmt: skip
        found = {}
        for campaign, state, count in rows:
            found.setdefault(campaign.id, {})[state] = count
        for campaign in self:
            states = found.get(campaign._origin.id, {})
            total = sum(states.values())
            campaign.machine_count = total
            campaign.succeeded_count = states.get("succeeded", 0)
            campaign.failed_count = sum(
                states.get(state, 0) for state in ENDED if state not in ("succeeded", "skipped")
            )
            campaign.open_count = sum(states.get(state, 0) for state in OPEN)
            done = total - campaign.open_count
            campaign.progress = 100.0 * done / total if total else 0.0

    # === PLANNING === #

    def _plan(self, late=False):
        """:class:`Plan` of now; ``late``: of machines that are not in the campaign yet."""
        self.ensure_one()
        plan = Plan()
        if not self.firmware_id or not self.region_id:
            return plan
        taken = self._taken()
        mine = {row[0] for row in self._enrolled()} if late else ()
        for row in self._machines():
            candidate = rollout.Candidate(*row)
            if candidate.id in mine:
                continue
            verdict = self._verdict(candidate.firmware)
            if verdict:
                setattr(plan, verdict, getattr(plan, verdict) + 1)
            elif candidate.id in taken:
                plan.busy += 1
            else:
                plan.candidates.append(candidate)
        shares = [wave._share() for wave in self.wave_ids.sorted("sequence")]
        if late:
            last = self.wave_ids.sorted("sequence")[-1:]
            plan.waves = {one.id: last.id for one in plan.candidates}
        else:
            plan.waves = rollout.assign(self.seed or "", plan.candidates, shares)
        return plan

    def _verdict(self, version):
        """Why a machine that runs ``version`` is left out: there, newer, other; or None."""
        wanted = self.firmware_id.version
        if version == wanted:
            return "there"
        runs, target = firmware.order(version), firmware.order(wanted)
        least, below = (firmware.order(text) for text in (self.from_least, self.from_below))
        if (least and (not runs or runs < least)) or (below and (not runs or runs >= below)):
            return "other"
        if runs and target and runs > target and not self.downgrade:
            return "newer"
        return None

    def _target_domain(self):
        models_ = self.firmware_id.model_ids._origin
        if self.model_ids:
            models_ &= self.model_ids._origin
        domain = [
            ("region_id", "child_of", self.region_id.id),
            ("model_id", "in", models_.ids),
            ("state", "in", ALIVE),
        ]
        if self.machine_ids:
            domain.append(("id", "in", self.machine_ids._origin.ids))
        return domain

    def _machines(self):
        """(id, uuid, region id, firmware) of all machines that the campaign names.

        :raise AccessError: a region that the user cannot see, also where nothing is saved
        """
        self.region_id._origin.check_access("read")
        machines = self.env["wine.machine"].sudo()  # the domain bounds it to the region
        machines.flush_model(["uuid", "region_id", "firmware"])
        query = machines._search(self._target_domain())
        return self.env.execute_query(
            query.select(
                *(SQL.identifier(machines._table, name)
                  for name in ("id", "uuid", "region_id", "firmware"))
            )
        )  # fmt: skip

    def _taken(self):
        """Machines that another campaign has in hand."""
        self.env["wine.firmware.install"].flush_model()
        return {
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """SELECT machine_id FROM wine_firmware_install
                        WHERE state IN %s AND campaign_id IS DISTINCT FROM %s""",
                    OPEN,
                    self._origin.id or None,
                )
            )
        }

    def _enrolled(self):
        return self.env.execute_query(
            SQL("SELECT machine_id FROM wine_firmware_install WHERE campaign_id = %s", self.id)
        )

    def _enrol(self, late=False):
        """Give machines their place, each at most one; returns how many.

        :raise UserError: there is none
        """
        self.env["wine.firmware.install"].flush_model()
        plan = self._plan(late)
        if not plan.waves and not late:
            raise UserError(
                self.env._(
                    "No machine would get version %(version)s.\n%(why)s",
                    version=self.firmware_id.version,
                    why=self._plan_words(),
                )
            )
        runs = {one.id: (one.region, one.firmware or None) for one in plan.candidates}
        rows = [(machine, wave, *runs[machine]) for machine, wave in plan.waves.items()]
        if rows:
            self._insert(rows)
        return len(rows)

    def _insert(self, rows):
        """One statement; a machine that another campaign was faster to take is left to that one."""
        self.env.cr.execute(
            SQL(
                """INSERT INTO wine_firmware_install
                          (campaign_id, firmware_id, machine_id, wave_id, region_id,
                           from_version, state, attempts, renewals, excluded, forgiven,
                           create_uid, create_date, write_uid,
                           write_date)
                   SELECT %s, %s, machine, wave, region, version,
                          'pending', 0, 0, FALSE, FALSE, %s, %s, %s, %s
                     FROM unnest(%s::int[], %s::int[], %s::int[], %s::varchar[])
                       AS row (machine, wave, region, version)
                   ON CONFLICT DO NOTHING""",
                self.id,
                self.firmware_id.id,
                *([self.env.uid, fields.Datetime.now()] * 2),
                *(list(column) for column in zip(*rows, strict=True)),
            )
        )
        self.env["wine.firmware.install"].invalidate_model()
        self.invalidate_recordset(["install_ids"])
