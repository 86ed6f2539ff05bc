# SPDX-License-Identifier: LGPL-3.0-or-later


def post_init_hook(env):
    """Value stock in real time where no stock has moved yet.

    Cost of sales is booked at the closing of a POS session only by a company that values its stock
    in real time. A company that already has valued moves keeps its own choice: the region form says
    what to change.
    """
    for company in env["res.company"].search([("inventory_valuation", "!=", "real_time")]):
        moved = env["stock.move"].search_count(
            [("company_id", "=", company.id), ("state", "=", "done")], limit=1
        )
        if not moved:
            company.inventory_valuation = "real_time"
