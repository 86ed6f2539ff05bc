// SPDX-License-Identifier: LGPL-3.0-or-later
import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");
const FAULT = "data.price: must be an amount such as 12.50";
const current = (label) => `.o_statusbar_status .o_arrow_button_current:contains('${label}')`;

/** Opens an entry of the menu "Machines" at a desk. */
function openMenu(xmlid) {
    return [
        {
            content: "Machines",
            trigger: "[data-menu-xmlid='wine_vending.menu_machines_top']",
            run: "click",
        },
        {
            content: `The entry ${xmlid}`,
            trigger: `.o-dropdown--menu [data-menu-xmlid='wine_device_bridge.${xmlid}']`,
            run: "click",
        },
    ];
}

/** A sale whose price came as a word: seen, read, corrected, in the books. */
tours.add("wine_bridge_correct_a_message", {
    steps: () => [
        ...stepUtils.goToAppSteps("wine_vending.menu_root", "Open Wine Vending"),
        ...openMenu("menu_bridge_page"),
        {
            content: "Whether it is well stands at the top",
            trigger: ".alert-success[data-status=ok]:contains('The bridge is well')",
        },
        {
            content: "What was stored within the hour",
            trigger: "[data-tile=projected]:contains('5 stored')",
        },
        {
            content: "The process says of itself that it is connected",
            trigger: "[data-process=a]:contains('Running, connected'):contains('7 stored')",
        },
        {
            content: "Why messages were refused",
            trigger: ".o_wine_bridge_refused tr:contains('Not as the protocol says')",
        },
        {
            content: "One is in quarantine",
            trigger: "[data-tile=quarantine] button:contains(/^1$/)",
            run: "click",
        },
        {
            content: "It says what it was to be, and why it was refused",
            trigger: `.o_data_row:contains('Sale at the machine'):contains('${FAULT}') td[name=result_text]`,
            run: "click",
        },
        {
            content: "The fault stands under its line",
            trigger: `.o_wine_faulty:contains('twelve') + .o_wine_fault:contains('${FAULT}')`,
        },
        {content: "Correct it", trigger: "button[name=action_correct]", run: "click"},
        {
            content: "As it came it cannot be stored",
            trigger: ".modal:not(:has(button[name=action_take_in])) .alert-warning:visible",
        },
        {
            content: "The price as a number",
            trigger: ".modal .o_field_widget[name=text] textarea",
            async run({anchor, edit}) {
                await edit(anchor.value.replace('"twelve"', '"120.00"'));
            },
        },
        {
            content: "Why",
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit The price was a word",
        },
        {
            content: "Nothing is wrong with it any more",
            trigger: ".modal .alert:visible:contains('Nothing is wrong with it any more')",
        },
        {
            content: "Store it",
            trigger: ".modal footer button[name=action_take_in]",
            run: "click",
        },
        {
            content: "What was taken in waits to be used, and names what it stands for",
            trigger:
                ".o_form_view:contains('Sale at the machine') .o_field_widget[name=corrects_id]",
        },
        {content: "It is stored", trigger: current("Stored")},
        {
            content: "Back to what was refused",
            trigger: ".o_field_widget[name=corrects_id] a",
            run: "click",
        },
        {content: "It is settled", trigger: current("Refused, then taken in")},
        {
            content: "By whom and why",
            trigger:
                ".o_form_view:contains('Tour Admin') .o_field_widget[name=settled_reason]:contains('The price was a word')",
        },
        ...openMenu("menu_bridge_page"),
        {
            content: "Nothing is in quarantine any more",
            trigger: "[data-tile=quarantine] button:contains(/^0$/)",
        },
        {
            content: "It waits to be used",
            trigger: "[data-tile=waiting] button:contains(/^1$/)",
        },
    ],
});

/** What a machine says at the HTTPS door; its credentials were given by the test. */
async function speak(data) {
    const credentials = document.cookie.match(/device=([^;]+)/)[1];
    const message = {
        id: crypto.randomUUID(),
        epoch: 1,
        seq: 1,
        boot: crypto.randomUUID(),
        ts: new Date().toISOString(),
        ts_q: "synced",
        hist: false,
        type: "door",
        data,
    };
    const answer = await fetch("/wine/device/events", {
        method: "POST",
        headers: {"Content-Type": "application/json", Authorization: `Basic ${credentials}`},
        body: JSON.stringify({evt: message}),
    });
    if (!answer.ok) {
        throw new Error(`the door answered ${answer.status}`);
    }
}

/** The administrator of the region watches while somebody opens the door. */
tours.add("wine_bridge_live_tail", {
    steps: () => [
        {
            content: "The machine",
            trigger: ".o_kanban_record:contains('Tour Machine')",
            run: "click",
        },
        {
            content: "Its buttons do not all fit",
            trigger: ".o-form-buttonbox .o_button_more, .o_button_more",
            run: "click",
        },
        {
            content: "Live",
            trigger: "button[name=action_view_bridge_tail]",
            run: "click",
        },
        {
            content: "Silence so far",
            trigger: ".o_wine_tail:contains('Tour Machine'):contains('Nothing yet')",
            run: () => speak({state: "opened", by: "key"}),
        },
        {
            content: "The message arrives without being asked for",
            trigger: ".o_wine_tail_row:contains('Door'):contains('up/evt'):contains('stored')",
        },
        {
            content: "The machine was told that it is safe",
            trigger: ".o_wine_tail:contains('stored up to 1, nothing missing')",
        },
        {
            content: "What it says",
            trigger: ".o_wine_tail_row:contains('Door') .o_wine_tail_head",
            run: "click",
        },
        {
            content: "By a key",
            trigger: `.o_wine_tail_open pre:contains('"by": "key"')`,
        },
        {content: "Hold on", trigger: ".o_wine_tail_pause", run: "click"},
        {content: "Paused", trigger: ".o_wine_tail_pause[aria-pressed=true]"},
    ],
});

const SLOW = ["wine_vending.wine_today_action", "wine_device_bridge.wine_bridge_page_action"];

/** Whoever goes on before a screen is there leaves no clock of it running. */
tours.add("wine_left_before_it_is_there", {
    steps: () => {
        const running = new Set();
        let started = 0;
        return [
            {
                content: "Screens are left while they still load",
                trigger: ".o_kanban_record:contains('Tour Machine')",
                timeout: 60000,
                async run() {
                    const {setInterval: start, clearInterval: stop} = window;
                    window.setInterval = (...how) => {
                        const clock = start.apply(window, how);
                        running.add(clock);
                        started++;
                        return clock;
                    };
                    window.clearInterval = (clock) => {
                        running.delete(clock);
                        stop.call(window, clock);
                    };
                    const {action} = odoo.__WOWL_DEBUG__.root.env.services;
                    const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
                    for (const screen of SLOW) {
                        const before = started;
                        action.doAction(screen);
                        while (started === before) {
                            await pause();
                        }
                        // on a slow computer the screen may win, and be left once it is there
                        for (let n = 0; running.size; n++) {
                            if (n % 250 === 0) {
                                action.doAction("wine_vending.wine_machine_action");
                            }
                            await pause();
                        }
                    }
                },
            },
            {
                content: "Nothing of them is left",
                trigger: ".o_kanban_record:contains('Tour Machine')",
                run() {
                    if (running.size) {
                        throw new Error(`${running.size} clocks run for screens that are gone`);
                    }
                },
            },
        ];
    },
});
