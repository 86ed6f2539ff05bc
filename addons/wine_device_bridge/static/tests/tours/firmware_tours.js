// SPDX-License-Identifier: LGPL-3.0-or-later
import {registry} from "@web/core/registry";

const button = (name) => `.o_statusbar_buttons button[name=${name}]`;
const confirm = {content: "Yes", trigger: ".modal-footer .btn-primary", run: "click"};
const state = (label) => ({
    content: `It is ${label}`,
    trigger: `.o_statusbar_status .o_arrow_button_current:contains('${label}')`,
});

/** Starts on the list of campaigns: two waves, started. */
registry.category("web_tour.tours").add("wine_firmware_campaign_start", {
    steps: () => [
        {content: "A new campaign", trigger: ".o_list_button_add", run: "click"},
        {
            content: "The version",
            trigger: ".o_field_widget[name=firmware_id] input",
            run: "edit 6.1.0",
        },
        {
            content: "is released",
            trigger: ".o-autocomplete--dropdown-item:contains('6.1.0')",
            run: "click",
        },
        {
            content: "The region",
            trigger: ".o_field_widget[name=region_id] input",
            run: "edit Fwland",
        },
        {
            content: "whose machines get it",
            trigger: ".o-autocomplete--dropdown-item:contains('Fwland')",
            run: "click",
        },
        {
            content: "At any time of the day",
            trigger: ".o_field_widget[name=use_window] input",
            run: "uncheck",
        },
        {content: "Save", trigger: ".o_form_button_save", run: "click"},
        {
            content: "Numbers before the start",
            trigger: ".o_field_widget[name=plan_text]:contains('20 machines would get it')",
        },
        {
            content: "One tenth first",
            trigger: ".o_data_row:contains('First') td[name=machine_count]:contains('2')",
        },
        {
            content: "Then the others",
            trigger: ".o_data_row:contains('All others') td[name=machine_count]:contains('18')",
        },
        {content: "Start", trigger: button("action_start"), run: "click"},
        confirm,
        state("Running"),
    ],
});

/** Starts on the form of a campaign that too many failures stopped. */
registry.category("web_tour.tours").add("wine_firmware_campaign_stopped", {
    steps: () => [
        state("Stopped"),
        {
            content: "It says why",
            trigger: ".alert-danger:contains('2 of 2 machines failed')",
        },
        {
            content: "Who?",
            trigger: "button[name=action_view_installs]",
            run: "click",
        },
        {
            content: "Open the wave",
            trigger: ".o_group_header:contains('First')",
            run: "click",
        },
        {
            content: "Choose those that failed",
            trigger:
                ".o_data_row:contains('The installation failed') .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Try it again",
            trigger: "button[name=action_retry]",
            run: "click",
        },
        {
            content: "It waits for its next attempt",
            trigger: ".o_data_row:contains('Waiting')",
        },
        {
            content: "Back to the campaign",
            trigger: ".o_breadcrumb a:contains('6.1.0 for Fwland')",
            run: "click",
        },
        {content: "Go on", trigger: button("action_resume"), run: "click"},
        state("Running"),
        {content: "A moment", trigger: button("action_pause"), run: "click"},
        state("Paused"),
        {content: "Enough", trigger: button("action_close"), run: "click"},
        confirm,
        state("Done"),
    ],
});
