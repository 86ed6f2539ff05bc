// SPDX-License-Identifier: LGPL-3.0-or-later
import {Component, onWillDestroy, onWillStart, useState} from "@odoo/owl";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

/** Nobody is told of messages: whoever looks asks. That costs the bridge nothing. */
const POLL_MS = 2000;
/** More rows than these are forgotten, the oldest first. */
const MOST = 300;

/** The messages of one machine as they are stored, and what it is told. */
export class WineBridgeTail extends Component {
    static template = "wine_device_bridge.Tail";
    static components = {Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        const {params = {}, context = {}} = this.props.action;
        this.machineId = params.machine_id || context.active_id;
        this.rows = new Map();
        this.state = useState({
            machine: null,
            journal: null,
            now: null,
            paused: false,
            failed: false,
            channel: "",
            type: "",
            open: {},
            shown: [],
        });
        this.busy = false;
        onWillStart(() => this.load());
        const poll = setInterval(() => this.look(), POLL_MS);
        onWillDestroy(() => clearInterval(poll));
    }

    get display() {
        return {controlPanel: {}};
    }

    /** Only while somebody sees it. */
    async look() {
        if (this.state.paused || this.busy || document.visibilityState === "hidden") {
            return;
        }
        try {
            await this.load();
            this.state.failed = false;
        } catch {
            this.state.failed = true;
        }
    }

    async load() {
        this.busy = true;
        try {
            this.take(
                await this.orm.silent.call("wine.machine", "bridge_tail", [[this.machineId]], {
                    after: this.newest("e"),
                    after_command: this.newest("c"),
                    pending: this.pending(),
                    measured: this.measured(),
                }),
            );
        } finally {
            this.busy = false;
        }
    }

    newest(kind) {
        const ids = [...this.rows.values()].filter((row) => row.kind === kind).map((row) => row.id);
        return Math.max(0, ...ids);
    }

    measured() {
        const moments = [...this.rows.values()].filter((row) => row.kind === "t");
        return moments.reduce((newest, row) => (row.at > newest ? row.at : newest), "");
    }

    pending() {
        return [...this.rows.values()]
            .filter((row) => row.kind === "e" && row.state === "new")
            .map((row) => row.id)
            .slice(-100);
    }

    take({machine, journal, now, messages, commands, readings}) {
        Object.assign(this.state, {machine, journal, now});
        for (const message of messages) {
            this.rows.set(`e${message.id}`, {...message, kind: "e", at: message.received_at});
        }
        for (const command of commands) {
            this.rows.set(`c${command.id}`, {
                ...command,
                kind: "c",
                at: command.create_date,
                data: command.args,
                event_id: command.uuid,
            });
        }
        for (const reading of readings) {
            this.rows.set(`t${reading.at}`, {
                ...reading,
                kind: "t",
                id: 0,
                channel: "tele",
                type: "tele",
                label: _t("Readings"),
                state: "measured",
            });
        }
        const sorted = [...this.rows.entries()].sort(
            ([, one], [, two]) => two.at.localeCompare(one.at) || two.id - one.id,
        );
        this.rows = new Map(sorted.slice(0, MOST));
        this.state.shown = [...this.rows.entries()].map(([key, row]) => ({...row, key}));
    }

    // === WHAT IS SHOWN === //

    get channels() {
        return [...new Set(this.state.shown.map((row) => this.channelOf(row)))].sort();
    }

    get types() {
        const found = new Map(
            this.state.shown.filter((row) => row.type).map((row) => [row.type, row.label]),
        );
        return [...found]
            .map(([type, label]) => ({type, label}))
            .sort((one, two) => one.label.localeCompare(two.label));
    }

    get visible() {
        const {channel, type, shown} = this.state;
        return shown.filter(
            (row) => (!channel || this.channelOf(row) === channel) && (!type || row.type === type),
        );
    }

    channelOf(row) {
        return row.kind === "c" ? `down/${row.channel}` : `up/${row.channel}`;
    }

    time(text) {
        return formatDateTime(deserializeDateTime(text), {showSeconds: true});
    }

    stateOf(row) {
        const said =
            row.kind === "c" && row.state === "failed" ? _t("failed") : this.words[row.state];
        const code = row.code_text || row.code;
        return code ? _t("%(state)s: %(why)s", {state: said, why: code}) : said;
    }

    get words() {
        return {
            new: _t("stored"),
            done: _t("used"),
            unhandled: _t("kept, nothing to do"),
            failed: _t("could not be used"),
            quarantined: _t("refused"),
            corrected: _t("refused, then taken in"),
            dismissed: _t("refused, put aside"),
            queued: _t("waiting"),
            sent: _t("sent"),
            received: _t("received"),
            in_progress: _t("in progress"),
            succeeded: _t("done"),
            rejected: _t("refused by the machine"),
            expired: _t("expired"),
            cancelled: _t("taken back"),
            measured: _t("kept"),
        };
    }

    toneOf(row) {
        if (["failed", "quarantined", "rejected"].includes(row.state)) {
            return "danger";
        }
        return ["new", "queued", "sent"].includes(row.state) ? "info" : "secondary";
    }

    brief(row) {
        const text = JSON.stringify(row.data || {});
        return text === "{}" ? row.result || "" : text;
    }

    full(row) {
        return JSON.stringify(row.data || {}, null, 2);
    }

    get acknowledged() {
        const {epoch, highest, gaps} = this.state.journal;
        const missing = gaps.map(([first, last]) => (first === last ? first : `${first}–${last}`));
        return gaps.length
            ? _t("epoch %s, stored up to %s, missing %s", epoch, highest, missing.join(", "))
            : _t("epoch %s, stored up to %s, nothing missing", epoch, highest);
    }

    // === DOING === //

    toggle(key) {
        this.state.open[key] = !this.state.open[key];
    }

    pause() {
        this.state.paused = !this.state.paused;
        this.look();
    }

    openRow(row) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: row.kind === "c" ? "wine.bridge.command" : "wine.bridge.event",
            res_id: row.id,
            views: [[false, "form"]],
        });
    }
}

registry.category("actions").add("wine_bridge_tail", WineBridgeTail);
