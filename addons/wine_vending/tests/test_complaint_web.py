# SPDX-License-Identifier: LGPL-3.0-or-later
import io
import re
from datetime import timedelta
from uuid import uuid4

from lxml import html
from PIL import Image

from odoo import fields
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .test_complaint import ComplaintCommon


def picture(kind="JPEG", side=40):
    stream = io.BytesIO()
    image = Image.new("RGB", (side, side), "red")
    exif = Image.Exif()
    exif[0x010E] = "SECRET-PLACE"
    image.save(stream, kind, exif=exif)
    return stream.getvalue()


class WebCommon(ComplaintCommon, HttpCase):
    """People at the page of a machine."""

    session = None  # here it is that of HTTP, not the trading day

    def setUp(self):
        super().setUp()
        self.page_url = f"/wine/help/{self.machine.uuid}"

    def hidden(self, html):
        found = dict(
            re.findall(r'<input type="hidden" name="(csrf_token|ref|seal)" value="([^"]*)"', html)
        )
        self.assertEqual(set(found), {"csrf_token", "ref", "seal"})
        return found

    def form(self, url=None, vend=None, **values):
        """What a browser posts: the hidden fields of the page and what was typed."""
        page = self.url_open(url or self.page_url)
        self.assertEqual(page.status_code, 200)
        known = {}
        if vend:
            known = {
                "happened_at": vend.moment.strftime("%Y-%m-%dT%H:%M"),
                "slot_code": vend.slot_code,
                "amount": f"{vend.amount_total:.2f}",
            }
        return {
            **self.hidden(page.text),
            "kind": "nothing",
            "happened_at": fields.Datetime.now().strftime("%Y-%m-%dT%H:%M"),
            "email": f"{uuid4().hex[:8]}@example.com",
            **known,
            **values,
        }

    def send(self, form, url=None, files=None, code=303):
        answer = self.url_open(url or self.page_url, data=form, files=files, allow_redirects=False)
        self.assertEqual(answer.status_code, code, answer.text[:2000])
        self.env.invalidate_all()
        return answer

    def by_ref(self, form):
        return self.env["wine.complaint"].search([("uuid", "=", form["ref"])])


