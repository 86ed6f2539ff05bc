// SPDX-License-Identifier: LGPL-3.0-or-later
import {Component, useState} from "@odoo/owl";
import {afterwards, emptyEntry, plannedEntry} from "./visit_draft";
import {_t} from "@web/core/l10n/translation";

/** Slots in the order of the rows: one tap for what went as planned, one slot for what did not. */
export class FillStep extends Component {
    static template = "wine_vending.FieldFill";
    static props = {model: Object, version: Number};

    setup() {
        this.model = this.props.model;
        this.state = useState({slot: null, entry: null});
        this.reasons = [
            ["breakage", _t("Broken")],
            ["spoilage", _t("Spoiled")],
            ["expiry", _t("Expired")],
        ];
        this.numbers = [
            ["filled", _t("Put in")],
            ["removed", _t("Taken out")],
            ["bad", _t("Bad")],
        ];
    }

    get draft() {
        return this.model.draft;
    }

    get machine() {
        return this.model.machine(this.draft.machine);
    }

    get stop() {
        return this.model.stopOf(this.draft.visit);
    }

    /** [{row, slots}] from the top of the machine. */
    get rows() {
        const rows = new Map();
        for (const slot of this.machine.slots) {
            if (!rows.has(slot.row)) {
                rows.set(slot.row, []);
            }
            rows.get(slot.row).push(slot);
        }
        return [...rows].map(([row, slots]) => ({
            row,
            name: slots[0].code.replace(/\d+$/, "") || String(row),
            slots,
            open: slots.some((slot) => this.fill(slot) && !this.entry(slot)),
        }));
    }

    get bottles() {
        return Object.values(this.draft.slots).reduce((sum, entry) => sum + entry.filled, 0);
    }

    get planned() {
        return this.machine.slots.reduce((sum, slot) => sum + this.fill(slot), 0);
    }

    get open() {
        return this.machine.slots.filter((slot) => this.fill(slot) && !this.entry(slot)).length;
    }

    fill(slot) {
        return this.model.toFill(this.stop, slot);
    }

    entry(slot) {
        return this.draft.slots[slot.id];
    }

    /** How a slot looks: kind, mark and big number. */
    look(slot) {
        const entry = this.entry(slot);
        const filled = entry ? entry.filled : this.fill(slot);
        const after = entry ? afterwards(slot, entry) : slot.qty + this.fill(slot);
        const kind = entry ? entry.how : this.fill(slot) ? "open" : "none";
        const mark = {planned: "✓", exception: "✎", open: "", none: "·"}[kind];
        return {kind, mark, filled, after};
    }

    label(slot) {
        const {filled, after} = this.look(slot);
        return _t("Slot %(code)s, %(name)s: put in %(filled)s, then %(after)s of %(capacity)s", {
            code: slot.code,
            name: slot.name || _t("no product"),
            filled,
            after,
            capacity: slot.capacity,
        });
    }

    // === ONE SLOT === //

    openSlot(slot) {
        const entry = this.entry(slot) || plannedEntry(this.fill(slot));
        Object.assign(this.state, {slot, entry: {...entry}});
    }

    get found() {
        const {slot, entry} = this.state;
        return entry.before ?? slot.qty;
    }

    get after() {
        return afterwards(this.state.slot, this.state.entry);
    }

    /** A number of the open slot up or down; none may end below nothing. */
    step(name, by) {
        const {entry} = this.state;
        const value = (name === "before" ? this.found : entry[name]) + by;
        const next = {...entry, [name]: value};
        if (value >= 0 && afterwards(this.state.slot, next) >= 0) {
            this.state.entry = next;
        }
    }

    async keep() {
        const {slot, entry} = this.state;
        const same = entry.before === null && !entry.removed && !entry.bad;
        const how = same && entry.filled === this.fill(slot) ? "planned" : "exception";
        const nothing = same && !entry.filled && !this.fill(slot);
        await this.model.setSlot(slot, nothing ? null : {...entry, how});
        this.state.slot = null;
    }

    async clear() {
        await this.model.setSlot(this.state.slot, null);
        this.state.slot = null;
    }

    /** The whole slot is empty now: everything found was taken out. */
    takeAllOut() {
        this.state.entry = {...emptyEntry(), before: this.found, removed: this.found};
    }
}
