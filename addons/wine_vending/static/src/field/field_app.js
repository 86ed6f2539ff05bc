// SPDX-License-Identifier: LGPL-3.0-or-later
import {CashStep} from "./cash_step";
import {CheckStep} from "./check_step";
import {FillStep} from "./fill_step";
import {OutboxScreen} from "./outbox_screen";
import {TodayScreen} from "./today_screen";
import {Component, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";

export const STEPS = ["fill", "cash", "check"];

/** The frame: who, connection, what is not sent; below it today's stops or the visit. */
export class FieldApp extends Component {
    static template = "wine_vending.FieldApp";
    static components = {CashStep, CheckStep, FillStep, OutboxScreen, TodayScreen};
    static props = {model: Object};

    setup() {
        this.model = this.props.model;
        this.view = useState(this.model.view);
        this.steps = STEPS;
    }

    /** Read `version`, so that everything below is drawn anew when the phone's store changed. */
    get version() {
        return this.view.version;
    }

    get unsent() {
        return this.model.outbox.entries.length;
    }

    get connection() {
        const {outbox} = this.model;
        if (!outbox.loggedIn) {
            return {icon: "⚿", text: _t("Log in to send"), kind: "problem"};
        }
        if (outbox.entries.some((entry) => entry.state !== "waiting")) {
            return {icon: "!", text: _t("Needs you"), kind: "problem"};
        }
        if (!outbox.reached) {
            return {icon: "⌁", text: _t("Offline"), kind: "offline"};
        }
        return {icon: "✓", text: _t("Online"), kind: "online"};
    }

    get draft() {
        return this.view.screen === "visit" && this.model.draft;
    }

    get machine() {
        return this.draft && this.model.machine(this.draft.machine);
    }

    stepName(step) {
        return {fill: _t("Fill"), cash: _t("Cash"), check: _t("Check")}[step];
    }

    isPast(step) {
        return STEPS.indexOf(step) < STEPS.indexOf(this.draft.step);
    }

    go(step) {
        window.scrollTo(0, 0);
        return this.model.change({step});
    }

    back() {
        const index = STEPS.indexOf(this.draft?.step);
        if (this.view.screen === "visit" && index > 0) {
            return this.go(STEPS[index - 1]);
        }
        return this.model.show("today");
    }
}
