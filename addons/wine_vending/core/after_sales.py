# SPDX-License-Identifier: LGPL-3.0-or-later
"""What becomes of a complaint: money back now, a kind no, or a person.

A complaint names a vend; the vend has evidence. Where the evidence proves that nothing came out,
the consumer waits for nobody (ARCHITECTURE §5.7). Where the money went back already, we say when
and how. Everything else is for a person, with a deadline. Whatever is decided, never more goes back
than was taken (docs/protocol §6: refund keys are made from the vend).
"""

from dataclasses import dataclass
from decimal import Decimal

from . import vend_flow
from .told import Told, _lt

NEW, REFUNDED, IN_CASE, RESOLVED, REJECTED = "new", "refunded", "in_case", "resolved", "rejected"
#: state of a complaint → states from which it may be reached; a late fact may still pay out a case
ALLOWED = {
    REFUNDED: (NEW, IN_CASE),
    IN_CASE: (NEW, REJECTED),
    RESOLVED: (NEW, IN_CASE),
    REJECTED: (NEW, IN_CASE),
}
OPEN = (NEW, IN_CASE)

REFUND, REFUSE, CASE = "refund", "refuse", "case"
NO_FAULT = ("", "0", "00", "ok", "none")


@dataclass(frozen=True, slots=True)
class Claim:
    """What the consumer says. ``sure`` says whether only this vend can be meant."""

    kind: str  #: nothing, wrong, bad, overcharged, other
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one vend and of what went on around it.

    ``held`` is the money that was taken (or is still authorised), ``given_back`` what went back of
    it. ``lane_faults`` are codes raised on the lane about the moment of the vend; ``failed_near``
    and ``fine_near`` count other vends of this lane within the hour, by their sensor.
    """

    state: str
    outcome: str = ""
    sensor: str = ""
    motor_code: str = ""
    slot_state: str = ""
    door: str = ""
    lane_faults: tuple = ()
    failed_near: int = 0
    fine_near: int = 0
    held: Decimal = Decimal(0)
    given_back: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class History:
    """Automatic refunds within the period of the limits."""

    consumer: int = 0
    machine: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much goes back without a person looking; 0 means nothing does."""

    consumer: int = 2
    machine: int = 10
    amount: Decimal = Decimal(1000)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done, how much goes back, and the sentence that explains it to a colleague."""

    action: str
    reason: str
    told: Told
    amount: Decimal = Decimal(0)


def may_follow(current: str, target: str) -> bool:
    """Whether a complaint in ``current`` may go to ``target``."""
    return current in ALLOWED.get(target, ())


def decide(claim: Claim, evidence: Evidence | None, history: History, limits: Limits) -> Decision:
    """Decide over a complaint by its evidence.

    :param evidence: of the vend that is meant, or None where none was found
    """
    if evidence is None:
        return _person(
            "no_vend", _lt("No vend fits what was said. The machine may still report it.")
        )
    if not claim.sure:
        return _person("unsure", _lt("This vend may be meant, but others fit as well. Ask back."))
    return (
        _money_is_back(evidence)
        or _not_finished(evidence)
        or _by_kind(claim)
        or _nothing_came_out(evidence, history, limits)
    )


def _person(reason, told):
    return Decision(CASE, reason, told)


def _money_is_back(evidence):
    """A no where nothing of the consumer's money is here any more."""
    if evidence.state == vend_flow.VOIDED:
        return Decision(REFUSE, "voided", _lt("No money was kept for this vend: it was let go."))
    if evidence.state == vend_flow.REFUNDED or (
        evidence.given_back and evidence.given_back >= evidence.held
    ):
        text = _lt(
            "The money of this vend went back already: %(amount)s.", amount=evidence.given_back
        )
        return Decision(REFUSE, "refunded", text)
    return None


def _not_finished(evidence):
    if evidence.state in (vend_flow.UNKNOWN, vend_flow.CAPTURED):
        return None
    return _person("running", _lt("The machine has not yet said what came of this vend."))


def _by_kind(claim):
    """Only an empty hand is proven by a sensor; what was in the hand is not."""
    texts = {
        "wrong": _lt("A sensor does not see which bottle came out. Count the slot, then decide."),
        "bad": _lt("The bottle came out and is said to be bad. Ask for a photo, then decide."),
        "overcharged": _lt("Compare the price that was paid with the one that was shown."),
        "other": _lt("Read what the consumer writes, then decide."),
    }
    return _person(claim.kind, texts[claim.kind]) if claim.kind in texts else None


def _nothing_came_out(evidence, history, limits):
    proof = _proof(evidence)
    if proof is None:
        return _person(*_no_proof(evidence))
    left = evidence.held - evidence.given_back
    if left <= 0:
        return _person("free", _lt("Nothing was paid, so there is nothing to give back."))
    return _too_much(left, history, limits) or Decision(REFUND, *proof, left)


def _proof(evidence):
    """(reason, sentence) where a sensor proves that nothing came out, else None.

    A sensor that saw the bottle stands against every other sign: a person weighs them.
    """
    if evidence.sensor == "confirmed":
        return None
    if evidence.sensor == "absent":
        return "absent", _lt("The sensor saw nothing come out.")
    if evidence.motor_code.strip().lower() not in NO_FAULT:
        text = _lt("The motor stopped with code %(code)s.", code=evidence.motor_code)
        return "motor", text
    if evidence.lane_faults:
        text = _lt(
            "The lane reported %(codes)s at that moment.", codes=", ".join(evidence.lane_faults)
        )
        return "lane", text
    return None


def _no_proof(evidence):
    """(reason, sentence) for a person, with what speaks for the consumer and what against."""
    if evidence.sensor == "confirmed":
        return "confirmed", _lt("The sensor saw a bottle; the consumer says nothing came out.")
    if evidence.failed_near:
        return "likely", _lt(
            "No sensor proves it, but %(count)s more vends of this lane failed within the hour.",
            count=evidence.failed_near,
        )
    if evidence.slot_state == "jammed":
        return "likely", _lt("No sensor proves it, but the lane is jammed now.")
    if evidence.fine_near:
        return "unlikely", _lt(
            "No sensor proves it, and %(count)s more vends of this lane went well within the hour.",
            count=evidence.fine_near,
        )
    return "no_sensor", _lt(
        "No sensor says whether the bottle came out. Count the slot, then decide."
    )


def _too_much(left, history, limits):
    """A person looks where refunds without one become many."""
    if history.consumer >= limits.consumer:
        return _person(
            "consumer_limit",
            _lt(
                "The evidence is for the consumer, who already got %(count)s refunds without a "
                "person looking.",
                count=history.consumer,
            ),
        )
    if history.machine >= limits.machine:
        return _person(
            "machine_limit",
            _lt(
                "The evidence is for the consumer; this machine already gave %(count)s refunds "
                "without a person looking.",
                count=history.machine,
            ),
        )
    if left > limits.amount:
        return _person(
            "amount_limit",
            _lt("The evidence is for the consumer; the amount is more than goes back by itself."),
        )
    return None
