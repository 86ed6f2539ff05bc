# SPDX-License-Identifier: LGPL-3.0-or-later
{
    "name": "Wine Profit Share",
    "summary": "Every sale shared among those who earn by it, exact to the cent, from order to bank",
    "version": "19.0.1.0.0",
    "category": "Sales/Wine Vending",
    "license": "LGPL-3",
    "author": "Wine Vending contributors",
    "depends": ["wine_vending"],
    "data": [
        "security/ir.model.access.csv",
        "security/share_books_rules.xml",
        "security/share_recon_rules.xml",
        "security/share_ledger_rules.xml",
        "security/share_policy_rules.xml",
        "security/share_statement_rules.xml",
        "data/share_statement_data.xml",
        "data/share_books_data.xml",
        "security/share_withdrawal_rules.xml",
        "data/share_withdrawal_data.xml",
        "views/share_menus.xml",
        "views/share_statement_views.xml",
    ],
    "assets": {
        "web.assets_backend": [],
        "web.assets_frontend": [],
        "web.assets_tests": ["wine_profit_share/static/tests/tours/*"],
    },
}
