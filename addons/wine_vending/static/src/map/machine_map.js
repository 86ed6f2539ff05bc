// SPDX-License-Identifier: LGPL-3.0-or-later
import {Component, onWillStart, onWillUpdateProps, useEffect, useRef, useState} from "@odoo/owl";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {loadCSS, loadJS} from "@web/core/assets";
import {Layout} from "@web/search/layout";
import {SearchBar} from "@web/search/search_bar/search_bar";
import {WithSearch} from "@web/search/with_search/with_search";
import {_t} from "@web/core/l10n/translation";
import {graticule} from "./graticule";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useLiveMachines} from "../live/live_machines";
import {useSearchBarToggler} from "@web/search/search_bar/search_bar_toggler";
import {useService} from "@web/core/utils/hooks";

const LIB = "/wine_vending/static/lib";
/** No more names of places at once than one can read. */
const MOST_NAMES = 40;
/** The gravest first: a cluster looks like the worst of its machines. */
const LOOKS = ["alarm", "offline", "low", "suspended", "draft", "retired", "ok"];

/** Shape, letter and colour of a look, and its word: a look is never told by colour alone. */
const looks = () => ({
    alarm: {letter: "!", word: _t("in alarm")},
    offline: {letter: "×", word: _t("not online")},
    low: {letter: "↓", word: _t("nearly empty")},
    suspended: {letter: "‖", word: _t("suspended")},
    draft: {letter: "…", word: _t("not in use yet")},
    retired: {letter: "–", word: _t("retired")},
    ok: {letter: "✓", word: _t("online")},
});

async function loadLeaflet() {
    await Promise.all([
        loadCSS(`${LIB}/leaflet/leaflet.css`),
        loadCSS(`${LIB}/leaflet.markercluster/MarkerCluster.css`),
        loadJS(`${LIB}/leaflet/leaflet.js`),
    ]);
    await loadJS(`${LIB}/leaflet.markercluster/leaflet.markercluster.js`);
    return window.L;
}

