// SPDX-License-Identifier: LGPL-3.0-or-later
import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {formatMonetary} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/**
 * The front of a machine: its slots as they are seen from outside, row by row. Each slot says what it
 * shall hold, for how much, how many bottles it has, and in words when something is wrong with it.
 */
export class MachineFront extends Component {
    static template = "wine_vending.MachineFront";
    static props = {...standardFieldProps};

    get rows() {
        const rows = new Map();
        for (const record of this.props.record.data[this.props.name].records) {
            const row = record.data.row;
            if (!rows.has(row)) {
                rows.set(row, []);
            }
            rows.get(row).push(this.slot(record));
        }
        return [...rows.entries()]
            .sort(([a], [b]) => a - b)
            .map(([row, slots]) => ({row, slots: slots.sort((a, b) => a.column - b.column)}));
    }

    slot(record) {
        const data = record.data;
        const planned = Boolean(data.product_id);
        return {
            id: record.resId || record.id,
            code: data.code,
            column: data.column,
            name: planned ? data.product_id.display_name.replace(/^\[[^\]]*\]\s*/, "") : "",
            image: planned ? `/web/image/product.product/${data.product_id.id}/image_128` : "",
            price: planned
                ? formatMonetary(data.price, {currencyId: data.currency_id && data.currency_id.id})
                : "",
            qty: data.qty,
            capacity: data.capacity,
            level: data.level,
            note: this.note(data, planned),
            tone: this.tone(data, planned),
        };
    }

    /** In words, so that no state is told by colour alone. */
    note(data, planned) {
        if (!planned) {
            return _t("free");
        }
        if (data.state === "jammed") {
            return _t("jammed");
        }
        if (data.state === "disabled" || !data.enabled) {
            return _t("off");
        }
        if (data.qty <= 0) {
            return _t("sold out");
        }
        return data.par && data.qty * 3 <= data.par ? _t("low") : "";
    }

    tone(data, planned) {
        if (!planned || data.state === "disabled" || !data.enabled) {
            return "muted";
        }
        if (data.state === "jammed" || data.qty <= 0) {
            return "danger";
        }
        return data.par && data.qty * 3 <= data.par ? "warning" : "success";
    }

    title(slot) {
        return `${slot.code} ${slot.name} ${slot.price} ${slot.qty}/${slot.capacity} ${slot.note}`;
    }
}

registry.category("fields").add("wine_machine_front", {
    component: MachineFront,
    displayName: _t("Machine front"),
    supportedTypes: ["one2many"],
    useSubView: true,
    relatedFields: [
        {name: "code", type: "char"},
        {name: "row", type: "integer"},
        {name: "column", type: "integer"},
        {name: "product_id", type: "many2one", relation: "product.product"},
        {name: "price", type: "monetary"},
        {name: "currency_id", type: "many2one", relation: "res.currency"},
        {name: "qty", type: "integer"},
        {name: "capacity", type: "integer"},
        {name: "par", type: "integer"},
        {name: "level", type: "integer"},
        {name: "enabled", type: "boolean"},
        {name: "state", type: "char"},
    ],
});
