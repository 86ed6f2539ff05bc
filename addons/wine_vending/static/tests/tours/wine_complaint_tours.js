// SPDX-License-Identifier: LGPL-3.0-or-later
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** A consumer at the machine, on a phone, without a login. */
tours.add("wine_complaint_of_a_consumer", {
    steps: () => [
        {
            content: "Nothing came out",
            trigger: ".o_wine_help label[for=kind_nothing]",
            run: "click",
        },
        {content: "From A1", trigger: ".o_wine_help input[name=slot_code]", run: "edit A1"},
        {content: "For 120", trigger: ".o_wine_help input[name=amount]", run: "edit 120.00"},
        {
            content: "In words",
            trigger: ".o_wine_help textarea[name=text]",
            run: "edit It hummed and stopped",
        },
        {
            content: "Answer to",
            trigger: ".o_wine_help input[name=email]",
            run: "edit ann@example.com",
        },
        {
            content: "Send",
            trigger: ".o_wine_help button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The money is back",
            trigger: "#help_headline:contains('Money back: done')",
        },
        {content: "How much", trigger: ".o_wine_help_steps:contains('120.00')"},
    ],
});

/** The regional administrator, from the list of complaints to the money. */
tours.add("wine_complaint_decided", {
    steps: () => [
        {
            content: "Open the complaint",
            trigger:
                ".o_data_row:contains('Tour Machine') .o_data_cell, .o_kanban_record:contains('Tour Machine')",
            run: "click",
        },
        {
            content: "The evidence is said in a sentence",
            trigger: ".o_form_view .alert:contains('The sensor saw a bottle')",
        },
        {
            content: "And shown step by step",
            trigger: ".o_wine_timeline .o_wine_step:contains('Saw the bottle')",
        },
        {
            content: "Give the money back",
            trigger: ".o_statusbar_buttons button[name=action_give_back]",
            run: "click",
        },
        {
            content: "It says what will happen",
            trigger: ".modal:contains('goes to the consumer') .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "Resolved",
            trigger: ".o_form_view .o_arrow_button_current:contains('Resolved')",
        },
        {
            content: "The refund is a step of the vend now",
            trigger: ".o_wine_timeline .o_wine_step_money:contains('Money back')",
        },
    ],
});