/** The machines of the present search, drawn where they stand. */
export class MachineMapView extends Component {
    static template = "wine_vending.MachineMapView";
    static components = {Layout, SearchBar};
    static props = {domain: Array};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.toggler = useSearchBarToggler();
        this.root = useRef("map");
        this.state = useState({counts: {}, unplaced: 0, total: 0});
        this.looks = looks();
        onWillStart(async () => {
            const [leaflet] = await Promise.all([loadLeaflet(), this.load(this.props.domain)]);
            this.L = leaflet;
        });
        onWillUpdateProps(async (next) => {
            await this.load(next.domain);
            this.draw();
            this.fit();
        });
        useLiveMachines(async () => {
            await this.load(this.props.domain);
            this.draw();
        });
        useEffect(
            () => {
                this.start();
                return () => this.map.remove();
            },
            () => [],
        );
    }

    get display() {
        return {controlPanel: {}};
    }

    get legend() {
        return LOOKS.filter((look) => this.state.counts[look]).map((look) => ({
            look,
            ...this.looks[look],
            count: this.state.counts[look],
        }));
    }

    async load(domain) {
        this.data = await this.orm.silent.call("wine.machine", "map_points", [domain]);
        const counts = {};
        for (const point of this.data.points) {
            counts[point.look] = (counts[point.look] || 0) + 1;
        }
        Object.assign(this.state, {
            counts,
            unplaced: this.data.unplaced,
            total: this.data.points.length,
        });
    }

    // === DRAWING === //

    start() {
        const L = this.L;
        this.map = L.map(this.root.el, {maxZoom: 18, minZoom: 2, zoomSnap: 0.5});
        this.map.attributionControl.setPrefix("Leaflet");
        if (this.data.tiles) {
            L.tileLayer(this.data.tiles, {attribution: this.data.attribution}).addTo(this.map);
        } else {
            graticule(L).addTo(this.map);
        }
        L.control.scale().addTo(this.map);
        this.sites = L.layerGroup().addTo(this.map);
        this.cluster = L.markerClusterGroup({
            chunkedLoading: true,
            showCoverageOnHover: false,
            maxClusterRadius: 45,
            spiderfyOnMaxZoom: true,
            iconCreateFunction: (cluster) => this.clusterIcon(cluster),
        }).addTo(this.map);
        this.map.on("moveend", () => this.nameSites());
        this.draw();
        this.fit();
    }

    draw() {
        if (!this.map) {
            return;
        }
        const markers = this.data.points.map((point) => {
            const {letter, word} = this.looks[point.look];
            const marker = this.L.marker([point.lat, point.lng], {
                icon: this.icon(point.look, letter),
                title: `${point.name}: ${word}`,
                alt: `${point.name}: ${word}`,
                look: point.look,
            });
            marker.bindPopup(() => this.popup(point));
            marker.on("popupopen", () => (this.opened = point.id));
            marker.on("popupclose", () => (this.opened = null));
            marker.machine = point.id;
            return marker;
        });
        const opened = this.opened;
        this.cluster.clearLayers();
        this.cluster.addLayers(markers);
        this.reopen(markers.find((marker) => marker.machine === opened));
        if (this.map._loaded) {
            this.nameSites();
        }
    }

    /** What somebody reads stays open while machines sell. */
    reopen(marker) {
        if (marker && this.cluster.getVisibleParent(marker) === marker) {
            marker.openPopup();
        }
    }

    fit() {
        const places = this.data.points.map((point) => [point.lat, point.lng]);
        if (places.length) {
            this.map.fitBounds(places, {padding: [45, 45], maxZoom: 14});
        } else {
            this.map.setView([20, 0], 2);
        }
    }

    icon(look, text) {
        return this.L.divIcon({
            className: `o_wine_pin o_wine_pin_${look}`,
            html: `<span>${text}</span>`,
            iconSize: [26, 26],
        });
    }

    clusterIcon(cluster) {
        const children = cluster.getAllChildMarkers();
        const found = new Set(children.map((marker) => marker.options.look));
        const worst = LOOKS.find((look) => found.has(look));
        const mark = worst === "ok" ? "" : ` ${this.looks[worst].letter}`;
        return this.L.divIcon({
            className: `o_wine_pin o_wine_cluster o_wine_pin_${worst}`,
            html: `<span>${children.length}${mark}</span>`,
            iconSize: [44, 30],
        });
    }

    /** Names of the places below their machines; one that would cover another is left out. */
    nameSites() {
        this.sites.clearLayers();
        const taken = [];
        const bounds = this.map.getBounds();
        const seen = new Set();
        for (const {site, lat, lng} of this.data.points) {
            if (seen.has(site) || taken.length > MOST_NAMES || !bounds.contains([lat, lng])) {
                continue;
            }
            seen.add(site);
            const {x, y} = this.map.latLngToContainerPoint([lat, lng]);
            const half = 12 + site.length * 3.2;
            const free = taken.every(
                (t) => Math.abs(t.y - y) > 18 || Math.abs(t.x - x) > t.half + half,
            );
            if (free) {
                taken.push({x, y, half});
                this.sites.addLayer(this.siteName(site, lat, lng));
            }
        }
    }

    siteName(name, lat, lng) {
        const label = document.createElement("span");
        label.textContent = name;
        return this.L.marker([lat, lng], {
            icon: this.L.divIcon({
                className: "o_wine_site_name",
                html: label.outerHTML,
                iconSize: [300, 16],
                iconAnchor: [150, -14],
            }),
            interactive: false,
            keyboard: false,
        });
    }

    /** Built from text nodes: names are written by people. */
    popup(point) {
        const box = document.createElement("div");
        const line = (text, classes = "") => {
            const row = document.createElement("div");
            row.className = classes;
            row.textContent = text;
            box.append(row);
        };
        line(point.name, "fw-bold");
        line(point.site, "text-muted");
        const {letter, word} = this.looks[point.look];
        line(`${letter} ${word}`);
        line(_t("%s % filled", point.fill));
        line(
            point.sold
                ? _t("last sale %s", formatDateTime(deserializeDateTime(point.sold)))
                : _t("has not sold yet"),
        );
        const link = document.createElement("button");
        link.type = "button";
        link.className = "btn btn-primary btn-sm mt-2";
        link.textContent = _t("Open machine");
        link.addEventListener("click", () => this.openMachine(point.id));
        box.append(link);
        return box;
    }

    openMachine(id) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "wine.machine",
            res_id: id,
            views: [[false, "form"]],
            target: "current",
        });
    }
}

/** The action: the search of machines around the map. */
export class MachineMap extends Component {
    static template = "wine_vending.MachineMap";
    static components = {WithSearch, MachineMapView};
    static props = {...standardActionServiceProps};

    setup() {
        this.searchProps = {
            resModel: "wine.machine",
            searchViewId: false,
            searchMenuTypes: ["filter", "favorite"],
            context: {search_default_in_use: 1},
            domain: this.props.action.domain || [],
        };
    }
}

registry.category("actions").add("wine_machine_map", MachineMap);
