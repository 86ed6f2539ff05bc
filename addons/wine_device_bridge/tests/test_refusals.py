# SPDX-License-Identifier: LGPL-3.0-or-later
"""Why a message was refused, in the language of the reader: no regular expression, no English."""

import json
import re

from odoo.tests import TransactionCase, tagged

from ..core import envelope, quarantine, schema
from ..models.refusals import FORMS, refusal_text
from ..models.words import CODES, said
from .test_quarantine import QuarantineCommon

CHINESE = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile(r"\b(?:the|is|must|than|was|or|and|other)\b")
UUID = "0199c39f-aaaa-7000-8000-00000000000a"


def keywords(node, wanted):
    """All values of a keyword in the published schemas."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == wanted and isinstance(value, str):
                yield value
            yield from keywords(value, wanted)
    elif isinstance(node, list):
        for value in node:
            yield from keywords(value, wanted)


@tagged("post_install", "-at_install")
class TestRefusalText(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")
        cls.env["ir.module.module"].search(
            [("name", "=", "wine_device_bridge")]
        )._update_translations(["zh_CN"])
        cls.chinese = cls.env(context={"lang": "zh_CN"})

    def assertHuman(self, reason):
        """Known in both languages, and Chinese in Chinese."""
        text = refusal_text(self.chinese, reason)
        self.assertRegex(text, CHINESE, reason)
        self.assertNotRegex(text, LATIN, reason)
        self.assertNotEqual(refusal_text(self.env, reason), reason)
        return text

    def test_every_form_of_the_protocol_has_words(self):
        forms = set(keywords(schema.schemas(), "pattern"))
        self.assertTrue(forms)
        self.assertEqual(forms - set(FORMS), set())
        for form in forms:
            text = self.assertHuman(f'data.price: the value does not match "{form}"')
            self.assertTrue(text.startswith("data.price"), text)
            self.assertNotIn("[0-9]", text)

    def test_what_the_reader_of_schemas_says_has_words(self):
        """Messages as they come, broken in every way that a keyword of a schema can see."""
        sale = {
            **{"vend_id": UUID, "slot": "A1", "sku": "X", "qty": 1, "price": "12.50"},
            **{"currency": "EUR", "pay": "cash", "price_version": 1, "outcome": "success"},
            "sensor": "confirmed",
        }
        whole = {
            **{"id": UUID, "epoch": 1, "seq": 1, "boot": UUID, "type": "vend.local"},
            **{"ts": "2026-01-31T12:00:00+00:00", "ts_q": "synced", "hist": False, "data": sale},
        }
        self.assertFalse(quarantine.faults(UUID, "evt", whole))
        bad = (None, "", [], {}, -1, 2**60, 1.5, "x" * 500, "\u4e0d", True, "2026-02-31T12:00:00Z")
        seen = set()
        for holder in (whole, sale):
            for name, good in list(holder.items()):
                for value in bad:
                    holder[name] = value
                    seen |= {one.text for one in quarantine.faults(UUID, "evt", whole)}
                del holder[name]
                seen |= {one.text for one in quarantine.faults(UUID, "evt", whole)}
                holder[name] = good
        self.assertGreater(len(seen), 15)
        for reason in seen:
            self.assertHuman(reason)

    def test_what_the_bridge_says_has_words(self):
        deep = "[" * 20 + "]" * 20
        sent = (
            *("{", '"x"', '{"machine": 5}', f'{{"machine": "{UUID}"}}', f'{{"a": {deep}}}', "[]"),
            *('{"id": "half', json.dumps({"x": "y" * envelope.MAX_BYTES}), '[{"a": 1}, {"b"'),
        )
        for text in sent:
            for channel in ("evt", "ack"):
                for one in envelope.read("another", channel, text.encode()):
                    self.assertHuman(one.reason)
        for reason in (
            "another message was stored under this identity",
            "epoch 9 was never given; the machine is in 1",
            "the topic names no machine of this database",
            "the platform cannot store it: NumericValueOutOfRange",
            "the bridge is not connected to the broker's control topic",
            "setClientPassword of x: Internal error",
            "epoch or seq is written as a fraction",
            envelope.UNSTORABLE,
        ):
            self.assertHuman(reason)

    def test_what_is_not_known_stays(self):
        for reason in ("something new", "data.price: something new", "100% %(x)s", ""):
            self.assertEqual(refusal_text(self.chinese, reason), reason)

    def test_codes_of_machines_have_words(self):
        for code in CODES:
            self.assertRegex(said(self.chinese, CODES, code), CHINESE)
        self.assertEqual(said(self.chinese, CODES, "E-17"), "E-17")


@tagged("post_install", "-at_install")
class TestRefusalShown(QuarantineCommon):
    def test_a_refused_sale_is_explained(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        _bad, _good, refused = self.bad_sale()
        self.assertIn("must be an amount", refused.result_text)
        self.assertIn("must be an amount", refused.fault_html)
        self.assertIn("[0-9]", refused.result, "as it was told to the device")
        chinese = refused.with_context(lang="zh_CN")
        self.assertRegex(chinese.result_text, CHINESE)
        self.assertNotIn("[0-9]", chinese.fault_html)
        guide = self.guide(chinese, _bad)
        self.assertRegex(guide.with_context(lang="zh_CN").verdict, CHINESE)

    def test_a_failed_one_is_explained_by_its_case(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        sale = self.sale()
        sale["data"]["currency"] = "XXX"
        self.store(self.publish(sale))
        self.project()
        row = self.env["wine.bridge.event"].search([("event_id", "=", sale["id"])])
        self.assertEqual(row.state, "failed")
        self.assertNotIn("failed:", row.result_text)
        self.assertRegex(row.with_context(lang="zh_CN").result_text, CHINESE)
