// SPDX-License-Identifier: LGPL-3.0-or-later
import {registry} from "@web/core/registry";

/** Starts on the list of planograms. */
registry.category("web_tour.tours").add("wine_planogram_copy_and_schedule", {
    steps: () => [
        {
            content: "Open the layout that works well",
            trigger: ".o_data_row .o_data_cell:contains('Tour Machine')",
            run: "click",
        },
        {
            content: "Copy it",
            trigger: ".o_statusbar_buttons button[name=action_copy_to]",
            run: "click",
        },
        {
            content: "The twin fits",
            trigger: ".modal .o_data_row:contains('Tour Twin'):contains('3 slots')",
        },
        {
            content: "The small one does not, and it says why",
            trigger: ".modal .o_data_row:contains('Tour Small'):contains('has no slot B1')",
        },
        {
            content: "Not now but later",
            trigger: ".modal .o_field_widget[name=when] .o_radio_item:contains('later') input",
            run: "click",
        },
        {
            content: "On the last morning of a year",
            trigger: ".modal .o_field_widget[name=publish_at] input",
            run: "edit 12/31/2098 06:30:00 && press Enter",
        },
        {
            content: "That is when there",
            trigger: ".modal .o_field_widget[name=local_text]:contains('UTC')",
        },
        {content: "Do it", trigger: ".modal button[name=action_apply]", run: "click"},
        {
            content: "It waits for its time",
            trigger: ".o_data_row:contains('Tour Twin'):contains('Scheduled')",
        },
    ],
});
