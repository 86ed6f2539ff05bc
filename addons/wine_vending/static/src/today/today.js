// SPDX-License-Identifier: LGPL-3.0-or-later
import {Component, onWillDestroy, onWillStart, useState} from "@odoo/owl";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {formatMonetary} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useLiveMachines} from "../live/live_machines";
import {useService} from "@web/core/utils/hooks";

/** Without a word from the bus, look again after so long. */
const POLL_MS = 60000;
const VIEWS = {
    "wine.report.sales": ["graph", "pivot", "list"],
    "wine.machine": ["kanban", "list", "form"],
};

/** "Today": how is the company doing now, by region, with the list behind every number. */
export class WineToday extends Component {
    static template = "wine_vending.Today";
    static components = {Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({data: null, failed: false, folded: {}});
        onWillStart(() => this.load());
        useLiveMachines(() => this.load());
        const poll = setInterval(() => this.load(), POLL_MS);
        onWillDestroy(() => clearInterval(poll));
    }

    get display() {
        return {controlPanel: {}};
    }

    async load() {
        try {
            this.state.data = await this.orm.silent.call("wine.today", "figures", []);
            this.state.failed = false;
        } catch (error) {
            if (!this.state.data) {
                throw error;
            }
            this.state.failed = true;
        }
    }

    // === WORDS === //

    get at() {
        return formatDateTime(deserializeDateTime(this.state.data.at), {showSeconds: true});
    }

    money(value, short = false) {
        return formatMonetary(value, {
            currencyId: this.state.data.currency_id,
            humanReadable: short && Math.abs(value) >= 10000,
        });
    }

    /** Against the same weekday, in words and with a sign: never by colour alone. */
    trend({sales, before}) {
        if (!before) {
            return {tone: "muted", text: _t("nothing to compare with")};
        }
        const percent = Math.round((100 * (sales - before)) / before);
        if (percent === 0) {
            return {tone: "muted", text: _t("as a week ago by now")};
        }
        return percent > 0
            ? {tone: "success", text: _t("▲ %s % more than a week ago by now", percent)}
            : {tone: "danger", text: _t("▼ %s % less than a week ago by now", -percent)};
    }

    short({sales, before}) {
        if (!before) {
            return "–";
        }
        const percent = Math.round((100 * (sales - before)) / before);
        return `${percent > 0 ? "▲ +" : percent < 0 ? "▼ −" : ""}${Math.abs(percent)} %`;
    }

    /** The numbers on top: what, how much, what it means, and what lies behind it. */
    get tiles() {
        const total = this.state.data.total;
        const trend = this.trend(total);
        const machines = total.online + total.offline;
        return [
            {
                key: "sales",
                label: _t("Sales today"),
                value: this.money(total.sales, true),
                note: trend.text,
                tone: trend.tone,
            },
            {
                key: "online",
                label: _t("Machines online"),
                value: `${total.online} / ${machines}`,
                note: total.offline ? _t("%s not online", total.offline) : _t("all of them"),
                noteKey: total.offline ? "offline" : null,
                tone: total.offline ? "danger" : "success",
            },
            {
                key: "alarm",
                label: _t("In alarm"),
                value: total.alarm,
                note: total.alarm ? _t("need a person") : _t("nothing to do"),
                tone: total.alarm ? "danger" : "success",
            },
            {
                key: "stockouts",
                label: _t("Slots sold out"),
                value: total.stockouts,
                note: total.lost
                    ? _t("%s of sales lost so far", this.money(total.lost))
                    : _t("no sales lost"),
                tone: total.lost ? "danger" : "muted",
            },
            {
                key: "cash_off",
                label: _t("Cash differences, 7 days"),
                value: this.money(total.cash, true),
                note: total.cash_off
                    ? _t("in %s collections", total.cash_off)
                    : _t("all cash was there"),
                tone: total.cash < 0 ? "danger" : "muted",
            },
            {
                key: "cases_due",
                label: _t("Cases due"),
                value: total.cases_due,
                note: _t("of %s open", total.cases),
                noteKey: "cases",
                tone: total.cases_due ? "danger" : "success",
            },
        ];
    }

    get columns() {
        return [
            {key: "sales", label: _t("Sales"), money: true},
            {key: "trend", label: _t("Against a week ago")},
            {key: "online", label: _t("Online")},
            {key: "offline", label: _t("Offline"), bad: true},
            {key: "alarm", label: _t("In alarm"), bad: true},
            {key: "stockouts", label: _t("Sold out"), bad: true},
            {key: "lost", label: _t("Lost sales"), money: true, bad: true},
            {key: "cash", label: _t("Cash differences"), money: true, bad: true},
            {key: "cases_due", label: _t("Cases due"), bad: true},
        ];
    }

    get rows() {
        const folded = this.state.folded;
        return this.state.data.regions.filter((row) => !row.parents.some((id) => folded[id]));
    }

    cell(row, column) {
        if (column.key === "trend") {
            return this.short(row);
        }
        return column.money ? this.money(row[column.key], true) : row[column.key];
    }

    // === WHAT LIES BEHIND === //

    toggle(row) {
        this.state.folded[row.id] = !this.state.folded[row.id];
    }

    /** The list behind a number: of everything, or of a region and those below it. */
    open(key, row = null) {
        const list = this.state.data.lists[key === "trend" ? "before" : key];
        const domain = row ? [...list.domain, ["region_id", "child_of", row.id]] : list.domain;
        const views = VIEWS[list.model] || ["list", "form"];
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: row ? `${list.title}: ${row.name}` : list.title,
            res_model: list.model,
            views: views.map((view) => [false, view]),
            domain,
            target: "current",
        });
    }

    openRegion(row) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: row.name,
            res_model: "wine.machine",
            views: VIEWS["wine.machine"].map((view) => [false, view]),
            domain: [["region_id", "child_of", row.id]],
            context: {search_default_in_use: 1},
            target: "current",
        });
    }
}

registry.category("actions").add("wine_today", WineToday);
