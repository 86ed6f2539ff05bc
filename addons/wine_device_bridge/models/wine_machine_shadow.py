# SPDX-License-Identifier: LGPL-3.0-or-later
import hashlib
import json

from odoo import api, fields, models

#: machines that one request tells of a changed setting (5 to 13 ms each, with 46 slots)
AT_ONCE = 200


class WineMachine(models.Model):
    """What a machine is wanted to be (docs/protocol §8): planogram, offers, settings.

    The version counts published planograms, for a vend is priced by one of them. What else is told
    with it may change in between: then the same version goes out with another digest, and the
    machine applies it as it would a newer one.
    """

    _inherit = "wine.machine"

    bridge_shadow_sha256 = fields.Char(
        "Digest of the wanted shadow",
        readonly=True,
        copy=False,
        help="Of what was told last. The machine reports it when all of it is applied.",
    )

    bridge_shadow_due = fields.Boolean(
        "Settings to be told",
        readonly=True,
        copy=False,
        help="A setting was changed for more machines than are told at once.",
    )

    bridge_settings = fields.Selection(
        [("applied", "Applied"), ("waiting", "Not applied yet")],
        "Settings",
        compute="_compute_bridge_settings",
        help="Limits, hours, age, offers and pace of readings: whether the machine reported the "
        "digest of what it was told last.",
    )

    _shadow_due = models.Index("(id) WHERE bridge_shadow_due")

    @api.depends("bridge_shadow_sha256", "bridge_shadow_due", "reported_sha256")
    def _compute_bridge_settings(self):
        for machine in self:
            wanted = machine.bridge_shadow_sha256
            same = wanted == machine.reported_sha256 and not machine.bridge_shadow_due
            machine.bridge_settings = ("applied" if same else "waiting") if wanted else False

    def _publish_desired(self):
        """Queue the shadow of the published planogram; only the newest one is worth sending."""
        result = super()._publish_desired()
        machines = self.filtered("planogram_id")
        machines._queue_shadows({machine: machine._desired() for machine in machines})
        return result

    def _queue_shadows(self, wanted):
        """Write shadows into the outbox, in place of those that have not left yet.

        :param dict wanted: machine → its document
        """
        Command = self.env["wine.bridge.command"].sudo()
        Command.search(
            [
                ("machine_id", "in", self.ids),
                ("channel", "=", "desired"),
                ("state", "=", "queued"),
            ]
        ).state = "expired"
        Command.create(
            [
                {
                    "machine_id": machine.id,
                    "channel": "desired",
                    "type": "shadow.desired",
                    "args": document,
                }
                for machine, document in wanted.items()
            ]
        )
        for machine, document in wanted.items():
            if machine.bridge_shadow_sha256 != document["sha256"]:
                machine.sudo().bridge_shadow_sha256 = document["sha256"]

    # === CHANGED SETTINGS === #

    def _publish_changed(self):
        """Tell those machines whose shadow is another one than they were told; returns them."""
        wanted = {
            machine: document
            for machine in self
            if machine.planogram_id
            and machine.state != "retired"
            and (document := machine._desired())["sha256"] != machine.bridge_shadow_sha256
        }
        changed = self.browse(machine.id for machine in wanted)
        if changed:
            changed._queue_shadows(wanted)
        return changed

    def _settings_changed(self):
        """Tell machines of a changed setting: some at once, the rest of many in the background."""
        later = self[AT_ONCE:]
        self[:AT_ONCE]._publish_changed()
        if later:
            later.sudo().bridge_shadow_due = True
            self.env.ref("wine_device_bridge.cron_publish_due").sudo()._trigger()

    @api.model
    def _cron_publish_due(self):
        """Tell the rest, so many in a transaction."""
        machines = self.with_context(active_test=False)
        while due := machines.search([("bridge_shadow_due", "=", True)], limit=AT_ONCE):
            due.bridge_shadow_due = False
            due._publish_changed()
            if not self.env["ir.cron"]._commit_progress(len(due)):
                break

    def _is_behind(self, version):
        """Whether a machine that says it has this version lacks something of the wanted shadow."""
        self.ensure_one()
        if version != self.planogram_id.version:
            return True
        applied, wanted = self.reported_sha256, self.bridge_shadow_sha256
        return bool(self.reported_version == version and applied and wanted and applied != wanted)

    # === THE DOCUMENT === #

    def _desired(self):
        """The desired shadow: planogram, offers, settings; names in the company's language.

        ``sha256`` covers the document without itself and its version, keys sorted.
        """
        self.ensure_one()
        machine = self.with_context(lang=self.company_id.partner_id.lang)
        content = {
            "planogram": machine._desired_planogram(),
            "offers": machine._desired_offers(),
            "config": machine._desired_config(),
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return {
            "version": self.planogram_id.version,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            **content,
        }

    def _desired_planogram(self):
        digits = self.currency_id.decimal_places
        min_age = self.region_id.min_age
        return [
            {
                "slot": line.slot_id.code,
                "sku": line.product_id.default_code,
                "name": line.product_id.name,
                "ml": line.product_id.wine_volume_ml,
                "price": f"{line.price:.{digits}f}",
                "currency": self.currency_id.name,
                "capacity": line.capacity,
                "par": line.par,
                "age": min_age if line.product_id.wine_age_restricted else 0,
                "enabled": line.enabled,
            }
            for line in self.planogram_id.line_ids
        ]

    def _desired_offers(self):
        """What the machine may offer for less; a wing that has offers adds its own.

        It calls :meth:`_settings_changed` on machines whose offers are others now.

        :return: dicts with ``id, sku, kind, value, from, to`` (docs/protocol §8), in an order that
            is the same each time
        """
        return []

    def _desired_config(self):
        """Limits and pace: °C, % RH, local time, years, seconds."""
        region, model = self.region_id, self.model_id
        return {
            "temp_min": self.temp_min,
            "temp_max": self.temp_max,
            "humidity_max": model.humidity_max,
            "sales_hours": [_clock(region.sales_from), _clock(region.sales_to)],
            "min_age": region.min_age,
            "tele_s": model.bridge_tele_s,
        }


def _clock(hours):
    """9.5 → "09:30"."""
    minutes = round(hours * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