@tagged("post_install", "-at_install")
class TestHelpPage(WebCommon):
    """No login, no list of vends, one complaint for one page."""

    def test_nothing_came_out(self):
        vend = self.sold()
        form = self.form(vend=vend, text="It hummed & stopped")
        answer = self.send(form)
        complaint = self.by_ref(form)
        self.assertEqual((complaint.state, complaint.channel), ("refunded", "web"))
        self.assertEqual(complaint.region_id, self.region)
        self.assertEqual(vend.state, "refunded")
        status = self.url_open(answer.headers["Location"])
        self.assertIn("Money back: done", status.text)
        self.assertIn("120.00", status.text)
        self.assertEqual(status.headers["Cache-Control"], "no-store")

    def test_sent_twice(self):
        vend = self.sold()
        form = self.form(vend=vend)
        first, again = self.send(form), self.send(form)
        self.assertEqual(first.headers["Location"], again.headers["Location"])
        self.assertEqual(len(self.by_ref(form)), 1)
        self.assertEqual(len(self.refunds(vend)), 1)

    def test_the_answer_does_not_tell_whether_a_vend_was_found(self):
        vend = self.sold(sensor="confirmed")
        pages = [
            self.url_open(self.send(form).headers["Location"]).text
            for form in (self.form(vend=vend), self.form(slot_code="Z9", amount="1.00"))
        ]
        # tokens change with the second in which a page is made
        plain = [re.sub(r"csrf_token: \"\w+\"|session_info__ = .*", "", page) for page in pages]
        plain = [
            re.sub(r"R\d{6}|/status/\w+|csrf_token\S+|value=\"\w+\"|[\d:]+\s[AP]M", "", page)
            for page in plain
        ]
        self.assertEqual(plain[0], plain[1])
        for page in pages:
            self.assertNotIn(vend.name, page)
            said = html.fromstring(page).get_element_by_id("wrap").text_content()
            self.assertNotIn("120", re.sub(r"R\d{6}", "", said))

    def test_no_vend_is_shown_on_the_form(self):
        vend = self.sold()
        page = self.url_open(self.page_url).text
        for secret in (vend.name, vend.uuid, self.wine.name, "4242"):
            self.assertNotIn(secret, page)

    def test_an_unknown_machine_looks_like_no_machine(self):
        for url in ("/wine/help", f"/wine/help/{uuid4()}", "/wine/help/nonsense"):
            page = self.url_open(url)
            self.assertEqual(page.status_code, 200)
            self.assertIn('name="plate"', page.text)

    def test_the_number_on_the_machine(self):
        for plate, machine in ((self.machine.serial, self.machine), ("%", None), ("no such", None)):
            form = self.form("/wine/help", plate=plate)
            self.send(form, "/wine/help")
            complaint = self.by_ref(form)
            self.assertEqual(complaint.machine_id, machine or self.machine.browse())
            self.assertEqual(complaint.machine_said, plate)
            self.assertEqual(complaint.state, "in_case")

    def test_local_time_of_the_machine(self):
        self.region.tz = "Asia/Shanghai"
        vend = self.sold()
        local = (vend.moment + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")
        form = self.form(vend=vend, happened_at=local)
        self.send(form)
        self.assertEqual(self.by_ref(form).vend_id, vend)

    def test_what_cannot_be_used_is_said_and_the_rest_kept(self):
        for values, words in (
            ({"kind": "theft"}, "Choose what happened"),
            ({"happened_at": "yesterday"}, "at what time"),
            ({"happened_at": "2020-01-01T10:00"}, "too long ago"),
            ({"amount": "1e9"}, "as a number"),
            ({"card_last4": "12"}, "four digits"),
            ({"email": "not an address", "phone": ""}, "e-mail address or a phone"),
        ):
            form = self.form(text="Keep my words", **values)
            answer = self.send(form, code=400)
            self.assertIn(words, answer.text)
            self.assertIn("Keep my words", answer.text)
            self.assertFalse(self.by_ref(form))

    # === AGAINST ABUSE === #

    def test_without_our_token_nothing_is_taken(self):
        form = self.form()
        for token in ("", "x" * 40):
            with mute_logger("odoo.http"):
                self.send({**form, "csrf_token": token}, code=400)
        self.assertFalse(self.by_ref(form))

    def test_a_made_up_identity_is_replaced(self):
        """Who knows the identity of another complaint does not get its page by it."""
        first = self.form()
        self.send(first)
        stolen = {**self.form(), "ref": first["ref"]}
        answer = self.send(stolen)
        self.assertNotIn(self.by_ref(first).access_token, answer.headers["Location"])
        self.assertEqual(len(self.by_ref(first)), 1)

    def test_the_trap(self):
        form = self.form(homepage="http://spam.example")
        answer = self.send(form, code=200)
        self.assertIn("Thank you", answer.text)
        self.assertFalse(self.by_ref(form))

    def test_not_more_than_people_do(self):
        for _number in range(6):
            self.send(self.form())
        form = self.form()
        answer = self.send(form, code=429)
        self.assertIn("Please wait", answer.text)
        self.assertFalse(self.by_ref(form))

    def test_scripts_stay_words(self):
        evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
        form = self.form(text=evil, contact_name=evil, slot_code="<b>x")
        status_url = self.send(form).headers["Location"]
        complaint = self.by_ref(form)
        token = self.hidden_token(status_url)
        self.url_open(status_url, data={"csrf_token": token, "note": evil})
        page = self.url_open(status_url).text
        self.assertNotIn("<script>alert", page)
        self.assertNotIn("<img src=x", page)
        self.assertIn("&lt;script&gt;alert", page)
        for mail in self.mails(complaint):
            self.assertNotIn("<script", mail.body_html)
            self.assertNotIn("<img src=x", mail.body_html)
        form = self.form(text=evil, kind="theft")
        self.assertNotIn("<script>alert", self.send(form, code=400).text)

    def hidden_token(self, url):
        return re.search(r'name="csrf_token" value="([^"]+)"', self.url_open(url).text).group(1)

    # === PHOTOS === #

    def test_photos_are_cleaned(self):
        form = self.form()
        files = [("photo", ("a.jpg", picture(), "image/jpeg"))] * 2
        self.send(form, files=files)
        photos = self.by_ref(form).photo_ids
        self.assertEqual(len(photos), 2)
        for photo in photos:
            self.assertEqual(photo.mimetype, "image/jpeg")
            self.assertNotIn(b"SECRET-PLACE", photo.raw)
            self.assertFalse(photo.public)
            self.assertEqual(
                (photo.res_model, photo.res_id), ("wine.complaint", self.by_ref(form).id)
            )
            answer = self.url_open(f"/web/content/{photo.id}")
            self.assertEqual(answer.status_code, 404, "nobody outside sees it")

    def test_what_is_no_photo(self):
        svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
        for name, raw in (
            ("a.svg", svg),
            ("a.jpg", svg),
            ("a.jpg", b"MZ\x90\x00 program"),
            ("a.png", b"\x89PNG\r\n\x1a\n broken"),
            ("a.pdf", b"%PDF-1.4"),
            ("a.gif", picture("GIF")),
            ("a.jpg", b"\xff\xd8\xff\xe0" + b"\x00" * (6 * 1024 * 1024)),
        ):
            with self.subTest(name=name, start=raw[:8]):
                form = self.form()
                answer = self.send(form, files=[("photo", (name, raw, "image/jpeg"))], code=400)
                self.assertIn("hoto", answer.text)
                self.assertFalse(self.by_ref(form))

    def test_too_many_and_too_much(self):
        form = self.form()
        self.send(form, files=[("photo", ("a.jpg", picture(), "image/jpeg"))] * 4, code=400)
        self.assertFalse(self.by_ref(form))
        with mute_logger("odoo.http"):
            answer = self.url_open(
                self.page_url,
                data=form,
                files=[
                    ("photo", ("a.jpg", b"\xff\xd8\xff" + b"0" * 30 * 1024 * 1024, "image/jpeg"))
                ],
                allow_redirects=False,
            )
        self.assertEqual(answer.status_code, 413)
        self.assertFalse(self.by_ref(form))


@tagged("post_install", "-at_install")
class TestHelpStatus(WebCommon):
    """The page of one complaint: for who holds its key, and nobody else."""

    def test_no_key_no_page(self):
        complaint = self.filed(self.sold(sensor="confirmed"))
        for key in (
            "x",
            str(complaint.id),
            complaint.name,
            complaint.uuid,
            "0" * 64,
            "%" * 40,
            complaint.access_token[:-1],
            f"{complaint.access_token}0",
        ):
            with self.subTest(key=key):
                answer = self.url_open(f"/wine/help/status/{key}", allow_redirects=False)
                self.assertEqual(answer.status_code, 404)
                self.assertNotIn("You told us", answer.text)
        self.assertEqual(self.url_open(complaint.access_url).status_code, 200)

    def test_being_looked_into(self):
        complaint = self.filed(self.sold(sensor="confirmed"))
        page = self.url_open(complaint.access_url).text
        self.assertIn("We look into it until", page)
        self.assertNotIn("sensor", page)
        self.assertNotIn(complaint.vend_id.name, page)

    def test_our_answer(self):
        complaint = self.filed(self.sold(sensor="confirmed"))
        mine = complaint.with_user(self.manager)
        mine.answer = "The sensor saw <b>the</b> bottle."
        mine.action_reject()
        page = self.url_open(complaint.access_url).text
        self.assertIn("The sensor saw &lt;b&gt;the&lt;/b&gt; bottle.", page)

    def test_internal_notes_stay_inside(self):
        complaint = self.filed(self.sold(sensor="confirmed"))
        complaint.message_post(body="He looks drunk", subtype_xmlid="mail.mt_note")
        complaint.with_user(self.manager).message_post(
            body="Was it cold?", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        page = self.url_open(complaint.access_url).text
        self.assertNotIn("drunk", page)
        self.assertIn("Was it cold?", page)

    def test_something_to_add_ends_somewhere(self):
        complaint = self.filed(self.sold(sensor="confirmed"))
        token = re.search(
            r'name="csrf_token" value="([^"]+)"', self.url_open(complaint.access_url).text
        ).group(1)
        for number in range(13):
            self.url_open(
                complaint.access_url, data={"csrf_token": token, "note": f"Word {number}"}
            )
        said = complaint.message_ids.filtered(lambda one: one.message_type == "comment")
        self.assertEqual(len(said), 10)


@tagged("post_install", "-at_install")
class TestComplaintPortal(WebCommon):
    """Each sees the own; a host files for machines at the own site."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {
            name: new_test_user(cls.env, f"complaint-{name}", "base.group_portal")
            for name in ("ann", "bob", "host", "rival")
        }
        cls.machine.site_id.host_partner_id = cls.people["host"].partner_id
        cls.elsewhere = cls.make_machine(cls.region, {"A1": cls.wine}, name="Rival Machine")
        cls.elsewhere.site_id.host_partner_id = cls.people["rival"].partner_id

    def log_in(self, name):
        self.authenticate(f"complaint-{name}", f"complaint-{name}")

    def test_own_complaints_only(self):
        own = self.filed(partner_id=self.people["ann"].partner_id.id)
        other = self.filed(partner_id=self.people["bob"].partner_id.id)
        self.log_in("ann")
        page = self.url_open("/my/complaints").text
        self.assertIn(own.name, page)
        self.assertNotIn(other.name, page)
        self.assertNotIn(other.access_token, page)

    def test_own_vends_only(self):
        vend, other = self.sold(), self.sold(slot="A2")
        vend.partner_id = self.people["ann"].partner_id
        other.partner_id = self.people["bob"].partner_id
        self.log_in("ann")
        page = self.url_open("/my/vends").text
        self.assertIn("Wine T-RED", page)
        self.assertNotIn("Wine T-SODA", page)

    def test_signed_in_at_the_machine(self):
        self.log_in("ann")
        vend = self.sold()
        form = self.form(vend=vend)
        self.send(form)
        complaint = self.by_ref(form)
        self.assertEqual(complaint.channel, "portal")
        self.assertEqual(complaint.partner_id, self.people["ann"].partner_id)

    def test_a_host_files_for_the_own_site(self):
        self.log_in("host")
        self.assertIn(self.machine.name, self.url_open("/my/complaints/new").text)
        url = f"/my/complaints/new/{self.machine.id}"
        form = self.form(url)
        self.send(form, url)
        complaint = self.by_ref(form)
        self.assertEqual((complaint.channel, complaint.site_id), ("site", self.machine.site_id))

    def test_a_host_of_another_site(self):
        self.log_in("rival")
        page = self.url_open("/my/complaints/new").text
        self.assertNotIn(self.machine.name, page)
        url = f"/my/complaints/new/{self.machine.id}"
        self.assertEqual(self.url_open(url).status_code, 404)
        own = f"/my/complaints/new/{self.elsewhere.id}"
        form = self.form(own)
        self.send(form, url, code=404)
        self.assertFalse(self.by_ref(form))

    def test_who_hosts_nothing(self):
        self.log_in("ann")
        for url in ("/my/complaints/new", f"/my/complaints/new/{self.machine.id}"):
            self.assertEqual(self.url_open(url).status_code, 404)

    def test_nobody_in_particular(self):
        for url in ("/my/complaints", "/my/vends", "/my/complaints/new"):
            answer = self.url_open(url, allow_redirects=False)
            self.assertEqual(answer.status_code, 303)
            self.assertIn("/web/login", answer.headers["Location"])
