# SPDX-License-Identifier: LGPL-3.0-or-later
"""Rows of the table of rights: policies, their lines and tiers, the platform's limits."""

from odoo import Command

OWN = {"region_manager": "rwcu", "finance": "r", "admin": "rwcu"}
MATRIX = {
    "wine.share.policy": OWN,
    "wine.share.policy.line": OWN,
    "wine.share.policy.tier": OWN,
    "wine.share.limit": {"region_manager": "r", "finance": "r", "admin": "rwcu"},
}
HARMLESS = {
    "wine.share.policy": {"hold_days": 9},
    "wine.share.policy.line": {"bp": 9},
    "wine.share.policy.tier": {"bp": 9},
    "wine.share.limit": {"max_percent": 9},
}
PUBLIC = {
    "wine.share.policy": {
        "action_activate",
        "action_new_version",
        "action_retire",
        "action_take_back",
        "action_view_entries",
        "action_view_versions",
        "action_what_if",
    },
    "wine.share.whatif": {"action_run", "action_view_details"},
}
PRIVATE = {
    "wine.share.policy": (
        *("_book", "_book_of", "_book_with", "_set_state", "_take_over", "_draft_next"),
        *("_cron_rent", "_cron_retire", "_post_rent", "_rents", "_problems", "_last_shared"),
    ),
    "wine.share.limit": ("_limits", "_refusals"),
    "wine.share.whatif": ("_run", "_reckon", "_sale_lines", "_from_ledger"),
}


def make(env, region):
    """A draft with a tiered line, and a limit."""
    policy = env["wine.share.policy"].create(
        {
            "name": f"Policy of {region.code}",
            "region_id": region.id,
            "line_ids": [
                Command.create(
                    {"role": "host", "value": "tiered", "tier_ids": [Command.create({"bp": 1})]}
                ),
                Command.create({"role": "platform", "value": "residual"}),
            ],
        }
    )
    limit = env["wine.share.limit"].create({"region_id": region.id, "role": "host"})
    return policy, policy.line_ids[0], policy.line_ids.tier_ids, limit


def fresh(model, region, shares):
    """Values of a new record beside those of ``shares`` (dict model → record)."""
    policy, line = shares["wine.share.policy"], shares["wine.share.policy.line"]
    return {
        "wine.share.policy": {"name": "New", "region_id": region.id},
        "wine.share.policy.line": {"policy_id": policy.id, "role": "operator", "percent": 1},
        "wine.share.policy.tier": {"line_id": line.id, "turnover": 5, "bp": 1},
        "wine.share.limit": {"region_id": region.id, "role": "supplier"},
    }.get(model)
