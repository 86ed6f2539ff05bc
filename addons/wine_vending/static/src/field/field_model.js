// SPDX-License-Identifier: LGPL-3.0-or-later
import {NoAnswer, NotLoggedIn, call} from "./server";
import {amount, newDraft, plannedEntry, restockRows} from "./visit_draft";
import {PhoneStore, newUuid} from "./db";
import {Outbox} from "./outbox";
import {reactive} from "@odoo/owl";

const AGAIN = 60 * 1000;
const LEDGER = "wine-field-people";

/**
 * The day of one person: route, visits under way, what waits to be sent.
 *
 * Everything that is entered is written to the phone before the screen goes on; the screen shows
 * what is on the phone, never what only the server could know.
 */
export class FieldModel {
    constructor(boot) {
        this.boot = boot;
        this.store = new PhoneStore(`wine-field-${boot.db}-${boot.uid}`);
        this.outbox = new Outbox(this.store, boot.uid, () => this.refresh());
        this.route = {stops: [], machines: {}, today: "", taken: null};
        this.drafts = {};
        this.finished = {};
        this.view = reactive({version: 0, screen: "today", visit: null, toast: "", busy: false});
    }

    async start() {
        await this.store.open();
        this.route = (await this.store.get("kept", "route")) || this.route;
        for (const draft of await this.store.all("drafts")) {
            this.drafts[draft.visit] = draft;
        }
        for (const finished of await this.store.all("finished")) {
            this.finished[finished.visit] = finished;
        }
        await this.outbox.load();
        const open = await this.store.get("kept", "open");
        if (open && this.drafts[open]) {
            this.show("visit", open);
        }
        window.addEventListener("online", () => this.connected());
        window.addEventListener("offline", () => this.disconnected());
        document.addEventListener("visibilitychange", () => !document.hidden && this.connected());
        setInterval(() => this.outbox.waiting.length && this.outbox.flush(), AGAIN);
        this.connected();
    }

    refresh() {
        this.view.version++;
        const people = this._people();
        people[this.boot.uid] = {name: this.boot.name, unsent: this.outbox.waiting.length};
        localStorage.setItem(LEDGER, JSON.stringify(people));
    }

    /** Names and numbers only: what others left unsent on this phone waits for them. */
    _people() {
        try {
            return JSON.parse(localStorage.getItem(LEDGER)) || {};
        } catch {
            return {};
        }
    }

    get others() {
        return Object.entries(this._people())
            .filter(([uid, person]) => Number(uid) !== this.boot.uid && person.unsent)
            .map(([, person]) => person);
    }

    // === CONNECTION === //

    async connected() {
        await this.outbox.flush();
        await this.loadRoute();
    }

    disconnected() {
        this.outbox.reached = false;
        this.refresh();
    }

    async loadRoute() {
        this.view.busy = true;
        try {
            const route = await call("/wine/field/route", {uid: this.boot.uid});
            this.outbox._reached(true);
            this.route = route;
            await this.store.put("kept", "route", route);
            await this._forgetFinished(route);
        } catch (error) {
            if (error instanceof NotLoggedIn) {
                this.outbox.loggedIn = false;
            } else if (error instanceof NoAnswer) {
                this.outbox.reached = false;
            } else {
                this.tell(error.message);
            }
        }
        this.view.busy = false;
        this.refresh();
    }

    /** What the server knows to be done needs no mark of ours; marks of other days go. */
    async _forgetFinished(route) {
        const unsent = new Set(this.outbox.entries.map((entry) => entry.visit));
        for (const {visit, day} of Object.values(this.finished)) {
            if (!unsent.has(visit) && day !== route.today) {
                delete this.finished[visit];
                await this.store.put("finished", visit, undefined);
            }
        }
    }

    // === THE ROUTE === //

    machine(id) {
        return this.route.machines[id];
    }

    /** Stops of the day with what the phone knows of them; the ones under way first. */
    get stops() {
        const stops = this.route.stops.map((stop) => this._stop(stop));
        const known = new Set(stops.map((stop) => stop.uuid));
        for (const {visit, machine} of [
            ...Object.values(this.drafts),
            ...Object.values(this.finished),
        ]) {
            if (!known.has(visit) && this.machine(machine)) {
                known.add(visit);
                stops.push(this._stop({uuid: visit, machine, mine: true, state: "planned"}));
            }
        }
        return stops.filter((stop) => this.machine(stop.machine));
    }

    _stop(stop) {
        const state = this.finished[stop.uuid]
            ? "done"
            : this.drafts[stop.uuid]
              ? "started"
              : stop.state;
        return {...stop, state, bring: this._bring(stop), bottles: this._bottles(stop)};
    }

    get ahead() {
        const order = {started: 0, planned: 1};
        return this.stops
            .filter((stop) => stop.state !== "done")
            .map((stop, index) => ({stop, key: [order[stop.state], stop.mine ? 0 : 1, index]}))
            .sort((a, b) => a.key[0] - b.key[0] || a.key[1] - b.key[1] || a.key[2] - b.key[2])
            .map(({stop}) => stop);
    }

