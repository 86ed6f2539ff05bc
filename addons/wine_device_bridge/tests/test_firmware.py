# SPDX-License-Identifier: LGPL-3.0-or-later
import base64
import hashlib

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..core import firmware
from .common import BridgeCommon
from .firmware import PRIVATE, FirmwareKit, keys


@tagged("post_install", "-at_install")
class TestFirmware(FirmwareKit, BridgeCommon):
    """An image: hashed as it is stored, signed by the maker, sealed at its release."""

    def draft(self, version="3.0.0", **values):
        models = self.machine.model_id
        return self.env["wine.firmware"].create(
            {
                "version": version,
                "model_ids": models.ids,
                "file": base64.b64encode(b"image"),
                **values,
            }
        )

    def signature(self, image=b"image", version="3.0.0", private=PRIVATE):
        return firmware.sign(private, version, hashlib.sha256(image).hexdigest())

    def test_hash_and_size_of_what_is_stored(self):
        one = self.draft()
        self.assertEqual((one.sha256, one.size), (hashlib.sha256(b"image").hexdigest(), 5))
        one.file = base64.b64encode(b"another")
        self.assertEqual((one.sha256, one.size), (hashlib.sha256(b"another").hexdigest(), 7))

    def test_a_large_image_is_hashed_piece_by_piece(self):
        image = b"0123456789abcdef" * (3 * 64 * 1024)
        one = self.draft(file=base64.b64encode(image))
        self.assertEqual(one.sha256, hashlib.sha256(image).hexdigest())

    def test_offline_signature_is_verified_on_upload(self):
        with keys(private=False):
            one = self.draft(signature=self.signature())
            self.assertTrue(one.is_signed)
            one.action_release()
            self.assertEqual((one.state, one.released_by_id), ("released", self.env.user))
            for wrong in (
                self.signature(b"other"),
                self.signature(version="3.0.1"),
                self.signature(private=bytes(32)),
                "nonsense",
            ):
                with self.assertRaises(ValidationError):
                    self.draft("4.0.0", signature=wrong)

    def test_nothing_is_released_unsigned(self):
        one = self.draft()
        with keys(private=False), self.assertRaises(UserError):
            one.action_release()
        with keys(private=False), self.assertRaisesRegex(UserError, "holds no private key"):
            one.action_sign()
        with keys():
            one.action_sign()
            self.assertEqual(one.signature, self.signature())
            one.action_release()

    def test_another_file_or_version_takes_the_signature_away(self):
        with keys():
            one = self.draft()
            one.action_sign()
            one.file = base64.b64encode(b"another")
            self.assertFalse(one.signature)
            one.action_sign()
            one.version = "3.0.1"
            self.assertFalse(one.signature)

    def test_an_image_that_was_exchanged_behind_the_form_is_not_released(self):
        with keys():
            one = self.draft()
            one.action_sign()
            one._stored().raw = b"exchanged"
            with self.assertRaises(UserError):
                one.action_release()

    def test_released_is_sealed(self):
        one = self.make_firmware("3.0.0")
        for values in (
            {"version": "3.0.1"},
            {"file": base64.b64encode(b"x")},
            {"signature": "x"},
            {"sha256": "0"},
            {"model_ids": []},
        ):
            with self.assertRaisesRegex(UserError, "stand for ever"):
                one.write(values)
        one.notes = "Known faults"
        with keys():
            one.action_release()
            one.action_withdraw()
            one.action_withdraw()
            self.assertEqual(one.state, "withdrawn")
            with self.assertRaises(UserError):
                one.action_release()

    def test_versions(self):
        for wrong in ("3", "3.0", "v3.0.0", "3.0.0 ", "03.0.0", "latest", "3.0.0-"):
            with self.assertRaises(ValidationError):
                self.draft(wrong)
        made = [self.draft(v) for v in ("3.0.0", "3.0.0-rc.2", "10.0.0", "3.0.0-rc.10", "3.0.1")]
        ordered = self.env["wine.firmware"].search([("id", "in", [one.id for one in made])])
        self.assertEqual(
            ordered.mapped("version"), ["10.0.0", "3.0.1", "3.0.0", "3.0.0-rc.10", "3.0.0-rc.2"]
        )

    def test_who_may(self):
        manager = new_test_user(
            self.env, "fw-manager", "wine_vending.group_wine_region_manager"
        )  # fmt: skip
        one = self.draft()
        with keys(), self.assertRaises(AccessError):
            one.with_user(manager).action_release()
        with self.assertRaises(AccessError):
            one.with_user(manager).read(["version"])
        with keys():
            one.action_sign()
            one.action_release()
        self.assertEqual(one.with_user(manager).version, "3.0.0")
        with keys(), self.assertRaises(AccessError):
            one.with_user(manager).action_withdraw()

    def test_the_private_key_is_nowhere_in_the_database(self):
        self.make_firmware("3.0.0")
        secret = base64.b64encode(PRIVATE).decode()
        for model in ("ir.config_parameter", "wine.firmware"):
            for row in self.env[model].search([]).read():
                self.assertNotIn(secret, str(row))
