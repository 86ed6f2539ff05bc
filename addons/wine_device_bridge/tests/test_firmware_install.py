# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..core import schema
from .test_firmware_campaign import CampaignCommon


@tagged("post_install", "-at_install")
class TestFirmwareInstall(CampaignCommon):
    """What one machine says and shows: late, twice, in any order, or not at all."""

    def setUp(self):
        super().setUp()
        self.one = self.machines[:1]
        self.campaign = self.started(machine_ids=self.one.ids, stop_least=100)
        self.update = self.campaign.install_ids

    def later(self, **delta):
        self.run_campaign(self.campaign, timedelta(**delta))

    def test_the_command_keeps_the_contract(self):
        command = self.commands()
        message = {"id": command.uuid, "type": command.type, "args": command.args}
        message["exp"] = f"{command.expires_at.isoformat()}Z"
        self.assertIsNone(schema.fault("cmd", message))
        self.assertEqual(command.uuid, self.update.command_uuid)
        self.assertEqual(self.update.from_version, "2.4.1")

    def test_says_and_shows(self):
        for status in ("received", "in_progress"):
            self.ack(self.update, status)
            self.assertEqual(self.update.state, status)
        self.ack(self.update, "received")
        self.assertEqual(self.update.state, "in_progress", "old news")
        self.ack(self.update, "succeeded")
        self.assertEqual(self.update.state, "answered")
        self.shows(self.one, "3.0.0")
        self.assertEqual(self.update.state, "succeeded")
        self.run_campaign(self.campaign)
        self.assertEqual(self.campaign.state, "done")

    def test_shows_before_it_says_and_everything_twice(self):
        births = self.shows(self.one, "3.0.0")
        acks = self.ack(self.update, "succeeded")
        self.assertEqual(self.update.state, "succeeded")
        ended = self.update.ended_at
        self.store(births, acks, births, acks)
        self.project()
        self.ack(self.update, "succeeded")
        self.ack(self.update, "in_progress")
        self.ack(self.update, "failed", "install_failed")
        self.assertEqual((self.update.state, self.update.ended_at), ("succeeded", ended))

    def test_a_birth_from_before_the_answer_says_nothing(self):
        """Reordered: the last birth of the former version arrives after the answer."""
        self.ack(self.update, "succeeded")
        self.shows(self.one, "2.4.1", when=self.ago(minutes=1))
        self.assertEqual(self.update.state, "answered")
        self.shows(self.one, "3.0.0")
        self.assertEqual(self.update.state, "succeeded")
        self.shows(self.one, "2.4.1", when=self.ago(minutes=1))
        self.assertEqual(self.update.state, "succeeded")

    def test_says_done_and_shows_the_former_version(self):
        self.ack(self.update, "succeeded", when=self.ago(minutes=1))
        self.shows(self.one, "2.4.1")
        self.assertEqual(self.update.state, "answered")
        self.later(minutes=31)
        self.assertEqual((self.update.state, self.update.code), ("rolled_back", "old_version"))

    def test_says_done_and_shows_nothing_until_much_later(self):
        self.ack(self.update, "succeeded", when=self.ago(minutes=1))
        self.later(minutes=31)
        self.assertEqual((self.update.state, self.update.code), ("failed", "not_confirmed"))
        self.shows(self.one, "3.0.0")
        self.assertEqual((self.update.state, self.update.code), ("succeeded", False))

    def test_back_to_the_former_version_after_its_success(self):
        self.shows(self.one, "3.0.0", when=self.ago(minutes=2))
        self.ack(self.update, "succeeded", when=self.ago(minutes=2))
        self.shows(self.one, "2.4.1")
        self.assertEqual((self.update.state, self.update.code), ("rolled_back", "late"))

    def test_tried_and_undone(self):
        self.ack(self.update, "in_progress")
        self.shows(self.one, "3.0.0")
        self.shows(self.one, "2.4.1")
        self.ack(self.update, "failed", "rolled_back")
        self.assertEqual(self.update.state, "rolled_back")

    def test_refused(self):
        self.ack(self.update, "rejected", "bad_signature")
        self.assertEqual((self.update.state, self.update.code), ("rejected", "bad_signature"))
        self.later(hours=1)
        self.assertEqual(len(self.commands()), 1, "a signature does not mend itself")

    def test_a_download_is_tried_again_under_a_new_identity(self):
        identities = set()
        for attempt in (1, 2, 3):
            self.assertEqual((self.update.state, self.update.attempts), ("sent", attempt))
            identities.add(self.update.command_uuid)
            self.ack(self.update, "failed", "download_failed")
            self.later(minutes=5)
            self.assertNotEqual(self.update.state, "sent", "not at once")
            self.later(hours=1)
        self.assertEqual((self.update.state, self.update.code), ("failed", "download_failed"))
        self.assertEqual(len(identities), 3)

    def test_an_answer_to_an_earlier_attempt_changes_nothing(self):
        first = self.update.command_uuid
        self.ack(self.update, "failed", "busy")
        self.later(hours=1)
        self.ack(self.update, "failed", "install_failed", uuid=first)
        self.assertEqual(self.update.state, "sent")

    def test_another_machine_cannot_answer(self):
        self.ack(self.update, "succeeded", machine=self.machines[1])
        self.assertEqual(self.update.state, "sent")

    def test_offline_it_waits_and_is_asked_again_under_the_same_identity(self):
        command = self.commands()
        command.state = "sent"
        self.one.connection_state = "offline"
        self.later(hours=5)
        self.assertEqual(self.update.state, "pending")
        self.env["wine.bridge.command"]._cron_expire()
        self.one.connection_state = "online"
        self.later(hours=6)
        self.assertEqual(self.update.state, "sent")
        self.assertEqual((self.commands(), command.state), (command, "queued"))
        self.assertGreater(command.expires_at, fields.Datetime.now() + timedelta(hours=9))
        self.assertEqual((self.update.attempts, self.update.renewals), (1, 0))
        self.shows(self.one, "3.0.0")
        self.ack(self.update, "succeeded")
        self.assertEqual(self.update.state, "succeeded")

    def test_online_and_silent_it_is_asked_again_and_given_up(self):
        for times in (1, 2, 3):
            self.later(hours=5 * times)
            self.assertEqual((self.update.state, self.update.renewals), ("sent", times))
        self.later(hours=20)
        self.assertEqual((self.update.state, self.update.code), ("failed", "no_answer"))
        self.assertEqual(len(self.commands()), 1)
        self.shows(self.one, "3.0.0")
        self.ack(self.update, "succeeded")
        self.assertEqual(self.update.state, "succeeded", "it did it after all")

    def test_already_there(self):
        self.one.firmware = "3.0.0"
        self.ack(self.update, "succeeded", "already")
        self.assertEqual(self.update.state, "succeeded")

    def test_after_the_campaign_was_closed(self):
        self.ack(self.update, "in_progress")
        self.campaign.action_close()
        self.assertEqual((self.update.state, self.update.code), ("skipped", "closed"))
        self.shows(self.one, "3.0.0")
        self.ack(self.update, "succeeded")
        self.assertEqual(self.update.state, "succeeded")

    def test_who_could_not_fetch_because_it_was_stopped_tries_again(self):
        self.ack(self.update, "in_progress")
        self.campaign.action_stop()
        self.ack(self.update, "failed", "download_failed")
        self.assertEqual((self.update.state, self.update.attempts), ("pending", 0))
        self.campaign.action_resume()
        self.later(hours=1)
        self.assertEqual((self.update.state, self.update.attempts), ("sent", 1))

    def test_nonsense_changes_nothing(self):
        for data in (
            {"cmd": self.update.command_uuid},
            {"cmd": 7, "status": "succeeded"},
            {"status": "succeeded"},
        ):
            self.store(self.publish(self.envelope("ack", data, seq=None), channel="ack"))
            self.project()
        self.assertEqual(self.update.state, "sent")
