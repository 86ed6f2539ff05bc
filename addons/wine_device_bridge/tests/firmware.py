# SPDX-License-Identifier: LGPL-3.0-or-later
"""Kit of the firmware tests: a maker's key, images, campaigns, and machines that answer."""

import base64
import os
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields

from ..core import firmware

PRIVATE = bytes(range(32))
PUBLIC = firmware.public_of(PRIVATE)


def keys(private=True):
    """The platform's environment with the maker's key, or with the public one alone."""
    if private:
        values = {"WINE_FIRMWARE_KEY": base64.b64encode(PRIVATE).decode()}
    else:
        values = {"WINE_FIRMWARE_KEY": "", "WINE_FIRMWARE_PUBLIC_KEY": PUBLIC}
    return patch.dict(os.environ, values)


class FirmwareKit:
    """To be mixed into test classes of the bridge."""

    @classmethod
    def make_firmware(cls, version="3.0.0", image=b"image", models=None, release=True):
        models = models or cls.env["wine.machine.model"].search([])
        made = cls.env["wine.firmware"].create(
            {
                "version": version,
                "model_ids": [Command.set(models.ids)],
                "file": base64.b64encode(image),
                "file_name": "image.bin",
            }
        )  # fmt: skip
        with keys():
            made.action_sign()
            if release:
                made.action_release()
        return made

    @classmethod
    def make_campaign(cls, artefact, region=None, waves=None, **values):
        """A draft without a window; ``waves``: dicts."""
        waves = waves or [{"name": "All", "kind": "rest"}]
        values = {"use_window": False, "max_parallel": 1000, **values}
        return cls.env["wine.firmware.campaign"].create(
            {
                "firmware_id": artefact.id,
                "region_id": (region or cls.region).id,
                "wave_ids": [
                    Command.create({"name": str(number), "sequence": number, **wave})
                    for number, wave in enumerate(waves)
                ],
                **values,
            }
        )

    @classmethod
    def make_machines(cls, count, region=None, **values):
        """Active machines that are online, without slots to fill; quick to make."""
        region = region or cls.region
        values.setdefault("model_id", cls.make_model().id)
        model = cls.env["wine.machine.model"].browse(values.pop("model_id"))
        first = cls.make_machine(region, {"A1": cls.wine}, qty=1, name="First", model=model)
        site = first.site_id
        machines = cls.env["wine.machine"].create(
            [
                {
                    "name": f"Machine {number}",
                    "serial": f"{region.code}-{first.id}-{number}",
                    "model_id": model.id,
                    "site_id": site.id,
                }
                for number in range(count - 1)
            ]
        )
        machines.action_commission()
        machines |= first
        machines.write({"connection_state": "online", "firmware": "2.4.1", **values})
        return machines

    # === TIME AND MACHINES === #

    def run_campaign(self, campaign, later=None):
        """Rounds until nothing more is to be done at once."""
        now = fields.Datetime.now() + (later or timedelta())
        self.env.flush_all()
        while campaign._round(now):
            pass
        self.env.flush_all()
        self.env.invalidate_all()

    def install(self, campaign, machine):
        return campaign.install_ids.filtered(lambda one: one.machine_id == machine)

    def ack(self, install, status, code=None, machine=None, when=None, uuid=None, **data):
        """An acknowledgement through the bridge's door, and used."""
        data |= {"cmd": uuid or install.command_uuid, "status": status}
        data |= {"code": code} if code else {}
        content = self.envelope("ack", data, seq=None, **({"ts": when} if when else {}))
        publish = self.publish(content, channel="ack", machine=machine or install.machine_id)
        self.store(publish)
        self.project()
        return publish

    def shows(self, machine, version, when=None):
        """A birth with this version, used."""
        content = self.birth(fw=version) | ({"ts": when} if when else {})
        publish = self.publish(content, channel="birth", machine=machine)
        self.store(publish)
        self.project()
        return publish

    def succeed(self, installs):
        for install in installs:
            self.ack(install, "in_progress")
            self.shows(install.machine_id, install.firmware_id.version)
            self.ack(install, "succeeded")

    def break_down(self, installs, code="install_failed"):
        for install in installs:
            self.ack(install, "failed", code)


class FirmwareAccess(FirmwareKit):
    """What the table of rights needs of each region."""

    @classmethod
    def make_updates(cls, world):
        """A campaign, a wave and an update; the version belongs to no region, so to the first."""
        known = cls.env["wine.firmware"].search([("version", "=", "9.9.9")])
        artefact = known or cls.make_firmware("9.9.9")
        draft = cls.make_campaign(artefact, world.region)
        other = cls.make_campaign(artefact, world.region)
        install = cls.env["wine.firmware.install"].create(
            {
                "campaign_id": other.id,
                "wave_id": other.wave_ids.id,
                "firmware_id": artefact.id,
                "machine_id": world.machine.id,
            }
        )
        return [draft, draft.wave_ids, install, *([] if known else [artefact])]

    def fresh_updates(self, region):
        artefact = self.talk["TST"]["wine.firmware"]
        campaign = self.env["wine.firmware.campaign"].search(
            [("region_id", "=", region.id), ("state", "=", "draft")], limit=1
        )
        install = self.env["wine.firmware.install"].search([("region_id", "=", region.id)], limit=1)
        return {
            "wine.firmware": {"version": "8.0.0", "model_ids": artefact.model_ids.ids},
            "wine.firmware.campaign": {"firmware_id": artefact.id, "region_id": region.id},
            "wine.firmware.wave": {"campaign_id": campaign.id, "name": "New"},
            "wine.firmware.install": {
                "campaign_id": campaign.id,
                "wave_id": campaign.wave_ids[:1].id,
                "firmware_id": artefact.id,
                "machine_id": install.machine_id.id,
            },
        }
