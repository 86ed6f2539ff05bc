// SPDX-License-Identifier: LGPL-3.0-or-later
import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";

/** What is not sent, what waits for a person, and what to do about it. */
export class OutboxScreen extends Component {
    static template = "wine_vending.FieldOutbox";
    static props = {model: Object, version: Number};

    setup() {
        this.model = this.props.model;
        this.outbox = this.model.outbox;
    }

    get entries() {
        return this.outbox.entries;
    }

    kind(entry) {
        return {
            start: _t("Visit started"),
            restock: _t("Bottles"),
            cash: _t("Cash"),
            done: _t("Checks, visit done"),
            photo: _t("Photo"),
        }[entry.kind];
    }

    state(entry) {
        return {
            waiting: _t("Waits to be sent"),
            kept: _t("With the office: a person decides"),
            refused: _t("Not accepted; it stays on this phone"),
        }[entry.state];
    }

    when(entry) {
        return new Date(entry.moment).toLocaleString(this.model.boot.lang, {
            dateStyle: "short",
            timeStyle: "short",
        });
    }

    machine(entry) {
        return this.model.machine(entry.machine)?.name || "";
    }

    discard(entry) {
        if (window.confirm(_t("Throw this entry away? Nothing of it is booked."))) {
            this.outbox.drop(entry);
        }
    }
}
