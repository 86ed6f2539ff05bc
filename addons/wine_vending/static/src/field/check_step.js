// SPDX-License-Identifier: LGPL-3.0-or-later
import {Component, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {shrunk} from "./photo";

/** Clean, cold enough, a photo, a word for the next one; then the visit is done. */
export class CheckStep extends Component {
    static template = "wine_vending.FieldCheck";
    static props = {model: Object, version: Number};

    setup() {
        this.model = this.props.model;
        this.state = useState({busy: false});
    }

    get draft() {
        return this.model.draft;
    }

    get machine() {
        return this.model.machine(this.draft.machine);
    }

    get temperature() {
        const {temperature} = this.draft;
        return temperature === null ? "–" : temperature.toFixed(1);
    }

    /** Whether the temperature lies in the band of the machine, in words. */
    get verdict() {
        const [low, high] = this.machine.band;
        const {temperature} = this.draft;
        const band = {low, high};
        if (temperature === null) {
            return {kind: "none", text: _t("Not read; %(low)s to %(high)s °C is right", band)};
        }
        if (temperature < low) {
            return {kind: "bad", text: _t("▼ Too cold; %(low)s to %(high)s °C is right", band)};
        }
        if (temperature > high) {
            return {kind: "bad", text: _t("▲ Too warm; %(low)s to %(high)s °C is right", band)};
        }
        return {kind: "good", text: _t("✓ Within %(low)s to %(high)s °C", band)};
    }

    warmer(by) {
        const [low, high] = this.machine.band;
        const temperature = (this.draft.temperature ?? (low + high) / 2 - by) + by;
        return this.model.change({temperature: Math.round(temperature * 2) / 2});
    }

    async photo(event) {
        const [file] = event.target.files;
        event.target.value = "";
        if (!file) {
            return;
        }
        this.state.busy = true;
        try {
            await this.model.addPhoto(await shrunk(file));
        } catch {
            this.model.tell(_t("This picture cannot be read. Take it again."));
        }
        this.state.busy = false;
    }
}
