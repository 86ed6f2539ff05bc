// SPDX-License-Identifier: LGPL-3.0-or-later
import {money, signed} from "./words";
import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {typed} from "./visit_draft";

/** Open the box, count, close: notes and coins by the keypad, the difference at once. */
export class CashStep extends Component {
    static template = "wine_vending.FieldCash";
    static props = {model: Object, version: Number};

    setup() {
        this.model = this.props.model;
        this.keys = ["1", "2", "3", "4", "5", "6", "7", "8", "9", ".", "0", "back"];
        this.parts = [
            ["notes", _t("Notes")],
            ["coins", _t("Coins")],
            ["meter", _t("Meter")],
        ];
    }

    get draft() {
        return this.model.draft;
    }

    get cash() {
        return this.draft.cash;
    }

    get machine() {
        return this.model.machine(this.draft.machine);
    }

    get counted() {
        return Number(this.cash.notes || 0) + Number(this.cash.coins || 0);
    }

    get isCounted() {
        return this.cash.notes !== "" || this.cash.coins !== "";
    }

    /** What the count is off, in words and with its sign. */
    get difference() {
        const off = Number(
            (this.counted - this.machine.cash).toFixed(this.machine.currency.digits),
        );
        if (!off) {
            return {kind: "same", text: _t("As expected")};
        }
        const amount = this.money(Math.abs(off));
        return off > 0
            ? {kind: "more", text: _t("▲ %s more than expected", amount)}
            : {kind: "less", text: _t("▼ %s less than expected", amount)};
    }

    get meterDifference() {
        if (this.cash.meter === "") {
            return "";
        }
        const off = (this.counted - Number(this.cash.meter)).toFixed(this.machine.currency.digits);
        return _t("%s against the meter", signed(Number(off)));
    }

    money(value) {
        return money(value, this.machine.currency, this.model.boot.lang);
    }

    shown(part) {
        return this.cash[part] || "–";
    }

    choose(part) {
        return this.model.change({cash: {...this.cash, part}});
    }

    press(key) {
        const {part} = this.cash;
        const text = typed(this.cash[part], key, this.machine.currency.digits);
        return this.model.change({cash: {...this.cash, [part]: text}});
    }

    async counting(taken) {
        const cash = {...this.cash, taken: taken ? new Date().toISOString() : null};
        if (!taken) {
            Object.assign(cash, {notes: "", coins: "", meter: ""});
        }
        await this.model.change({cash, step: "check"});
        window.scrollTo(0, 0);
    }
}
