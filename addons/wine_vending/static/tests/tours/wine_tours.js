// SPDX-License-Identifier: LGPL-3.0-or-later
import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");

/** From the home page into Wine Vending. A phone has the apps aside. */
function openApp() {
    return [
        {isActive: ["mobile"], trigger: ".o_menu_toggle", run: "click"},
        {
            isActive: ["mobile"],
            trigger: ".o_app_menu_sidebar .o_sidebar_topbar a.btn-primary",
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: "Open Wine Vending",
            trigger: ".o_app_menu_sidebar li:contains('Wine Vending')",
            run: "click",
        },
        ...stepUtils
            .goToAppSteps("wine_vending.menu_root", "Open Wine Vending")
            .map((step) => ({...step, isActive: [...step.isActive, "desktop"]})),
    ];
}

/** On to the machines: the app itself opens on the first screen of its user. */
function openWineVending() {
    return [
        ...openApp(),
        {
            isActive: ["desktop"],
            content: "Machines",
            trigger: "[data-menu-xmlid='wine_vending.menu_machines_top']",
            run: "click",
        },
        {
            isActive: ["desktop"],
            content: "The machines themselves",
            trigger: ".o-dropdown--menu [data-menu-xmlid='wine_vending.menu_machines']",
            run: "click",
        },
        {
            isActive: ["mobile"],
            content: "The machines, as their entry in the menu opens them",
            trigger: ".o_action_manager .o_action, .o_action_manager .o_view_controller",
            run: () =>
                odoo.__WOWL_DEBUG__.root.env.services.action.doAction(
                    "wine_vending.wine_machine_action",
                    {clearBreadcrumbs: true},
                ),
        },
        {
            content: "The machines are shown",
            trigger: ".o_kanban_view .o_kanban_record:contains('Tour Machine')",
        },
    ];
}

/** The machine's form with its front drawn; at phone width the card opens on a tap as well. */
function openTourMachine() {
    return [
        {
            content: "Open the machine from its card",
            trigger: ".o_kanban_record:contains('Tour Machine')",
            run: "click",
        },
        {
            content: "Its front is drawn: what A1 holds, how many, at which price",
            trigger:
                ".o_wine_front .o_wine_slot[data-slot=A1]:contains('Wine T-RED'):contains('120')",
        },
        {
            content: "A slot without a product says so",
            trigger: ".o_wine_slot[data-slot=A3] .o_wine_slot_note",
        },
    ];
}

/** A statistic button of a form; those that do not fit lie under "More". */
function openStatistic(name) {
    return [
        {
            content: "Unfold the statistic buttons where they do not fit",
            trigger: ".o_form_view",
            async run({queryFirst, click}) {
                const more = queryFirst(".o-form-buttonbox .o_button_more, .o_button_more");
                if (!queryFirst(`button[name=${name}]`) && more) {
                    await click(more);
                }
            },
        },
        {content: `Open ${name}`, trigger: `button[name=${name}]`, run: "click"},
    ];
}

tours.add("wine_regional_administrator", {
    steps: () => [
        ...openWineVending(),
        {
            content: "No machine of another region is there",
            trigger: ".o_kanban_view:not(:has(.o_kanban_record:contains('Foreign Machine')))",
        },
        ...openTourMachine(),
        ...openStatistic("action_view_vends"),
        {
            content: "The vend that has just happened is there; open it",
            trigger: ".o_data_row:contains('A1') .o_data_cell, .o_kanban_record:contains('A1')",
            run: "click",
        },
        {
            content: "It was sold",
            trigger: ".o_form_view .o_statusbar_status, .o_form_view .o_arrow_button_current",
        },
        {content: "For 120", trigger: ".o_field_widget[name=amount_captured]:contains('120')"},
        ...openStatistic("action_view_orders"),
        {
            content: "Its order",
            trigger:
                ".o_data_row:contains('TST/V') .o_data_cell, .o_kanban_record:contains('120'), .o_form_view .o_field_widget[name=pos_reference]",
        },
    ],
});

