// SPDX-License-Identifier: LGPL-3.0-or-later

/** Distances between lines, in degrees, from which the one is taken that gives some lines a screen. */
const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

/** The step that puts `wanted` lines or a few more into a span of degrees. */
export function stepFor(span, wanted = 4) {
    return STEPS.find((step) => span / step >= wanted) || STEPS.at(-1);
}

/** Multiples of a step within [from, to]. */
export function linesBetween(from, to, step) {
    const lines = [];
    for (let number = Math.ceil(from / step); number * step <= to; number++) {
        lines.push(Number((number * step).toFixed(6)));
    }
    return lines;
}

/** A layer of meridians and parallels: the ground under a plot of positions, without a network. */
export function graticule(L) {
    const Graticule = L.LayerGroup.extend({
        onAdd(map) {
            map.on("moveend viewreset", this.redraw, this);
            this.redraw();
            return L.LayerGroup.prototype.onAdd.call(this, map);
        },
        onRemove(map) {
            map.off("moveend viewreset", this.redraw, this);
            return L.LayerGroup.prototype.onRemove.call(this, map);
        },
        redraw() {
            const map = this._map;
            if (!map || !map._loaded) {
                return;
            }
            this.clearLayers();
            const bounds = map.getBounds();
            const [south, north] = [
                Math.max(bounds.getSouth(), -85),
                Math.min(bounds.getNorth(), 85),
            ];
            const [west, east] = [bounds.getWest(), bounds.getEast()];
            const step = stepFor(Math.max(north - south, east - west));
            for (const lat of linesBetween(south, north, step)) {
                this.line([lat, west], [lat, east], `${Math.abs(lat)}° ${lat < 0 ? "S" : "N"}`);
            }
            for (const lng of linesBetween(west, east, step)) {
                this.line([south, lng], [north, lng], `${Math.abs(lng)}° ${lng < 0 ? "W" : "E"}`);
            }
        },
        line(from, to, text) {
            const options = {className: "o_wine_graticule", weight: 1, interactive: false};
            this.addLayer(L.polyline([from, to], options));
            const icon = L.divIcon({className: "o_wine_degree", html: text, iconAnchor: [-2, 14]});
            this.addLayer(L.marker(from, {icon, interactive: false, keyboard: false}));
        },
    });
    return new Graticule();
}
