// SPDX-License-Identifier: LGPL-3.0-or-later
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const withdrawals = "[data-section='withdrawals']";
const of = (name) => `${withdrawals} .o_wine_todo_row:contains('${name}')`;

/** Finance begins with what must be decided, and decides there. */
tours.add("wine_share_todo", {
    steps: () => [
        {
            content: "What waits is counted",
            trigger: "[data-tile='withdrawals'] .o_wine_tile_value:contains('3')",
        },
        {
            content: "Approve the first one",
            trigger: `${of("Tour Host")} .btn-primary:contains('Approve')`,
            run: "click",
        },
        {
            content: "It says what will be done",
            trigger: `${of("Tour Host")} .o_wine_todo_ask:contains('120.00')`,
        },
        {trigger: `${of("Tour Host")} .o_wine_todo_yes`, run: "click"},
        {
            content: "It is gone, and counted down",
            trigger: "[data-tile='withdrawals'] .o_wine_tile_value:contains('2')",
        },
        {
            content: "What cannot be approved says why and has no such button",
            trigger: `${of("Tour Supplier")}:contains('is paid to from'):not(:has(.btn-primary))`,
        },
        {
            content: "Reject the second one",
            trigger: `${of("Tour Supplier")} .btn-secondary:contains('Reject')`,
            run: "click",
        },
        {
            content: "Not without a reason",
            trigger: `${of("Tour Supplier")} .o_wine_todo_no`,
            run: "click",
        },
        {trigger: ".o_notification:contains('Say why')"},
        {
            content: "The reason that the partner reads",
            trigger: `${of("Tour Supplier")} textarea`,
            run: "edit The bank account is not in your name",
        },
        {trigger: `${of("Tour Supplier")} .o_wine_todo_no`, run: "click"},
        {
            content: "One is left",
            trigger: "[data-tile='withdrawals'] .o_wine_tile_value:contains('1')",
        },
        {
            content: "Who waits to be verified",
            trigger:
                "[data-section='partners'] .o_wine_todo_row:contains('Tour Newcomer') .btn:contains('Verify')",
            run: "click",
        },
        {
            content: "What was seen",
            trigger: ".modal .o_field_widget[name='identity_seen'] input",
            run: "click",
        },
        {trigger: ".modal .o_field_widget[name='tax_seen'] input", run: "click"},
        {trigger: ".modal button[name='action_verify']", run: "click"},
        {
            content: "Verified: it waits no more",
            trigger:
                "[data-section='partners']:not(:has(.o_wine_todo_row:contains('Tour Newcomer')))",
        },
        {
            content: "The list behind the number",
            trigger: "[data-tile='withdrawals'] .o_wine_tile_main",
            run: "click",
        },
        {
            trigger:
                ".o_data_row:contains('Tour Operator') .o_data_cell[name='partner_id'], .o_kanban_record:contains('Tour Operator')",
            run: "click",
        },
        {
            content: "Its form says how far it is",
            trigger: ".o_form_view .o_field_widget[name='progress']:contains('0 of 1')",
        },
    ],
});
