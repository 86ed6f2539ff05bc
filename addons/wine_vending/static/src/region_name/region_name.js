// SPDX-License-Identifier: LGPL-3.0-or-later
import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** The last part of a region's full name; the whole of it as a tooltip. For lists. */
export class RegionName extends Component {
    static template = "wine_vending.RegionName";
    static props = {...standardFieldProps};

    get full() {
        return this.props.record.data[this.props.name]?.display_name || "";
    }

    get short() {
        return this.full.split(" / ").at(-1);
    }
}

registry.category("fields").add("wine_region", {
    component: RegionName,
    displayName: _t("Short name of a region"),
    supportedTypes: ["many2one"],
    relatedFields: [{name: "display_name", type: "char"}],
});
