// SPDX-License-Identifier: LGPL-3.0-or-later
import {Component, onWillDestroy, onWillStart, useState} from "@odoo/owl";
import {deserializeDate, deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {formatMonetary} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useAutofocus, useService} from "@web/core/utils/hooks";

/** Without a word from the bus, look again after so long. */
const POLL_MS = 60000;
/** Cards on a phone, where the model has them. */
const CARDS = ["list", "kanban", "form"];
const VIEWS = {
    "wine.share.withdrawal": CARDS,
    "wine.share.settlement": CARDS,
    "wine.share.account": CARDS,
    "wine.case": CARDS,
};

/** "To do" of finance: what must be decided or paid today, decided in place. */
export class WineShareTodo extends Component {
    static template = "wine_profit_share.Todo";
    static components = {Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        const bus = useService("bus_service");
        // asked: the row that is being decided, and how
        this.state = useState({data: null, failed: false, asked: null, reason: "", busy: false});
        useAutofocus({refName: "reason", mobile: true});
        onWillStart(() => this.load());
        const again = () => this.load();
        bus.subscribe("wine_share_todo", again);
        bus.start();
        const poll = setInterval(again, POLL_MS);
        onWillDestroy(() => {
            clearInterval(poll);
            bus.unsubscribe("wine_share_todo", again);
        });
    }

    get display() {
        return {controlPanel: {}};
    }

    async load() {
        try {
            this.state.data = await this.orm.silent.call("wine.share.todo", "figures", []);
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

    money(value, currencyId = this.state.data.currency_id) {
        return formatMonetary(value, {currencyId});
    }

    /** How long it has waited, in words. */
    waited(row) {
        if (!row.since) {
            return "";
        }
        const moment =
            row.since.length > 10 ? deserializeDateTime(row.since) : deserializeDate(row.since);
        return moment.toRelative() || "";
    }

    note(section) {
        if (!section.count) {
            return _t("nothing to do");
        }
        return section.total === null ? _t("to check") : this.money(section.total);
    }

    more(section) {
        return section.count - section.rows.length;
    }

    // === DECIDING === //

    isAsked(section, row, how) {
        const asked = this.state.asked;
        return Boolean(
            asked && asked.key === section.key && asked.id === row.id && asked.how === how,
        );
    }

    ask(section, row, how) {
        this.state.asked = {key: section.key, id: row.id, how};
        this.state.reason = "";
    }

    back() {
        this.state.asked = null;
    }

    approve(section, row) {
        return this.decide(section, row, "action_approve", [], _t("Approved"));
    }

    reject(section, row) {
        if (row.refuse) {
            return this.decide(section, row, row.refuse, [], _t("Refused"));
        }
        const reason = this.state.reason.trim();
        if (!reason) {
            this.notification.add(_t("Say why: the partner reads the reason."), {type: "warning"});
            return;
        }
        return this.decide(section, row, "action_reject", [reason], _t("Rejected"));
    }

    async decide(section, row, method, args, words) {
        if (this.state.busy) {
            return;
        }
        this.state.busy = true;
        try {
            await this.orm.call(section.model, method, [[row.id], ...args]);
            this.notification.add(`${words}: ${row.title}`, {type: "success"});
        } finally {
            this.state.busy = false;
            this.state.asked = null;
            await this.load();
        }
    }

    // === WHAT LIES BEHIND === //

    open(section) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: section.title,
            res_model: section.model,
            views: (VIEWS[section.model] || ["list", "form"]).map((view) => [false, view]),
            domain: section.domain,
            target: "current",
        });
    }

    async openDialog(section, row) {
        const action = await this.orm.call(section.model, row.dialog.method, [[row.id]]);
        action.views ||= [[false, "form"]];
        return this.action.doAction(action, {onClose: () => this.load()});
    }

    openRow(section, row) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: section.model,
            res_id: row.id,
            views: [[false, "form"]],
            target: "current",
        });
    }
}

registry.category("actions").add("wine_share_todo", WineShareTodo);
