// SPDX-License-Identifier: LGPL-3.0-or-later
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** A share partner: how much is mine, why, since when; then the money is asked for. */
tours.add("wine_share_partner", {
    steps: () => [
        {
            content: "How much is mine, on the first screen",
            trigger: ".o_share_hero:contains('Yours now'):contains('57.77')",
        },
        {
            content: "See each sale",
            trigger: ".o_share_hero a:contains('See each sale')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "A sale says how the share was found",
            trigger: ".o_share_row:contains('Wine T-RED'):contains('8 % of')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Down to the single vend",
            trigger: ".o_share_steps li:contains('Booked as a sale')",
        },
        {
            content: "This is not right",
            trigger: "textarea[name=text]",
            run: "edit The price was higher that day",
        },
        {
            content: "Send the objection",
            trigger: "form[action*=dispute] button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is looked into",
            trigger: ".alert-success:contains('We have your objection')",
        },
        {
            content: "The statements",
            trigger: ".o_share_tabs a:contains('Statements')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "A month",
            trigger: ".o_share_row:contains('January 2026')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It adds up",
            trigger: ".o_share_total:contains('Owed at the end'):contains('77.77')",
        },
        {
            content: "Withdrawals",
            trigger: ".o_share_tabs a:contains('Withdrawals')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The one under way",
            trigger: ".o_share_row:contains('being looked at')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Take it back",
            trigger: "form[action*=cancel] button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {content: "It is taken back", trigger: ".o_share_way li:contains('Taken back')"},
        {
            content: "Withdrawals again",
            trigger: ".o_share_tabs a:contains('Withdrawals')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "All of it this time",
            trigger: ".btn-primary:contains('Withdraw')",
            run: "click",
            expectUnloadPage: true,
        },
        {content: "The amount is there", trigger: "input[name=amount]:value('77.77')"},
        {
            content: "Apply",
            trigger: "form button:contains('Apply')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is set aside and being looked at",
            trigger: ".o_share_way_now:contains('Looked at')",
        },
    ],
});

/** A supplier: what do you want from me, how do my goods sell? */
tours.add("wine_share_supplier", {
    steps: () => [
        {
            content: "Where my goods stand",
            trigger: ".o_share_card:contains('Testland') .o_share_tr:contains('Wine T-RED')",
        },
        {
            content: "How they sell",
            trigger: ".o_share_tabs a:contains('Goods sold')",
            run: "click",
            expectUnloadPage: true,
        },
        {content: "Bottles by day", trigger: ".o_share_bars span"},
        {content: "And by product", trigger: ".o_share_card li:contains('Wine T-RED')"},
    ],
});
