# SPDX-License-Identifier: LGPL-3.0-or-later
"""The states of a vend and which may follow which (ARCHITECTURE, the way of a vend)."""

DRAFT, RESERVED, AUTHORISED = "draft", "reserved", "authorised"
ACCEPTED, DISPENSING, DISPENSED = "accepted", "dispensing", "dispensed"
PARTIAL, FAILED, UNKNOWN = "partial", "failed", "unknown"
CAPTURED, VOIDED, REFUNDED = "captured", "voided", "refunded"

BEFORE_MOTOR = (DRAFT, RESERVED, AUTHORISED)
RUNNING = (*BEFORE_MOTOR, ACCEPTED, DISPENSING)
RESULTS = {"success": DISPENSED, "partial": PARTIAL, "failed": FAILED, "unknown": UNKNOWN}
FINAL = (CAPTURED, VOIDED, REFUNDED)

#: target → states from which it may be reached
ALLOWED = {
    RESERVED: (DRAFT,),
    AUTHORISED: (DRAFT, RESERVED),
    ACCEPTED: (AUTHORISED,),
    DISPENSING: (AUTHORISED, ACCEPTED),
    # a late success of a vend that was voided on our side only is still a sale
    DISPENSED: (*RUNNING, UNKNOWN, VOIDED),
    PARTIAL: (*RUNNING, UNKNOWN, VOIDED),
    FAILED: (*RUNNING, UNKNOWN),
    UNKNOWN: (*RUNNING, VOIDED),
    CAPTURED: (DISPENSED, PARTIAL),
    VOIDED: (*BEFORE_MOTOR, ACCEPTED, FAILED),
    REFUNDED: (FAILED, CAPTURED),
}


def may_follow(current: str, target: str) -> bool:
    """Whether a vend in ``current`` may go to ``target``."""
    return current in ALLOWED.get(target, ())
