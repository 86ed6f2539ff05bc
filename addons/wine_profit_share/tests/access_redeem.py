# SPDX-License-Identifier: LGPL-3.0-or-later
"""Rows of the table of rights: withdrawals, their review, bank accounts, verification."""

from uuid import uuid4

MONEY = {"finance": "r", "admin": "r"}
MATRIX = {
    "wine.share.withdrawal": {"finance": "rwcu", "admin": "rwcu"},
    "wine.share.review": MONEY,
    "wine.share.review.step": {"finance": "r", "admin": "rwcu"},
    "wine.share.bank.change": MONEY,
    "wine.share.verification": MONEY,
}
HARMLESS = {
    "wine.share.withdrawal": {"amount": 6},
    "wine.share.review": {"reason": "Other"},
    "wine.share.review.step": {"name": "Other"},
    "wine.share.bank.change": {"number": "Other"},
    "wine.share.verification": {"note": "Other"},
}
PUBLIC = {
    "wine.share.withdrawal": {
        "action_submit",
        "action_approve",
        "action_reject",
        "action_cancel",
        "action_open_reject",
        "action_open_cancel",
        "action_open_settlement",
        "action_open_entries",
    },
    "wine.share.account": {"action_open_verify"},
    "wine.share.verify": {"action_verify", "action_withdraw"},
    "wine.share.withdrawal.answer": {"action_answer"},
    "wine.share.todo": {"figures"},
}
PRIVATE = {
    "wine.share.withdrawal": ("_apply", "_cancel", "_submit", "_set_state", "_approve_finally"),
    "wine.share.account": ("_verify", "_withdraw_verification"),
    "res.partner.bank": ("_wine_log",),
}


def make(env, account):
    """A draft, its decision, a step, a bank account's change and a verification of an account."""
    bank = env["res.partner.bank"].create(
        {"partner_id": account.partner_id.id, "acc_number": uuid4().hex}
    )
    draft = env["wine.share.withdrawal"].create(
        {"account_id": account.id, "amount": 5, "partner_bank_id": bank.id}
    )
    return (
        draft,
        env["wine.share.review"].create(review_of(env, draft)),
        env["wine.share.review.step"].create(step_of(env)),
        bank.wine_change_ids,
        env["wine.share.verification"].create(verification_of(env, account)),
    )


def review_of(env, draft):
    return {"withdrawal_id": draft.id, "user_id": env.uid, "decision": "submit"}


def step_of(env):
    return {
        "name": "Step",
        "amount_from": 0,
        "group_id": env.ref("wine_vending.group_wine_finance").id,
    }


def verification_of(env, account):
    return {"account_id": account.id, "user_id": env.uid, "decision": "verified"}


def fresh(env, model, shares):
    """Values of a new record beside those of ``shares`` (dict model → record)."""
    account, draft = shares["wine.share.account"], shares["wine.share.withdrawal"]
    return {
        "wine.share.withdrawal": {
            "account_id": account.id,
            "amount": 5,
            "partner_bank_id": draft.partner_bank_id.id,
        },
        "wine.share.review": review_of(env, draft),
        "wine.share.review.step": step_of(env),
        "wine.share.bank.change": {
            "bank_id": draft.partner_bank_id.id,
            "user_id": env.uid,
            "kind": "made",
        },
        "wine.share.verification": verification_of(env, account),
    }.get(model)
