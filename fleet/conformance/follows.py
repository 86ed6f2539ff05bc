# SPDX-License-Identifier: LGPL-3.0-or-later
"""Trials of what a platform does by itself: says that it listens, asks again, cancels, follows."""

import secrets
import time
import uuid

from fleet import clock, schema

REQUESTS = ("auth.deny", "auth.offer", "vend.authorize")
MARGIN, LONGEST = 1.0, 120.0  # seconds after an authorisation's end; its longest that is waited for


class Follows:
    """The trials; `device` is the `as_device.Device` that they are a part of.

    `kept` are the types of commands that a trial answers itself; such a one waits in `back`, sound
    in its form. `ended` are the ids of what the device has answered to its end.
    """

    def __init__(self, device):
        self.device, self.check = device, device.check
        self.kept, self.back, self.ended = set(), [], set()
        self.states, self.wanted = [], []

    # hearing

    def hear_state(self, heard, document):
        """§1: `platform/state` is retained, QoS 1, and says online or offline."""
        wrong = schema.faults("platform", document)
        how = heard.qos == 1 and heard.retain
        told = wrong or f"QoS {heard.qos}, retained {heard.retain}"
        self.check("1.platform", how and not wrong, told)
        self.states.append(document)

    # trials

    def listens(self):
        """§1: whoever looks sees that the platform is there."""
        device = self.device
        device.line.wait(lambda: self.states, device.patience)
        told = self.states[-1] if self.states else "nothing was retained"
        there = isinstance(told, dict) and told.get("state") == "online"
        self.check("1.platform", there, f"platform/state: {told}")

    def behind(self):
        """§4: a device that has no version yet finds the wanted one."""
        device = self.device
        device.line.wait(lambda: self.wanted, device.patience)
        versions = [document.get("version") for document in self.wanted]
        fine = any(type(version) is int and version > 0 for version in versions)
        self.check("8.behind", fine, f"desired_version 0, and desired: {versions or 'nothing'}")

    def resend(self, seq):
        """§7: a number that does not come is asked for; the command that does so, or None."""
        device, epoch = self.device, self.device.machine.epoch

        def found():
            asked = (one for one in self.back if one["type"] == "event.resend")
            return next((one for one in asked if _covers(one["args"], epoch, seq)), None)

        command = device.line.wait(found, device.resend)
        self.kept.discard("event.resend")
        self.check("7.resend", command, f"seq {seq} never came, not asked in {device.resend:g} s")
        return command

    def late(self):
        """§6: accepted after its time, so the platform cancels; nothing has moved."""
        device = self.device
        self.kept.update(("vend.authorize", "vend.cancel"))
        device.ask("authorise a vend at this machine")
        command = device.line.wait(lambda: self._back("vend.authorize"), device.attend)
        if command is None:
            return
        args = command["args"]
        device.answer(command, "received")
        left = clock.parse(args["expires_at"]) - time.time()
        if left > LONGEST:
            return
        time.sleep(max(left, 0) + MARGIN)
        vend_id = args["vend_id"]
        self.back.clear()
        device.tell("vend.accepted", {"vend_id": vend_id}, vend_id)
        stop = device.line.wait(lambda: self._back("vend.cancel", vend_id), device.patience)
        self.check("6.late", stop, f"no vend.cancel in {device.patience:g} s after its acceptance")
        result = {"vend_id": vend_id, "outcome": "failed", "slot": args["slot"], "qty": 0,
                  "sensor": "absent", "slot_state": "ok"}  # fmt: skip
        device.tell("vend.result", result, vend_id)
        device.answer(command, "failed", "expired")
        if stop:
            device.answer(stop, "rejected", "too_late")

    def _back(self, kind, vend_id=None):
        """What waits of a type, for one vend where it is named."""
        return next((command for command in self.back if command["type"] == kind
                     and vend_id in (None, command["args"]["vend_id"])), None)  # fmt: skip

    def followed(self):
        """§7: what was answered to its end is over, also for a device that begins anew.

        A second question is left without an answer: a platform that sends it again has seen that
        the device begins anew.
        """
        device, before = self.device, len(self.device.commands)
        over = set(self.ended)
        if not over:
            return
        self.kept.update(REQUESTS)
        device.request_by(secrets.token_hex(8))
        open_one = device.line.wait(lambda: device.commands[before:], device.answer_time)
        mark, device.boot = len(device.commands), str(uuid.uuid4())
        device.birth()
        open_id = open_one[0][1].get("id") if open_one else None
        device.line.wait(lambda: open_id in self._ids(mark), 4 * device.quiet)
        self.kept.difference_update(REQUESTS)
        again = over.intersection(self._ids(mark))
        self.check("7.followed", not again, f"answered, and sent again after birth: {again}")
        for command in self.back:
            device.answer(command, "rejected", "unsupported")
        self.back.clear()

    def _ids(self, mark):
        return {command.get("id") for _at, command in self.device.commands[mark:]}


def _covers(args, epoch, seq):
    """Whether an `event.resend` asks for a number of an epoch."""
    first, last = args.get("from_seq"), args.get("to_seq")
    return args.get("epoch") == epoch and first <= seq <= last