    get behind() {
        return this.stops.filter((stop) => stop.state === "done");
    }

    /** Bottles that a slot is to get: as packed for the stop, else what it lacks now. */
    toFill(stop, slot) {
        return stop?.planned ? stop.planned[slot.id] || 0 : slot.fill;
    }

    _bring(stop) {
        const bring = {};
        for (const slot of this.machine(stop.machine)?.slots || []) {
            const fill = this.toFill(stop, slot);
            if (fill) {
                bring[slot.name] = (bring[slot.name] || 0) + fill;
            }
        }
        return Object.entries(bring).sort((a, b) => b[1] - a[1]);
    }

    _bottles(stop) {
        return this._bring(stop).reduce((sum, [, number]) => sum + number, 0);
    }

    stopOf(visit) {
        return this.route.stops.find((stop) => stop.uuid === visit);
    }

    // === A VISIT === //

    show(screen, visit = null) {
        Object.assign(this.view, {screen, visit});
        this.store.put("kept", "open", screen === "visit" ? visit : null);
        window.scrollTo(0, 0);
    }

    get draft() {
        return this.drafts[this.view.visit];
    }

    /** Begin at a stop, or at a machine that nobody planned: its visit gets its UUID here. */
    async begin(machineId, visit = newUuid()) {
        if (!this.drafts[visit]) {
            const draft = newDraft(visit, machineId, new Date().toISOString());
            draft.temperature = this.machine(machineId).temperature;
            const entry = this.outbox.make("start", visit, machineId, {}, draft.startedAt);
            this.drafts[visit] = draft;
            await this.store.putAll([["drafts", visit, draft], Outbox.write(entry)]);
            this.outbox.flush();
        }
        this.show("visit", visit);
    }

    /** Change the draft and write it before the screen shows it. */
    async change(changes) {
        const draft = this.draft;
        Object.assign(draft, changes);
        await this.store.put("drafts", draft.visit, JSON.parse(JSON.stringify(draft)));
        this.refresh();
    }

    async setSlot(slot, entry) {
        const slots = {...this.draft.slots};
        if (entry) {
            slots[slot.id] = entry;
        } else {
            delete slots[slot.id];
        }
        await this.change({slots, countedAt: new Date().toISOString()});
    }

    /** Everything of these slots that is not an exception was filled as planned. */
    async fillAsPlanned(slots) {
        const stop = this.stopOf(this.draft.visit);
        const entries = {...this.draft.slots};
        for (const slot of slots) {
            const fill = this.toFill(stop, slot);
            if (fill && entries[slot.id]?.how !== "exception") {
                entries[slot.id] = plannedEntry(fill);
            }
        }
        await this.change({slots: entries, countedAt: new Date().toISOString()});
    }

    async addPhoto(data) {
        const draft = this.draft;
        const entry = this.outbox.make("photo", draft.visit, draft.machine, {data});
        draft.photos = [...draft.photos, entry.uuid];
        await this.store.putAll([
            Outbox.write(entry),
            ["drafts", draft.visit, JSON.parse(JSON.stringify(draft))],
        ]);
        this.refresh();
        this.outbox.flush();
    }

    /** The visit is over: its entries are made and the draft goes, in one transaction. */
    async finish() {
        const draft = this.draft;
        const {visit, machine, cash} = draft;
        const now = new Date().toISOString();
        const make = (kind, payload, moment) =>
            Outbox.write(this.outbox.make(kind, visit, machine, payload, moment));
        const writes = [];
        const rows = restockRows(draft, this.machine(machine).slots);
        if (rows.length) {
            writes.push(make("restock", {rows}, draft.countedAt || now));
        }
        if (cash.taken) {
            const payload = {coins: amount(cash.coins) || "0", notes: amount(cash.notes) || "0"};
            if (cash.meter !== "") {
                payload.meter = amount(cash.meter);
            }
            writes.push(make("cash", payload, cash.taken));
        }
        const {cleaned, temperature, note} = draft;
        writes.push(make("done", {cleaned, temperature, note}, now));
        const bottles = rows.reduce((sum, row) => sum + row.filled, 0);
        this.finished[visit] = {visit, machine, bottles, day: this.route.today, at: now};
        delete this.drafts[visit];
        await this.store.putAll([
            ...writes,
            ["finished", visit, {...this.finished[visit]}],
            ["drafts", visit, undefined],
        ]);
        this.show("today");
        this.refresh();
        this.outbox.flush().then(() => this.outbox.reached && this.loadRoute());
    }

    tell(text) {
        this.view.toast = text;
        clearTimeout(this.toastTimer);
        this.toastTimer = setTimeout(() => (this.view.toast = ""), 5000);
    }
}
