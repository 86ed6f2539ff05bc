# SPDX-License-Identifier: LGPL-3.0-or-later
"""Rows of the table of rights: accruals, settlements, payout terms and platforms."""

MONEY = {"finance": "r", "admin": "r"}
MATRIX = {
    "wine.share.accrual": MONEY,
    "wine.share.settlement": MONEY,
    "wine.share.terms": {"finance": "rwc", "admin": "rwcu"},
    "wine.share.platform": {"finance": "r", "admin": "rwcu"},
}
HARMLESS = {
    "wine.share.accrual": {"amount": 9},
    "wine.share.settlement": {"net": 9},
    "wine.share.terms": {"minimum": 9},
    "wine.share.platform": {"daily_limit": 9},
}
PUBLIC = {
    "wine.share.accrual": {"action_view_entries"},
    "wine.share.settlement": {
        "action_approve",
        "action_end",
        "action_mark_paid",
        "action_pay_bill",
        "action_view_books",
        "action_view_entries",
        "action_view_withdrawal",
    },
    "wine.share.account": {"action_settle", "action_view_settlements"},
    "wine.share.settle": {"action_settle"},
    "wine.share.settlement.end": {"action_end"},
}
PRIVATE = {
    "wine.share.accrual": ("_accrue", "_cron_accrue", "_take", "_drop"),
    "wine.share.settlement": (
        "_approve",
        "_cron_send",
        "_cron_settle",
        "_from_withdrawal",
        "_payout_result",
        "_set_state",
        "_settle",
        "_undo",
    ),
    "wine.share.platform": ("_payout_send", "_payout_return"),
    "res.company": ("_set_up_share",),
}


def make(env, account):
    """An accrual, a settlement, the terms of hosts and a platform of the account's company."""
    company = account.company_id
    return (
        env["wine.share.accrual"].create(accrual_of(company)),
        env["wine.share.settlement"].create({"account_id": account.id}),
        env["wine.share.terms"].search([("company_id", "=", company.id), ("role", "=", "host")]),
        env["wine.share.platform"].create(platform_of(company)),
    )


def accrual_of(company):
    return {
        "company_id": company.id,
        "currency_id": company.currency_id.id,
        "business_date": "2020-01-01",
    }


def platform_of(company):
    return {"name": "Platform", "company_id": company.id}


def fresh(env, model, account):
    """Values of a new record in the company of ``account``; None of models of others."""
    company = account.company_id
    if model == "wine.share.terms":  # there are terms for each role: one makes room
        ours = [("company_id", "=", company.id), ("role", "=", "partner")]
        env[model].sudo().search(ours).unlink()
        return {"company_id": company.id, "role": "partner"}
    return {
        "wine.share.accrual": accrual_of(company),
        "wine.share.settlement": {"account_id": account.id},
        "wine.share.platform": platform_of(company),
    }.get(model)
