# SPDX-License-Identifier: LGPL-3.0-or-later
"""Whatever knocks at a door over HTTP gets an answer that docs/protocol names: never a 500."""

import base64
import gzip
import json
import random

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import wine_bridge_door
from .test_door import PATH, DoorCommon

BODIES = [
    b"", b"{", b"null", b"[]", b"7", b'"x"', b"\xff\xfe", b"\0", b"[" * 900 + b"]" * 900,
    b"[" * 100_000, b'{"a":' * 20_000, b'{"evt":' + b"9" * 5000 + b"}", b'{"evt":1e999}',
    b'{"evt":"\\ud800"}', b'{"evt":[{"id":"\\u0000"}]}', b'{"\\ud800":[]}', b'{"evt":{},"evt":[]}',
    b'{"evt":[null,1,"x",[],{}]}', b'{"desired_version":1e400}', b'{"desired_version":"\\ud800"}',
    b'{"desired_version":' + b"9" * 4200 + b"}", b'{"tele":{"data":{"temperature":1e999}}}',
    b'{"birth":{"data":{"next_seq":9e99}}}', b'{"evt":' + json.dumps([{}] * 600).encode() + b"}",
    b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"\x1f\x8b\x08\x00broken", gzip.compress(b"{}")[:-3],
]  # fmt: skip
CLAIMS = [
    b"", b"{", b"[" * 2000, b'{"serial":"\\ud800","code":"\\ud800"}', b'{"serial":1,"code":[]}',
    b'{"serial":"\\u0000","code":"x"}', b'{"serial":"' + b"x" * 1000 + b'","code":"0"}', b"\xff",
    b'{"serial":"\xf0\x9f\x8d\xb7","code":"\xc3\xa9\xef\xbc\x91"}',
    b'{"code":' + b"9" * 1900 + b"}",
    b'{"serial":"\\udfff","code":"0123456789"}', b'{"a":' * 400,
]  # fmt: skip
NAMES = [
    "", "Basic", "Basic !", "Basic " + "A" * 8000, "Bearer x", "Digest username=x",
    "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
    "Basic " + base64.b64encode(b"no colon").decode(),
    "Basic " + base64.b64encode(b"a\0b:\0").decode(),
    "Basic " + base64.b64encode("\u0661:\u202e".encode()).decode(),
    "Basic " + base64.b64encode(b"'; DROP TABLE wine_machine; --:x").decode(),
]  # fmt: skip


@tagged("post_install", "-at_install")
class TestDoorFuzz(DoorCommon):
    """No body, name or address makes a door fall over."""

    def sent(self, path, data=None, **headers):
        with mute_logger("odoo.http"):
            return self.url_open(path, data=data, headers=headers)

    def test_bodies_of_a_machine(self):
        for body in BODIES:
            with self.subTest(body=body[:40]):
                packed = gzip.compress(body)
                for sent, how in ((body or b" ", {}), (packed, {"Content_Encoding": "gzip"})):
                    self.env["wine.bridge.door"].search([]).tokens = 500
                    self.assertIn(self.knock(sent, **how).status_code, (200, 400, 413))
        self.env["wine.bridge.door"].search([]).tokens = 500
        self.assertIn(self.knock(b"{}", Content_Encoding="\xe9").status_code, (400, 200))

    def test_good_bodies_spoilt(self):
        """Bytes turned, cut and doubled."""
        draw = random.Random(31)
        good = json.dumps({"birth": self.birth(), "evt": [self.envelope(), self.envelope()]})
        door = self.env["wine.bridge.door"]
        for _n in range(60):
            body = bytearray(good.encode())
            for _turn in range(draw.randint(1, 6)):
                body[draw.randrange(len(body))] = draw.randrange(256)
            body = bytes(body[: draw.randint(0, len(body))] if draw.random() < 0.3 else body)
            self.assertIn(self.knock(body).status_code, (200, 400, 411))
            door.search([]).tokens = 500
        self.project()

    def test_names(self):
        for name in NAMES:
            with self.subTest(name=name[:40]):
                wine_bridge_door._right.clear()
                answer = self.sent(PATH, b"{}", Authorization=name)
                self.assertIn(answer.status_code, (401, 429))

    def test_claims(self):
        for body in CLAIMS:
            with self.subTest(body=body[:40]):
                answer = self.sent("/wine/device/claim", body or b" ")
                self.assertIn(answer.status_code, (400, 403, 429))

    def test_addresses_of_firmware(self):
        for address in ("1/1/x", f"{10**30}/{10**30}/x", "1/1/%C3%A9", "1/99999999999/%00",
                        f"1/{2**62}/" + "a" * 64, "0/0/%F0%9F%8D%B7"):  # fmt: skip
            with self.subTest(address=address[:40]):
                answer = self.sent(f"/wine/device/firmware/{address}")
                self.assertIn(answer.status_code, (403, 404))

    def test_tokens_of_the_watcher(self):
        for token in ("", "x", "\xe9\xff", "a" * 7000):
            for path in ("/wine/health", "/wine/metrics"):
                answer = self.sent(path, Authorization=f"Bearer {token}".encode("latin-1"))
                self.assertIn(answer.status_code, (401, 403))
