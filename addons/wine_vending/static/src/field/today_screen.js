// SPDX-License-Identifier: LGPL-3.0-or-later
import {Component, useState} from "@odoo/owl";
import {day, hours} from "./words";
import {_t} from "@web/core/l10n/translation";

const SHOWN = 6;

/** Where next, and what do I carry? Then the rest of the route, and what is done. */
export class TodayScreen extends Component {
    static template = "wine_vending.FieldToday";
    static props = {model: Object, version: Number};

    setup() {
        this.model = this.props.model;
        this.state = useState({chosen: null, all: false, choosing: false, search: ""});
    }

    get day() {
        return day(this.model.route.today, this.model.boot.lang);
    }

    get ahead() {
        return this.model.ahead;
    }

    /** The stop on top: the one chosen, else the next one. */
    get next() {
        return this.ahead.find((stop) => stop.uuid === this.state.chosen) || this.ahead[0];
    }

    get rest() {
        return this.ahead.filter((stop) => stop.uuid !== this.next.uuid);
    }

    get total() {
        return this.ahead.reduce((sum, stop) => sum + stop.bottles, 0);
    }

    get bring() {
        const {bring} = this.next;
        // one more line takes no more room than the button that would hide it
        return this.state.all || bring.length === SHOWN + 1 ? bring : bring.slice(0, SHOWN);
    }

    get hidden() {
        return this.next.bring.length - this.bring.length;
    }

    machine(stop) {
        return this.model.machine(stop.machine);
    }

    /** A link that the phone's own map program opens. */
    way(machine) {
        const [latitude, longitude] = machine.position || [];
        const place = encodeURIComponent(`${machine.site} ${machine.address}`);
        if (/iPhone|iPad|Macintosh/.test(navigator.userAgent)) {
            const goal = machine.position ? `${latitude},${longitude}` : place;
            return `https://maps.apple.com/?daddr=${goal}`;
        }
        if (/Android/.test(navigator.userAgent)) {
            return machine.position
                ? `geo:${latitude},${longitude}?q=${latitude},${longitude}(${place})`
                : `geo:0,0?q=${place}`;
        }
        return machine.position
            ? `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=17/${latitude}/${longitude}`
            : `https://www.openstreetmap.org/search?query=${place}`;
    }

    access(machine) {
        const [from, to] = machine.access;
        return from === 0 && to === 24
            ? _t("Open all day")
            : _t("Open %(from)s to %(to)s", {from: hours(from), to: hours(to)});
    }

    choose(stop) {
        this.state.chosen = stop.uuid;
        this.state.all = false;
        window.scrollTo({top: 0, behavior: "smooth"});
    }

    /** Machines to visit without a plan. */
    get found() {
        const words = this.state.search.toLowerCase().split(/\s+/).filter(Boolean);
        return Object.entries(this.model.route.machines)
            .map(([id, machine]) => ({id: Number(id), ...machine}))
            .filter(({name, site, serial, address}) => {
                const text = `${name} ${site} ${serial} ${address}`.toLowerCase();
                return words.every((word) => text.includes(word));
            })
            .slice(0, 30);
    }

    finished(stop) {
        const bottles = this.model.finished[stop.uuid]?.bottles;
        return bottles === undefined ? "" : _t("%s bottles in", bottles);
    }
}
