// SPDX-License-Identifier: LGPL-3.0-or-later
import {Component, onWillDestroy, onWillStart, useState} from "@odoo/owl";
import {AlertDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

/** A bridge that is dead wakes nobody: look again after so long. */
const POLL_MS = 15000;
/** Several bridges speak at once: that is one look. */
const QUIET_MS = 1000;
const number = new Intl.NumberFormat();

/** "Bridge": is it well, and if not, what is to be done; then the figures behind it. */
export class WineBridgePage extends Component {
    static template = "wine_device_bridge.Page";
    static components = {Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.bus = useService("bus_service");
        this.state = useState({data: null, failed: false});
        this.timer = null;
        onWillStart(() => this.load());
        const listener = () => {
            this.timer ||= setTimeout(() => {
                this.timer = null;
                this.load();
            }, QUIET_MS);
        };
        this.bus.subscribe("wine_bridge", listener);
        this.bus.start();
        const poll = setInterval(() => this.load(), POLL_MS);
        onWillDestroy(() => {
            clearInterval(poll);
            clearTimeout(this.timer);
            this.bus.unsubscribe("wine_bridge", listener);
        });
    }

    get display() {
        return {controlPanel: {}};
    }

    async load() {
        try {
            this.state.data = await this.orm.silent.call("wine.bridge.health", "page", []);
            this.state.failed = false;
        } catch (error) {
            if (!this.state.data) {
                throw error;
            }
            this.state.failed = true;
        }
    }

    // === WORDS === //

    time(text) {
        return formatDateTime(deserializeDateTime(text), {showSeconds: true});
    }

    get verdict() {
        return {
            ok: {icon: "fa-check-circle", tone: "success", text: _t("The bridge is well.")},
            degraded: {
                icon: "fa-exclamation-triangle",
                tone: "warning",
                text: _t("The bridge works, but somebody should look."),
            },
            down: {
                icon: "fa-times-circle",
                tone: "danger",
                text: _t("The bridge is down: nothing of the machines comes in."),
            },
        }[this.state.data.status];
    }

    /** Seconds as people say them. */
    age(seconds) {
        if (seconds < 1) {
            return _t("under 1 s");
        }
        if (seconds < 120) {
            return _t("%s s", Math.round(seconds));
        }
        if (seconds < 7200) {
            return _t("%s min", Math.round(seconds / 60));
        }
        return seconds < 172800
            ? _t("%s h", Math.round(seconds / 3600))
            : _t("%s days", Math.round(seconds / 86400));
    }

    count(value) {
        return number.format(value || 0);
    }

    sum(counts) {
        return Object.values(counts).reduce((total, value) => total + value, 0);
    }

    get refused() {
        const {figures, codes} = this.state.data;
        const names = new Set([
            ...Object.keys(figures.quarantine_open),
            ...Object.keys(figures.quarantine_day),
        ]);
        return [...names].sort().map((code) => ({
            code,
            label: codes[code] || code,
            open: figures.quarantine_open[code] || 0,
            day: figures.quarantine_day[code] || 0,
        }));
    }

    /** How the HTTPS door answered: [] where nobody has knocked for a day. */
    get answers() {
        const {day, hour} = this.state.data.figures.door;
        const words = {
            200: _t("taken"),
            400: _t("not understood; kept in quarantine"),
            401: _t("name or secret is wrong"),
            403: _t("suspended or revoked"),
            411: _t("without its length"),
            413: _t("too much at once"),
            426: _t("not by HTTPS"),
            429: _t("too fast, or too many wrong secrets"),
            503: _t("the database was busy"),
        };
        return Object.keys(day.posts).map((status) => ({
            status,
            label: words[status] ? `${status} ${words[status]}` : status,
            hour: hour.posts[status] || 0,
            day: day.posts[status],
        }));
    }

    /** Who came with a wrong secret or code lately. */
    get knocks() {
        return this.state.data.knocks.map(({who, wrong, since}) => {
            const [kind, name] = who.split(" ");
            const values = {name, count: this.count(wrong), since: this.time(since)};
            return kind === "machine"
                ? _t("for machine %(name)s: %(count)s within the minute from %(since)s", values)
                : _t("from address %(name)s: %(count)s within the minute from %(since)s", values);
        });
    }

    get doorNote() {
        const {stored, duplicates, quarantined} = this.state.data.figures.door.day;
        return _t(
            "Within a day: %(stored)s messages stored, %(again)s sent again and counted once, %(refused)s refused.",
            {
                stored: this.count(stored),
                again: this.count(duplicates),
                refused: this.count(quarantined),
            },
        );
    }

    get tiles() {
        const {figures, hour} = this.state.data;
        const open = this.sum(figures.quarantine_open);
        const about = figures.waiting_estimated ? _t("about ") : "";
        return [
            {
                key: "waiting",
                label: _t("Stored, not yet used"),
                value: about + this.count(figures.waiting),
                note: figures.waiting
                    ? _t("the oldest for %s", this.age(figures.lag))
                    : _t("everything is in the books"),
                bad: figures.lag > 60,
            },
            {
                key: "projected",
                label: _t("Used within the hour"),
                value: this.count(hour.projected),
                note: _t("%s stored", this.count(hour.stored)),
            },
            {
                key: "duplicates",
                label: _t("Sent again, counted once"),
                value: this.count(hour.duplicates),
                note: _t("within the hour"),
            },
            {
                key: "quarantine",
                label: _t("In quarantine"),
                value: this.count(open),
                note: _t("%s came within a day", this.count(this.sum(figures.quarantine_day))),
                bad: open > 0,
            },
            {
                key: "gaps",
                label: _t("Machines with gaps"),
                value: this.count(figures.gap_machines),
                note: figures.gap_machines
                    ? _t("%s events are missing", this.count(figures.gap_events))
                    : _t("every journal is whole"),
                bad: figures.gap_machines > 0,
            },
            {
                key: "commands",
                label: _t("Commands not sent"),
                value: this.count(figures.commands),
                note: figures.commands
                    ? _t("the oldest for %s", this.age(figures.command_age))
                    : _t("%s sent within the hour", this.count(hour.sent)),
                bad: figures.command_age > 60,
            },
            {
                key: "births",
                label: _t("Machines connected anew"),
                value: this.count(figures.births),
                note: _t("within the hour"),
            },
            {
                key: "reconnects",
                label: _t("Bridge connected anew"),
                value: this.count(hour.reconnects),
                note: _t("within the hour"),
                bad: hour.reconnects > 5,
            },
        ];
    }

    // === THE LAST HOUR === //

    get charts() {
        const highest = (name) => Math.max(...this.state.data.history.map((m) => m[name]), 0);
        return [
            {
                key: "stored",
                label: _t("Stored a minute"),
                top: _t("at most %s", this.count(highest("stored"))),
            },
            {
                key: "projected",
                label: _t("Used a minute"),
                top: _t("at most %s", this.count(highest("projected"))),
            },
            {
                key: "lag",
                label: _t("Oldest that waited"),
                top: _t("at most %s", this.age(highest("lag"))),
            },
            {
                key: "quarantined",
                label: _t("Refused a minute"),
                top: _t("at most %s", this.count(highest("quarantined"))),
            },
        ].map((chart) => ({...chart, bars: this.bars(chart.key, highest(chart.key))}));
    }

    bars(name, highest) {
        return this.state.data.history.map((minute, index) => {
            const height = highest ? Math.max((40 * minute[name]) / highest, 0) : 0;
            const said = name === "lag" ? this.age(minute[name]) : this.count(minute[name]);
            return {
                x: index * 5,
                y: 40 - height,
                height,
                title: `${this.time(minute.minute)}: ${said}`,
            };
        });
    }

    processState(process) {
        if (process.silent) {
            return {tone: "danger", text: _t("Down: silent for %s", this.age(process.silence))};
        }
        if (process.state === "stopped") {
            return {tone: "secondary", text: _t("Ended in order")};
        }
        if (process.role === "projector") {
            return {tone: "success", text: _t("Running")};
        }
        return process.connected
            ? {tone: "success", text: _t("Running, connected")}
            : {tone: "danger", text: _t("Running, without the broker")};
    }

    whereOf({host, pid, version}) {
        return _t("%(host)s, process %(pid)s, version %(version)s", {host, pid, version});
    }

    sinceOf(process) {
        return _t("since %(start)s, heard of %(age)s ago", {
            start: this.time(process.started_at),
            age: this.age(process.silence),
        });
    }

    totalsOf({totals, gauges}) {
        return _t(
            "%(stored)s stored, %(used)s used, %(sent)s commands sent, %(held)s in its hands",
            {
                stored: this.count(totals.stored),
                used: this.count(totals.projected),
                sent: this.count(totals.commands_sent),
                held: this.count(gauges.inbox_depth),
            },
        );
    }

    // === WHAT LIES BEHIND === //

    open(key) {
        const action = {
            waiting: ["wine_bridge_event_action", {search_default_waiting: 1}],
            projected: ["wine_bridge_event_action", {}],
            duplicates: ["wine_bridge_event_action", {search_default_repeated: 1}],
            quarantine: ["wine_bridge_quarantine_action", {search_default_quarantined: 1}],
            commands: ["wine_bridge_command_action", {search_default_queued: 1}],
            gaps: ["wine_bridge_gap_action", {}],
        }[key];
        if (action) {
            this.action.doAction(`wine_device_bridge.${action[0]}`, {
                additionalContext: action[1],
            });
        }
    }

    opens(key) {
        return ["waiting", "projected", "duplicates", "quarantine", "commands", "gaps"].includes(
            key,
        );
    }

    async newToken() {
        const token = await this.orm.call("wine.bridge.health", "new_token", []);
        this.dialog.add(AlertDialog, {
            title: _t("Token for watchers"),
            body: _t(
                "%s\n\nIt is shown this once; an earlier one is over. Prometheus sends it to /wine/metrics, a watcher to /wine/health, as: Authorization: Bearer …",
                token,
            ),
        });
    }
}

registry.category("actions").add("wine_bridge_page", WineBridgePage);
