# SPDX-License-Identifier: LGPL-3.0-or-later
"""The protocol's names as people read them; docs/protocol has the names themselves."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

#: what machines are told (docs/protocol §7), and the desired shadow
COMMANDS = {
    "vend.authorize": _lt("Authorise a vend"),
    "vend.cancel": _lt("Call off a vend"),
    "auth.offer": _lt("Offer to a consumer"),
    "auth.deny": _lt("Deny a consumer's question"),
    "door.unlock": _lt("Unlock the door"),
    "counter.request": _lt("Ask for the counters"),
    "cash.request": _lt("Ask for the cash"),
    "log.request": _lt("Ask for the log"),
    "machine.lock": _lt("Stop selling"),
    "machine.unlock": _lt("Sell again"),
    "machine.reboot": _lt("Restart"),
    "event.resend": _lt("Send messages again"),
    "firmware.update": _lt("Install firmware"),
    "shadow.desired": _lt("Planogram and settings"),
}

#: what machines say (docs/protocol §4 and §5)
MESSAGES = {
    "vend.local": _lt("Sale at the machine"),
    "vend.accepted": _lt("Vend accepted"),
    "vend.rejected": _lt("Vend refused"),
    "vend.started": _lt("Vend begun"),
    "vend.result": _lt("Outcome of a vend"),
    "test.vend": _lt("Test vend"),
    "auth.request": _lt("Question of a consumer"),
    "slot.state": _lt("State of a slot"),
    "restock.done": _lt("Machine refilled"),
    "cash.collected": _lt("Cash collected"),
    "cash.level": _lt("Cash in the machine"),
    "counter.snapshot": _lt("Counters"),
    "door": _lt("Door"),
    "fault.raised": _lt("Fault"),
    "fault.cleared": _lt("Fault is over"),
    "birth": _lt("Session begun"),
    "state": _lt("Online or offline"),
    "ack": _lt("Answer to a command"),
    "reported": _lt("Planogram as applied"),
}

#: how machines say why a command ended so (docs/protocol §6 and §7)
CODES = {
    "already": _lt("It ran already"),
    "bad_args": _lt("The command is not understood"),
    "bad_hash": _lt("The image is damaged"),
    "bad_signature": _lt("The signature is wrong"),
    "busy": _lt("Busy"),
    "closed": _lt("The campaign was closed"),
    "download_failed": _lt("The download failed"),
    "download_late": _lt("The download took too long"),
    "excluded": _lt("Left out"),
    "expired": _lt("It was too late for it"),
    "failed": _lt("It failed; the machine does not say why"),
    "gone": _lt("Not in use any more"),
    "install_failed": _lt("The installation failed"),
    "late": _lt("The earlier version runs again"),
    "newer": _lt("It runs a newer version"),
    "no_answer": _lt("It is online and does not answer"),
    "no_key": _lt("The machine has no key to check it with"),
    "not_confirmed": _lt("The new version was not seen in time"),
    "not_held": _lt("The machine has them no more"),
    "old_version": _lt("The earlier version still runs"),
    "other": _lt("It runs a version that was not asked for"),
    "partly": _lt("Some of them are gone"),
    "rejected": _lt("Refused; the machine does not say why"),
    "rolled_back": _lt("The new version did not start; the earlier one runs"),
    "superseded": _lt("Replaced by a newer one"),
    "there": _lt("It ran already"),
    "unknown_epoch": _lt("Unknown epoch"),
}


def said(env, known, name):
    """Words for a name of the protocol in the reader's language; an unknown name as it is."""
    words = known.get(name)
    return env._(words) if words else name or ""
