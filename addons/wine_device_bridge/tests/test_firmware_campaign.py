# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import BridgeCommon
from .firmware import FirmwareKit, keys


class CampaignCommon(FirmwareKit, BridgeCommon):
    """Twenty machines that run 2.4.1, and a released 3.0.0."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.place = cls.make_region("Fwland", "FWL")
        cls.machines = cls.make_machines(20, cls.place)
        cls.artefact = cls.make_firmware("3.0.0")

    def started(self, *waves, **values):
        campaign = self.make_campaign(self.artefact, self.place, waves or None, **values)
        campaign.action_start()
        self.run_campaign(campaign)
        return campaign

    def states(self, campaign, wave=None):
        installs = campaign.install_ids
        if wave is not None:
            installs = installs.filtered(lambda one: one.wave_id == campaign.wave_ids[wave])
        found = {}
        for install in installs:
            found[install.state] = found.get(install.state, 0) + 1
        return found

    def commands(self):
        return self.env["wine.bridge.command"].search(
            [("type", "=", "firmware.update"), ("machine_id", "in", self.machines.ids)]
        )


@tagged("post_install", "-at_install")
class TestCampaignWaves(CampaignCommon):
    """Who gets it and when; when it goes on, and when it stops."""

    def test_the_numbers_are_shown_before_the_start(self):
        self.machines[0].firmware = "3.0.0"
        self.machines[1].firmware = "3.1.0"
        self.machines[2].action_retire()
        campaign = self.make_campaign(
            self.artefact,
            self.place,
            [{"kind": "percent", "percent": 10.0}, {"kind": "rest"}],
        )
        self.assertEqual(campaign.wave_ids.mapped("machine_count"), [2, 15])
        self.assertIn("17 machines would get it", campaign.plan_text)
        self.assertIn("1 run the version already", campaign.plan_text)
        self.assertIn("1 run a newer version", campaign.plan_text)
        campaign.action_start()
        self.assertEqual(campaign.wave_ids.mapped("machine_count"), [2, 15])

    def test_waves_one_after_the_other(self):
        campaign = self.started(
            {"kind": "percent", "percent": 25.0}, {"kind": "rest", "soak_hours": 2.0}
        )
        self.assertEqual(self.states(campaign), {"sent": 5, "pending": 15})
        self.run_campaign(campaign)
        self.assertEqual(len(self.commands()), 5, "a second run sends nothing again")
        first = campaign.install_ids.filtered(lambda one: one.state == "sent")
        self.succeed(first)
        self.run_campaign(campaign)
        self.assertEqual(campaign.wave_ids.mapped("state"), ["passed", "waiting"])
        self.run_campaign(campaign, timedelta(hours=1, minutes=59))
        self.assertEqual(self.states(campaign), {"succeeded": 5, "pending": 15})
        self.run_campaign(campaign, timedelta(hours=2, minutes=1))
        self.assertEqual(self.states(campaign), {"succeeded": 5, "sent": 15})
        self.succeed(campaign.install_ids - first)
        self.run_campaign(campaign)
        self.assertEqual((campaign.state, campaign.progress), ("done", 100.0))
        self.assertEqual(set(self.machines.mapped("firmware")), {"3.0.0"})

    def test_named_machines_and_regions_go_first(self):
        east = self.make_region("Fwland East", "FWE", parent_id=self.place.id)
        there = self.make_machines(3, east, model_id=self.machines.model_id.id)
        campaign = self.started(
            {"kind": "machines", "machine_ids": self.machines[:2].ids},
            {"kind": "regions", "region_ids": east.ids},
            {"kind": "rest"},
        )
        by_wave = [
            campaign.install_ids.filtered(lambda one, w=wave: one.wave_id == w).machine_id
            for wave in campaign.wave_ids
        ]
        self.assertEqual(by_wave[:2], [self.machines[:2], there])
        self.assertEqual(len(by_wave[2]), 18)

    def test_only_so_many_at_once(self):
        campaign = self.started(max_parallel=4)
        self.assertEqual(self.states(campaign), {"sent": 4, "pending": 16})
        self.succeed(campaign.install_ids.filtered(lambda one: one.state == "sent")[:3])
        self.run_campaign(campaign)
        self.assertEqual(self.states(campaign), {"succeeded": 3, "sent": 4, "pending": 13})

    def test_stops_by_itself_and_resumes_after_exclusion(self):
        campaign = self.started(max_parallel=10, stop_least=5, stop_percent=20.0)
        sent = campaign.install_ids.filtered(lambda one: one.state == "sent")
        self.succeed(sent[:4])
        self.break_down(sent[4:5])
        self.run_campaign(campaign)
        self.assertEqual(campaign.state, "running", "one of five is 20 %, not more")
        self.break_down(sent[5:6], "rolled_back")
        self.run_campaign(campaign)
        self.assertEqual(campaign.state, "stopped")
        self.assertIn("2 of 6 machines failed", campaign.reason)
        self.assertTrue(campaign.activity_ids)
        before = len(self.commands())
        self.run_campaign(campaign)
        self.assertEqual(len(self.commands()), before, "nothing is sent while it stands")
        failed = campaign.install_ids.filtered(lambda one: one.state in ("failed", "rolled_back"))
        failed.action_exclude()
        campaign.action_resume()
        self.run_campaign(campaign)
        self.assertEqual((campaign.state, campaign.reason), ("running", False))
        for _round in range(3):
            self.succeed(campaign.install_ids.filtered(lambda one: one.state == "sent"))
            self.run_campaign(campaign)
        self.assertEqual(self.states(campaign), {"succeeded": 18, "failed": 1, "rolled_back": 1})
        self.assertEqual(campaign.state, "done")

    def test_a_wave_that_ends_below_its_mark_stops_the_campaign(self):
        campaign = self.started(
            {"kind": "percent", "percent": 10.0}, {"kind": "rest"}, stop_least=100
        )
        first = campaign.install_ids.filtered(lambda one: one.state == "sent")
        self.succeed(first[:1])
        self.break_down(first[1:])
        self.run_campaign(campaign)
        self.assertEqual(campaign.state, "stopped")
        self.assertIn("1 of 2 machines run the version", campaign.reason)
        first[1:].action_retry()
        campaign.action_resume()
        self.run_campaign(campaign)
        self.assertEqual((first[1].state, first[1].attempts), ("sent", 1))
        self.succeed(first[1:])
        self.run_campaign(campaign)
        self.assertEqual(campaign.wave_ids.mapped("state"), ["passed", "running"])

    def test_pause_resume_close(self):
        campaign = self.started(max_parallel=5)
        campaign.action_pause()
        campaign.action_pause()
        self.succeed(campaign.install_ids.filtered(lambda one: one.state == "sent")[:2])
        self.run_campaign(campaign)
        self.assertEqual(self.states(campaign), {"succeeded": 2, "sent": 3, "pending": 15})
        campaign.action_resume()
        self.run_campaign(campaign)
        self.assertEqual(self.states(campaign), {"succeeded": 2, "sent": 5, "pending": 13})
        campaign.action_close()
        self.assertEqual(self.states(campaign), {"succeeded": 2, "skipped": 18})
        with self.assertRaises(UserError):
            campaign.action_resume()
        queued = self.commands().filtered(lambda one: one.state == "queued")
        self.assertFalse(queued.filtered(lambda c: c.uuid in campaign.install_ids.filtered(
            lambda one: one.state == "skipped").mapped("command_uuid")))  # fmt: skip

    def test_what_is_settled_stays(self):
        campaign = self.started(max_parallel=1)
        for values in (
            {"firmware_id": self.artefact.id},
            {"region_id": self.region.id},
            {"downgrade": True},
        ):
            with self.assertRaises(UserError):
                campaign.write(values)
        with self.assertRaises(UserError):
            campaign.wave_ids.percent = 5.0
        with self.assertRaises(UserError):
            campaign.wave_ids.create({"campaign_id": campaign.id, "name": "More"})
        with self.assertRaises(UserError):
            campaign.unlink()
        campaign.max_parallel = 7

    def test_by_night_only(self):
        self.place.tz = "Asia/Shanghai"
        campaign = self.make_campaign(
            self.artefact, self.place, use_window=True, window_from=2.0, window_to=5.0
        )
        campaign.action_start()
        midnight = fields.Datetime.now().replace(hour=0, minute=0, second=0)
        for hour, sent in ((10, 0), (17.75, 0), (20.9, 0), (18.5, 20)):  # UTC; there 8 h later
            campaign._round(midnight + timedelta(hours=hour))
            self.env.flush_all()
            self.assertEqual(self.states(campaign).get("sent", 0), sent, hour)
        self.assertEqual(
            set(self.commands().mapped("expires_at")), {midnight + timedelta(hours=21)}
        )

    def test_not_before(self):
        later = fields.Datetime.now() + timedelta(hours=3)
        campaign = self.started(not_before=later)
        self.assertEqual(self.states(campaign), {"pending": 20})
        self.run_campaign(campaign, timedelta(hours=3, minutes=1))
        self.assertEqual(self.states(campaign), {"sent": 20})

    def test_one_machine_in_one_campaign_that_runs(self):
        first = self.started(machine_ids=self.machines[:5].ids)
        second = self.make_campaign(self.artefact, self.place)
        self.assertIn("5 are in another campaign", second.plan_text)
        second.action_start()
        self.assertEqual(len(second.install_ids), 15)
        self.assertFalse(first.install_ids.machine_id & second.install_ids.machine_id)
        third = self.make_campaign(self.artefact, self.place)
        with self.assertRaisesRegex(UserError, "20 are in another campaign"):
            third.action_start()

    def test_who_comes_later_joins_where_asked(self):
        for joins in (True, False):
            campaign = self.started(join_late=joins)
            late = self.make_machines(1, self.place, model_id=self.machines.model_id.id)
            self.run_campaign(campaign)
            self.assertEqual(late in campaign.install_ids.machine_id, joins)
            campaign.action_close()

    def test_who_leaves_or_is_suspended(self):
        campaign = self.make_campaign(self.artefact, self.place)
        campaign.action_start()
        suspended, (moved, offline, there) = self.machines[-1], self.machines[:3]
        suspended.action_suspend()
        moved._move_to(self.machine.site_id)
        offline.connection_state = "offline"
        there.firmware = "3.0.0"
        self.run_campaign(campaign)
        found = {m: self.install(campaign, m).state for m in (suspended, moved, offline, there)}
        self.assertEqual(
            found,
            {suspended: "pending", moved: "skipped", offline: "pending", there: "skipped"},
        )
        suspended.action_activate()
        (offline | suspended).connection_state = "online"
        self.run_campaign(campaign)
        self.assertEqual(self.install(campaign, suspended).state, "sent")
        self.assertEqual(self.install(campaign, offline).state, "sent")

    def test_versions_that_were_asked_for(self):
        self.machines[:3].write({"firmware": "2.3.9"})
        self.machines[3:5].write({"firmware": "2.5.0-rc.1"})
        self.machines[5].firmware = "home-made"
        self.machines[6].firmware = False
        campaign = self.make_campaign(
            self.artefact, self.place, from_least="2.4.0", from_below="2.5.0"
        )
        campaign.action_start()
        self.assertEqual(campaign.install_ids.machine_id, self.machines[3:5] | self.machines[7:])

    def test_withdrawn_stops(self):
        campaign = self.started(max_parallel=2)
        with keys():
            self.artefact.action_withdraw()
        self.assertEqual(campaign.state, "stopped")
        self.assertIn("withdrawn", campaign.reason)
        with self.assertRaises(UserError):
            campaign.action_resume()

    def test_only_released_versions(self):
        draft = self.make_firmware("4.0.0", release=False)
        campaign = self.make_campaign(draft, self.place)
        with self.assertRaisesRegex(UserError, "not released"):
            campaign.action_start()

    def test_roll_back(self):
        former, older = (self.make_firmware(v) for v in ("2.4.1", "2.3.0"))
        self.machines[:4].write({"firmware": "2.3.0"})
        campaign = self.started()
        took = campaign.install_ids.sorted("machine_id")[:10]
        self.succeed(took)
        campaign.action_roll_back()
        self.assertEqual(campaign.state, "done")
        backs = campaign.rollback_ids
        self.assertEqual(backs.firmware_id, former | older)
        self.assertEqual(backs.machine_ids, took.machine_id)
        campaign.action_roll_back()
        self.assertEqual(campaign.rollback_ids, backs, "asked twice, drafted once")
        backs.action_start()
        for back in backs:
            self.run_campaign(back)
            self.succeed(back.install_ids)
            self.run_campaign(back)
        self.assertEqual(set(backs.mapped("state")), {"done"})
        self.assertEqual(set(self.machines[:4].mapped("firmware")), {"2.3.0"})
        self.assertEqual(set(self.machines.mapped("firmware")), {"2.4.1", "2.3.0"})
        self.assertEqual(self.states(campaign), {"succeeded": 10, "skipped": 10})

    def test_roll_back_needs_the_former_image(self):
        campaign = self.started()
        self.succeed(campaign.install_ids[:1])
        with self.assertRaisesRegex(UserError, r"no released image of 2\.4\.1"):
            campaign.action_roll_back()
        self.assertEqual(campaign.state, "running")
