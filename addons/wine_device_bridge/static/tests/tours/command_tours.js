// SPDX-License-Identifier: LGPL-3.0-or-later
import {registry} from "@web/core/registry";

const COMMAND = ".o_field_widget[name=bridge_told_ids]";

/** A service person stands at a machine and opens its door by phone. */
registry.category("web_tour.tours").add("wine_unlock_a_door", {
    url: "/odoo/action-wine_vending.wine_machine_action",
    steps: () => [
        {
            content: "the machine",
            trigger: ".o_kanban_record:contains(Tour Machine)",
            run: "click",
        },
        {
            content: "on a phone the buttons of a form stand behind one",
            trigger: ".o_form_view .o_statusbar_buttons, .o_cp_action_menus, .o_form_statusbar",
        },
        {
            content: "tell it something",
            trigger: "button[name=action_command]:visible",
            run: "click",
        },
        {
            content: "what it does is said before",
            trigger: ".modal:contains(for whoever stands there)",
        },
        {
            content: "why",
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit Slot B2 is stuck",
        },
        {
            content: "send",
            trigger: ".modal footer button[name=action_send]:visible",
            run: "click",
        },
        {
            content: "a door is opened for whoever stands there: asked again",
            trigger: ".modal:contains(cannot be undone) .btn-primary:contains(Ok)",
            run: "click",
        },
        {
            content: "it is on its way",
            trigger: ".o_notification:contains(on its way)",
        },
        {
            content: "what people told the machine",
            trigger: ".o_notebook .nav-link:contains(Commands)",
            run: "click",
        },
        {
            content: "waits, and shows it without being asked",
            trigger: `${COMMAND}:contains(Unlock the door):contains(Waiting)`,
        },
    ],
});
