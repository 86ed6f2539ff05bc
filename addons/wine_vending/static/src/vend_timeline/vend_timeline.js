// SPDX-License-Identifier: LGPL-3.0-or-later
import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

const ICONS = {
    info: "fa-info-circle",
    success: "fa-check-circle",
    warning: "fa-exclamation-triangle",
    danger: "fa-question-circle",
    money: "fa-money",
    person: "fa-user",
};

/** The steps of a vend, oldest first, each with who said so and its evidence. */
export class VendTimeline extends Component {
    static template = "wine_vending.VendTimeline";
    static props = {...standardFieldProps};

    get steps() {
        return (this.props.record.data[this.props.name] || []).map((step, index) => ({
            ...step,
            key: index,
            icon: ICONS[step.kind] || ICONS.info,
            when: step.at ? formatDateTime(deserializeDateTime(step.at)) : _t("Time not known"),
        }));
    }
}

registry.category("fields").add("wine_vend_timeline", {
    component: VendTimeline,
    displayName: _t("Timeline of a vend"),
    supportedTypes: ["json"],
});
