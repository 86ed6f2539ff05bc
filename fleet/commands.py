# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the platform asks for, docs/protocol §7: answered, once, and never too late."""

from fleet import cashbox, clock
from fleet.errors import Refused
from fleet.outbox import NEVER

FINAL = ("succeeded", "failed", "rejected", "expired")


def unfit(args):
    """Name of the first argument of `vend.authorize` that cannot be understood, or None."""
    if any(not isinstance(args.get(key), str) for key in ("vend_id", "slot")):
        return "vend_id or slot"
    for key in ("qty", "ml", "price_version"):
        value = args.get(key)
        if value is not None and (type(value) is not int or value < 1):
            return key
    return None


class Commands:
    """The commands of a device. A method `do_<type>` carries one out.

    It returns `(status, code, detail)`, or None where it has answered by itself.
    """

    def __init__(self, device):
        self.device = device
        self._owed = set()

    # answers

    def answer(self, cmd, status, code=None, detail=None):
        """The journal change that stores an answer."""
        data = {"cmd": cmd, "status": status, "code": code, "detail": detail}
        return {"cmd": {cmd: {key: value for key, value in data.items() if value is not None}}}

    def tell(self, cmd, now):
        """Say the stored answer; while the line is down it is owed."""
        if not self.device.outbox.online:
            self._owed.add(cmd)
        elif stored := self.device.state.commands.get(cmd):
            self.device.send("ack", "ack", now, stored, corr=cmd)

    def repeat_owed(self, now):
        """Answers that were reached while the line was down."""
        owed, self._owed = self._owed, set()
        for cmd in owed:
            self.tell(cmd, now)

    def _conclude(self, cmd, now, status, code=None, detail=None):
        self.device.commit(self.answer(cmd, status, code, detail))
        self.tell(cmd, now)

    # what arrives

    def receive(self, command, now):
        """One command: repeated answers, expiry, unknown types, then the deed."""
        cmd, kind = command.get("id"), str(command.get("type"))
        if not isinstance(cmd, str) or not isinstance(command.get("args") or {}, dict):
            return
        command = command | {"args": command.get("args") or {}}
        if cmd in self.device.state.commands:
            return self.tell(cmd, now)
        self.device.note(now, f"command {kind[:40]} {cmd[:36]}")
        received = {"cmd": cmd, "status": "received"}
        self.device.send("ack", "ack", now, received, corr=cmd)
        if kind == "vend.authorize":
            return self.do_vend_authorize(command, now)
        if self._too_late(command, now):
            return self._conclude(cmd, now, "expired")
        self._carry_out(cmd, kind, command, now)

    def _too_late(self, command, now):
        try:
            limit = clock.parse(command["exp"])
        except (KeyError, ValueError, AttributeError):
            return True
        return self.device.clock.unset or limit <= self.device.clock.read(now)

    def _carry_out(self, cmd, kind, command, now):
        deed = getattr(self, "do_" + kind.replace(".", "_"), None)
        if deed is None:
            return self._conclude(cmd, now, "rejected", "unknown_type", kind)
        try:
            ending = deed(command, now)
        except Refused as refusal:
            ending = "rejected", refusal.code, refusal.detail
        except (KeyError, TypeError, ValueError) as error:
            ending = "rejected", "bad_args", repr(error)
        if ending:
            self._conclude(cmd, now, *ending)

    # vends

    def do_vend_authorize(self, command, now):
        """Two-phase vend, docs/protocol §6; the earlier of both expiry times counts."""
        args = dict(command["args"])
        if bad := unfit(args):
            return self._conclude(command["id"], now, "rejected", "bad_args", bad)
        if self._too_late(command, now):
            args["expires_at"] = command.get("exp")
        self.device.asking.authorised(args, now)
        self.device.vending.authorise(command["id"], args, now)

    def do_vend_cancel(self, command, now):
        """Honoured before acceptance only."""
        self.device.vending.cancel(command["args"]["vend_id"], now)
        return "succeeded", None, None

    def do_auth_offer(self, command, now):
        """The consumer sees the offer; a choice comes back as another `auth.request`."""
        self.device.asking.offered(command["args"], now)
        return "succeeded", None, None

    def do_auth_deny(self, command, now):
        """The consumer sees why not."""
        self.device.asking.denied(command["args"], now)
        return "succeeded", None, command["args"].get("code")

    # the machine

    def do_machine_lock(self, _command, _now):
        """No sales until it is unlocked."""
        self.device.commit({"set": {"locked": True}})
        return "succeeded", None, None

    def do_machine_unlock(self, _command, _now):
        """Sales again."""
        self.device.commit({"set": {"locked": False}})
        return "succeeded", None, None

    def do_door_unlock(self, _command, now):
        """The door opens, and falls shut by itself after a while."""
        self.device.service.open_door(now, "platform")
        self.device.service.close_after(now + 60.0 / self.device.options.speed)
        return "succeeded", None, None

    def do_machine_reboot(self, command, now):
        """A new power-up; what is in hand comes to an end first."""
        update = {"cmd": command["id"], "at": now}
        return self._restart(command["id"], update, now)

    def do_firmware_update(self, command, now):
        """See `fleet.firmware`."""
        return self.device.firmware.ask(command, now)

    def _restart(self, cmd, update, now):
        if self.device.state.pending_update:
            raise Refused("busy", "another restart is waiting")
        changes = self.answer(cmd, "in_progress") | {"set": {"pending_update": update}}
        self.device.commit(changes)
        self.tell(cmd, now)

    def tick(self, now):
        """Ask for the power-up that is due; whoever runs the device does it."""
        if now >= self.wake(now):
            self.device.reboot_wanted |= self.device.firmware.install(now)

    def wake(self, _now):
        """When a restart is due."""
        update = self.device.state.pending_update
        waiting = update and not self.device.vending.job and not self.device.reboot_wanted
        return update["at"] if waiting and update.get("stage") != "fetch" else NEVER

    def recover(self, now):
        """After a power-up: the restart that was asked for has happened."""
        update = self.device.state.pending_update
        if self.device.firmware.update:
            self.device.firmware.recover(now)
        elif update and now >= update["at"]:
            done = self.answer(update["cmd"], "succeeded")
            self.device.commit(done | {"set": {"pending_update": None}})
            self._owed.add(update["cmd"])

    # questions

    def do_event_resend(self, command, _now):
        """Send a range again, as far as the journal still holds it; nothing of it is a failure."""
        args, state = command["args"], self.device.state
        if args["epoch"] != state.epoch:
            raise Refused("unknown_epoch")
        low, high = int(args["from_seq"]), int(args["to_seq"])
        held = sorted(state.pending.keys() | state.kept.keys())
        count = self.device.outbox.again([seq for seq in held if low <= seq <= high])
        wanted = max(high - low + 1, 0)
        detail = f"{count} of {wanted}"
        if wanted and not count:
            return "failed", "not_held", detail
        return "succeeded", None if count == wanted else "partly", detail

    def do_counter_request(self, _command, now):
        """Answered by a `counter.snapshot`."""
        self.device.service.count(now)
        return "succeeded", None, None

    def do_cash_request(self, _command, now):
        """Answered by a `cash.level`."""
        self.device.emit(now, "cash.level", cashbox.level(self.device.state.cash))
        return "succeeded", None, None

    def do_log_request(self, _command, _now):
        """The last lines of the diary, as many as fit into 4,000 characters."""
        state = self.device.state
        head = f"boots {state.boots}, seq {state.next_seq - 1}, waiting {len(state.pending)}"
        return "succeeded", None, "\n".join([head, *self.device.diary])[:4000]