tours.add("wine_platform_administrator", {
    steps: () => [
        ...openWineVending(),
        {
            content: "Configuration",
            trigger: "[data-menu-xmlid='wine_vending.menu_config']",
            run: "click",
        },
        {
            content: "Regions",
            trigger: ".o-dropdown--menu [data-menu-xmlid='wine_vending.menu_regions']",
            run: "click",
        },
        {
            content: "Open a region",
            trigger: ".o_data_row .o_data_cell:contains('Testland')",
            run: "click",
        },
        {
            content: "It says how many machines it has; see them",
            trigger:
                ".o_form_view .oe_title:contains('Testland'), .o_form_view .oe_title:has(input)",
        },
        ...openStatistic("action_view_machines"),
        ...openTourMachine(),
        {
            content: "Draft the next planogram",
            trigger: ".o_statusbar_buttons button[name=action_new_planogram]",
            run: "click",
        },
        {
            content: "Take hold of the price of A1",
            trigger: ".o_field_widget[name=line_ids] .o_data_row:first .o_data_cell[name=price]",
            run: "click",
        },
        {
            content: "Another price",
            trigger: ".o_field_widget[name=line_ids] .o_selected_row [name=price] input",
            run: "edit 135.50",
        },
        {
            content: "Publish",
            trigger: ".o_statusbar_buttons button[name=action_publish]",
            run: "click",
        },
        {
            content: "It is published",
            trigger: ".o_arrow_button_current:contains('Published')",
        },
        {
            content: "Back to the machine",
            trigger: ".o_breadcrumb a:contains('Tour Machine')",
            run: "click",
        },
        {
            content: "It wants version 2",
            trigger:
                ".o_form_view .alert:contains('version 2'), .o_form_view .alert:has([name=wanted_version]:contains('2'))",
        },
        {
            content: "Its front shows the new price",
            trigger: ".o_wine_slot[data-slot=A1]:contains('135.50')",
        },
    ],
});

tours.add("wine_case_of_unknown_outcome", {
    steps: () => [
        ...openWineVending(),
        {content: "Cases", trigger: "[data-menu-xmlid='wine_vending.menu_cases']", run: "click"},
        {
            content: "Open the case of the machine",
            trigger: ".o_data_row:contains('Tour Machine') .o_data_cell:first",
            run: "click",
        },
        {
            content: "What is known is told",
            trigger: ".o_form_view:contains('does not know whether the bottle came')",
        },
        {
            content: "It did not come out",
            trigger: ".o_statusbar_buttons button[name=action_did_not]",
            run: "click",
        },
        {
            content: "The question says what will happen",
            trigger:
                ".modal:contains('The consumer gets the money back') .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "Decided",
            trigger: ".o_form_view .o_arrow_button_current:contains('Decided')",
        },
        {
            content: "In words",
            trigger: ".o_field_widget[name=decision]:contains('It did not come out')",
        },
    ],
});

tours.add("wine_today", {
    steps: () => [
        ...openApp(),
        {
            content: "How is the company doing now: what was sold today",
            trigger: ".o_wine_today .o_wine_tile[data-tile=sales]:contains('Sales today')",
        },
        {
            content: "Our region sold one bottle for 120",
            trigger: "tr[data-region=Testland] td:contains('120')",
        },
        {
            content: "Open the region",
            trigger: "tr[data-region=Testland] .o_wine_region",
            run: "click",
        },
        {
            content: "Its machine",
            trigger: ".o_kanban_record:contains('Tour Machine')",
            run: "click",
        },
        {
            content: "Drawn as it stands there",
            trigger: ".o_wine_front .o_wine_slot[data-slot=A1]",
        },
    ],
});

tours.add("wine_map", {
    steps: () => [
        {
            content: "The machine is drawn where its site stands",
            trigger: ".o_wine_map .o_wine_pin.leaflet-marker-icon[title*='Tour Machine']",
            run: "click",
        },
        {
            content: "What it is like",
            trigger: ".leaflet-popup-content:contains('Tour Machine'):contains('% filled')",
        },
        {
            content: "Open it",
            trigger: ".leaflet-popup-content button:contains('Open machine')",
            run: "click",
        },
        {content: "Its form", trigger: ".o_form_view .o_wine_front"},
    ],
});
