# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, models
from odoo.exceptions import UserError


class WineFirmwareCampaign(models.Model):
    """Taking a version back: campaigns to what each machine ran before."""

    _inherit = "wine.firmware.campaign"

    def action_roll_back(self):
        """Close this campaign; draft one for each former version. Idempotent while they are drafts.

        :raise UserError: no machine took the version, or a former version is not here
        """
        self.ensure_one()
        self._check_manager()
        drafts = self.rollback_ids.filtered(lambda campaign: campaign.state == "draft")
        if not drafts:
            former = self._former()
            self._close(self.env._("Rolled back by %s.", self.env.user.name))
            drafts = self.create([self._back_values(*pair) for pair in former.items()])
            drafts.sudo().rollback_of_id = self  # not edited
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wine_device_bridge.wine_firmware_campaign_action"
        )
        if len(drafts) == 1:
            return drafts.get_formview_action()
        return {**action, "domain": [("id", "in", drafts.ids)], "context": {}}

    def _former(self):
        """Artefact → machines that ran it before and run the campaign's version now."""
        version = self.firmware_id.version
        took = self.install_ids.filtered(
            lambda one: one.state == "succeeded" and one.machine_id.firmware == version
        )
        if not took:
            raise UserError(
                self.env._("No machine of %s runs the version: nothing to take back.", self.name)
            )
        found, missing = {}, {}
        released = self.env["wine.firmware"].search([("state", "=", "released")])
        by_version = {one.version: one for one in released}
        for install in took:
            artefact = by_version.get(install.from_version)
            target, key = (found, artefact) if artefact else (missing, install.from_version)
            target[key] = target.get(key, self.env["wine.machine"]) | install.machine_id
        if missing:
            raise UserError(
                self.env._(
                    "There is no released image of %s, which the machines ran before. Ask the "
                    "platform administrator to upload and release it, then roll back.",
                    ", ".join(sorted(version or self.env._("(unknown)") for version in missing)),
                )
            )
        return found

    def _back_values(self, artefact, machines):
        kept = ("max_parallel", "stop_percent", "stop_least", "max_attempts", "command_hours")
        return {
            **{name: self[name] for name in (*kept, "confirm_minutes")},
            "name": self.env._(
                "Back to %(version)s: %(name)s", version=artefact.version, name=self.name
            ),
            "firmware_id": artefact.id,
            "region_id": self.region_id.id,
            "machine_ids": [Command.set(machines.ids)],
            "downgrade": True,
            "use_window": False,
            "wave_ids": [Command.create({"name": self.env._("All"), "kind": "rest"})],
        }  # fmt: skip
