# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import fields
from odoo.tests import HttpCase, new_test_user, tagged

from .firmware import keys
from .test_firmware_campaign import CampaignCommon

IMAGE = bytes(range(256)) * 4096


@tagged("post_install", "-at_install")
class TestFirmwareFetch(CampaignCommon, HttpCase):
    """The address is of one machine, for a while; nobody else gets anything by it."""

    session = None  # here it is that of HTTP, not the trading day

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.artefact = cls.make_firmware("5.0.0", IMAGE)

    def setUp(self):
        super().setUp()
        two = self.machines[:2]
        self.campaign = self.started(machine_ids=two.ids)
        self.update, self.other = self.campaign.install_ids.sorted("machine_id")
        self.path = self.path_of(self.update)

    def path_of(self, install, until=None):
        expires = until or fields.Datetime.now() + timedelta(hours=1)
        self.env.flush_all()
        return urlsplit(install._link(expires.replace(microsecond=0))).path

    def fetch(self, path=None, **headers):
        self.env.flush_all()
        return self.url_open(path or self.path, headers=headers, allow_redirects=False)

    def test_whole_and_in_parts(self):
        answer = self.fetch()
        self.assertEqual((answer.status_code, answer.content), (200, IMAGE))
        part = self.fetch(Range="bytes=1000000-")
        self.assertEqual((part.status_code, part.content), (206, IMAGE[1000000:]))
        self.assertEqual(part.headers["Content-Range"], f"bytes 1000000-1048575/{len(IMAGE)}")
        self.assertEqual(self.fetch(Range="bytes=9999999-").status_code, 416)

    def test_the_link_of_the_command_works(self):
        path = urlsplit(self.commands()[0].args["url"]).path
        self.assertEqual(self.fetch(path).status_code, 200)

    def test_as_the_wrong_one(self):
        token = self.path.rsplit("/", 1)[1]
        install, until = self.path.split("/")[4:6]
        base = "/wine/device/firmware"
        for path in (
            f"{base}/{self.other.id}/{until}/{token}",
            f"{base}/{install}/{int(until) + 3600}/{token}",
            f"{base}/{install}/{until}/{token[:-1]}0" if token[-1] != "0" else f"{base}/1/2/x",
            f"{base}/{install}/{until}/x",
            f"{base}/{install}/{until}/%C3%A9",
            f"{base}/999999999/{until}/{token}",
            f"{base}/{install}/99999999999999999999/{token}",
            f"{base}/99999999999999999999/{until}/{token}",
            self.path_of(self.update, fields.Datetime.now() - timedelta(seconds=5)),
        ):
            with self.subTest(path=path):
                answer = self.fetch(path)
                self.assertEqual((answer.status_code, answer.content), (403, b"refused"))
        self.assertIn(self.fetch(f"{base}/-1/{until}/{token}").status_code, (403, 404))
        self.assertEqual(self.fetch().status_code, 200)

    def test_people_without_the_address_get_nothing(self):
        """Neither by the web client's own addresses, logged in as somebody or not."""
        new_test_user(self.env, "fw-portal", "base.group_portal")
        direct = f"/web/content/wine.firmware/{self.artefact.id}/file"
        for login in (None, "fw-portal"):
            self.authenticate(login, login)
            with self.subTest(login=login):
                answer = self.fetch(direct)
                self.assertNotIn(IMAGE[:64], answer.content)

    def test_not_to_everybody_at_every_time(self):
        def refused():
            self.assertEqual(self.fetch().status_code, 403)

        self.campaign.action_pause()
        self.assertEqual(self.fetch().status_code, 200, "what is under way goes on")
        self.campaign.action_stop()
        refused()
        self.campaign.action_resume()
        self.assertEqual(self.fetch().status_code, 200)
        self.update.machine_id.action_suspend()
        refused()
        self.update.machine_id.write({"connection_state": "online"})
        self.assertEqual(self.fetch(self.path_of(self.other)).status_code, 200)
        self.fail_as("rejected", self.other)
        self.assertEqual(self.fetch(self.path_of(self.other)).status_code, 403)

    def fail_as(self, status, install):
        self.ack(install, status, "bad_signature")

    def test_withdrawn(self):
        with keys():
            self.artefact.action_withdraw()
        self.assertEqual(self.fetch().status_code, 403)
