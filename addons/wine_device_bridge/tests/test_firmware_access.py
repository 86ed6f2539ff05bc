# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .firmware import keys
from .test_access import BridgeAccess


@tagged("post_install", "-at_install")
class TestFirmwareOutside(BridgeAccess):
    """A regional administrator runs campaigns at home and reaches nothing beyond."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.artefact = cls.talk["TST"]["wine.firmware"]
        installs = cls.env["wine.firmware.install"].search([])
        installs.filtered(lambda one: one.is_open)._end("skipped", "closed")
        for world in (cls.own, cls.below, cls.foreign):
            world.machine.action_activate() if world.machine.state == "suspended" else None
            world.machine.write({"connection_state": "online", "firmware": "2.4.1"})

    def as_manager(self, model):
        return self.env_of("region_manager")[model]

    def draft(self, **values):
        return self.as_manager("wine.firmware.campaign").create(
            {
                "firmware_id": self.artefact.id,
                "region_id": self.own.region.id,
                "use_window": False,
                "wave_ids": [Command.create({"name": "All", "kind": "rest"})],
                **values,
            }
        )

    def test_the_whole_life_at_home(self):
        campaign = self.draft()
        self.assertIn("2 machines would get it", campaign.plan_text)
        campaign.action_start()
        installs = campaign.install_ids
        self.assertEqual(installs.machine_id, (self.own.machine | self.below.machine))
        campaign.action_pause()
        campaign.action_resume()
        installs[:1].action_exclude()
        campaign.action_stop()
        campaign.action_resume()
        campaign.action_close()
        self.assertEqual(campaign.state, "done")
        self.assertEqual(campaign.started_by_id, self.users["region_manager"])

    def test_not_into_another_region(self):
        with self.refused():
            self.draft(region_id=self.foreign.region.id)
        campaign = self.draft()
        with self.refused():
            campaign.region_id = self.foreign.region
        foreign = self.foreign.machine
        with self.refused():
            self.draft(machine_ids=[Command.set((foreign | self.own.machine).ids)])
        campaign.sudo().machine_ids = foreign | self.own.machine
        campaign.action_start()
        self.assertEqual(campaign.sudo().install_ids.machine_id, self.own.machine)

    def test_waves_reach_no_further(self):
        regions = {"name": "x", "kind": "regions", "region_ids": self.foreign.region.ids}
        with self.refused():
            self.draft(wave_ids=[Command.create(regions)])
        campaign = self.draft()
        campaign.sudo().wave_ids = [Command.create(regions)]
        campaign.action_start()
        self.assertNotIn(self.foreign.machine, campaign.sudo().install_ids.machine_id)

    def test_nothing_is_counted_in_a_foreign_region(self):
        """By a draft that is never saved: how many machines there run which version."""
        values = {"firmware_id": self.artefact.id, "region_id": self.own.region.id}
        ask = self.as_manager("wine.firmware.campaign").onchange
        spec = {"plan_text": {}, "wave_ids": {"fields": {"machine_count": {}}}}
        self.assertIn("machines", ask(values, ["region_id"], spec)["value"]["plan_text"])
        with self.refused():
            ask({**values, "region_id": self.foreign.region.id}, ["region_id"], spec)

    def test_a_wave_stays_in_its_campaign(self):
        """Not into one that runs, nor into one that is seen and not managed."""
        running, other = self.draft(), self.draft()
        running.action_start()
        with self.refused(UserError):
            other.wave_ids.campaign_id = running
        with self.refused(UserError):
            running.wave_ids = [Command.link(other.wave_ids.id)]
        self.foreign.region.staff_ids |= self.users["region_manager"]
        theirs = self.make_campaign(self.artefact, self.foreign.region)
        seen = self.seen_by("region_manager", theirs)
        self.assertEqual(seen.state, "draft")
        with self.refused(UserError):
            other.wave_ids.campaign_id = seen
        with self.refused(UserError):
            other.wave_ids.web_save({"campaign_id": seen.id}, {})
        self.assertEqual(len(theirs.wave_ids), 1)

    def test_the_platforms_campaign_is_not_theirs(self):
        top = self.talk["FAR"]["wine.firmware.campaign"]
        for deed in ("start", "pause", "stop", "resume", "close", "roll_back"):
            with self.refused():
                getattr(self.seen_by("region_manager", top), f"action_{deed}")()
        wave = self.talk["FAR"]["wine.firmware.wave"]
        with self.refused():
            self.as_manager("wine.firmware.wave").create(
                {"campaign_id": top.id, "name": "x", "kind": "rest"}
            )
        with self.refused():
            self.seen_by("region_manager", wave).unlink()

    def test_an_update_of_the_platform_on_their_machine_is_seen_not_decided(self):
        above = self.env["wine.region"].create({"name": "Above", "code": "ABV", "tz": "UTC"})
        self.own.region.parent_id = above
        campaign = self.env["wine.firmware.campaign"].create(
            {
                "firmware_id": self.artefact.id,
                "region_id": above.id,
                "wave_ids": [Command.create({"name": "All", "kind": "rest"})],
            }
        )
        campaign.action_start()
        install = campaign.install_ids.filtered(lambda one: one.machine_id == self.own.machine)
        mine = self.seen_by("region_manager", install)
        self.assertEqual(mine.state, "pending")
        for deed in ("action_exclude", "action_retry"):
            with self.refused():
                getattr(mine, deed)()

    def test_what_follows_from_facts_is_not_edited(self):
        campaign = self.draft()
        for values in (
            {"state": "running"},
            {"seed": "x"},
            {"reason": "x"},
            {"started_by_id": self.env.uid},
            {"rollback_of_id": campaign.id},
        ):
            with self.refused():
                campaign.write(values)
        with self.refused():
            campaign.wave_ids.write({"state": "passed"})
        with self.refused():
            self.draft(state="running")
        forged = self.as_manager("wine.firmware.campaign").with_context(default_state="running")
        made = forged.create({"firmware_id": self.artefact.id, "region_id": self.own.region.id})
        self.assertEqual(made.state, "draft")

    def test_field_staff_look_on(self):
        campaign = self.draft()
        for deed in ("start", "pause", "stop", "resume", "close", "roll_back"):
            with self.refused():
                getattr(self.seen_by("service", campaign), f"action_{deed}")()

    def test_only_the_platform_signs_and_releases(self):
        artefact = self.make_firmware("7.0.0", release=False)
        for role in ("region_manager", "service", "finance"):
            mine = self.seen_by(role, artefact)
            for deed in ("sign", "release", "withdraw"):
                with keys(), self.refused():
                    getattr(mine, f"action_{deed}")()
        with keys():
            self.seen_by("admin", artefact).action_release()
        self.assertEqual(artefact.state, "released")
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.seen_by("admin", artefact).write({"state": "draft"})
