# SPDX-License-Identifier: LGPL-3.0-or-later
"""`firmware.update`, docs/protocol §7: believed by its signature, taken by its hash, undone alone.

An update is journalled at each stage, so that a power cut resumes it:
fetch (download, hash) → ready (wait for `not_before` and the sale in hand) → a power-up with the
new version → succeeded; or trial → a power-up with the old version → failed, `rolled_back`.
"""

import base64
import binascii
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fleet import clock
from fleet.errors import Refused

OUTCOMES = ("applied", "failed", "rolled_back")
TRIAL = 5.0  # seconds that a version runs before its self-test fails
HASH = re.compile(r"[0-9a-f]{64}")


def statement(version, sha256):
    """The bytes that are signed: no signature can be moved to another version or another image."""
    return f"{version}\n{sha256}".encode()


def sign(private, version, image):
    """`version`, `sha256` and `signature` of an image, by a raw private key of 32 bytes."""
    sha256 = hashlib.sha256(image).hexdigest()
    signature = Ed25519PrivateKey.from_private_bytes(private).sign(statement(version, sha256))
    return {"version": version, "sha256": sha256, "signature": base64.b64encode(signature).decode()}


def public(private):
    """The public key of a raw private key, as the configuration of a machine holds it."""
    key = Ed25519PrivateKey.from_private_bytes(private).public_key()
    return base64.b64encode(key.public_bytes_raw()).decode()


def believed(key, args):
    """Whether the signature of a command's arguments was made by the holder of `key`."""
    try:
        maker = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
        signature = base64.b64decode(args["signature"], validate=True)
        maker.verify(signature, statement(args["version"], args["sha256"]))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


class Firmware:
    """The updating side of a device. `forced` names outcomes of the next updates, for scripts."""

    def __init__(self, device):
        self.device = device
        self.forced = []

    @property
    def update(self):
        """The update in hand as the journal has it, or None; a plain restart has no stage."""
        update = self.device.state.pending_update
        return update if update and update.get("stage") else None

    # the command

    def ask(self, command, now):
        """`firmware.update` arrived: refuse what is not signed, begin what is. Raises Refused."""
        args = command["args"]
        self._check(args)
        if args["version"] == self.device.state.fw:
            return "succeeded", "already", None
        if self.device.state.pending_update:
            raise Refused("busy", "another restart is waiting")
        at = clock.parse(args["not_before"]) if args.get("not_before") else now
        update = {"cmd": command["id"], "fw": args["version"], "at": max(at, now)}
        update |= {key: args[key] for key in ("url", "sha256")}
        self._go(update | {"stage": "fetch", "until": clock.parse(command["exp"])}, now)
        return None

    def _check(self, args):
        if any(not isinstance(args[key], str) for key in ("version", "url", "sha256", "signature")):
            raise Refused("bad_args", "version, url, sha256 and signature are texts")
        if not HASH.fullmatch(args["sha256"]):
            raise Refused("bad_args", "sha256 is 64 small hexadecimal digits")
        if not args["url"].startswith(("https://", "http://")):
            raise Refused("bad_args", "url is neither https nor http")
        if not self.device.config.firmware_key:
            raise Refused("no_key", "this machine trusts no maker of firmware")
        if not believed(self.device.config.firmware_key, args):
            raise Refused("bad_signature")

    def _go(self, update, now, **values):
        answer = self.device.commands.answer(update["cmd"], "in_progress", update["stage"])
        self.device.commit(answer | {"set": {"pending_update": update} | values})
        self.device.commands.tell(update["cmd"], now)

    def _end(self, now, status, code=None, fw=None):
        """Answer, and forget the update; `fw` is the version that runs from now on."""
        update = self.device.state.pending_update
        values = {"pending_update": None, "fw": fw or self.device.state.fw}
        answer = self.device.commands.answer(update["cmd"], status, code)
        self.device.commit(answer | {"set": values})
        self.device.commands.tell(update["cmd"], now)

    # download

    def wanted(self):
        """URL of what has to be downloaded now, or None; whoever runs the device does it."""
        update = self.update
        return update["url"] if update and update["stage"] == "fetch" else None

    def fetched(self, image, now):
        """The download ended: bytes, or None where it failed. It counts for its hash only."""
        update = self.update
        if not update or update["stage"] != "fetch":
            return
        if image is None:
            self._end(now, "failed", "download_failed")
        elif hashlib.sha256(image).hexdigest() != update["sha256"]:
            self._end(now, "failed", "bad_hash")
        elif now > update["until"]:
            self._end(now, "expired", "download_late")
        else:
            self._go(update | {"stage": "ready", "outcome": self._outcome()}, now)

    def _outcome(self):
        if self.forced:
            return self.forced.pop(0)
        options, drawn = self.device.options, self.device.chance.random()
        if drawn < options.firmware_fail_rate:
            return "failed"
        late = options.firmware_fail_rate + options.firmware_rollback_rate
        return "rolled_back" if drawn < late else "applied"

    # power-ups

    def install(self, now):
        """The time has come: whether the machine shall restart. A failed writing needs none."""
        update = self.update
        if update and update["stage"] == "ready" and update["outcome"] == "failed":
            self._end(now, "failed", "install_failed")
            return False
        return True

    def recover(self, now):
        """After a power-up: the new version runs, or was tried and is gone again."""
        update = self.update
        if update["stage"] == "trial":  # whatever ended a trial, the old version starts
            return self._end(now, "failed", "rolled_back", update["old"])
        if update["stage"] != "ready" or now < update["at"] or update["outcome"] == "failed":
            return None
        if update["outcome"] == "applied":
            return self._end(now, "succeeded", None, update["fw"])
        trial = {"stage": "trial", "old": self.device.state.fw}
        trial["at"] = now + TRIAL / self.device.options.speed
        return self._go(update | trial, now, fw=update["fw"])
