/* SPDX-License-Identifier: LGPL-3.0-or-later */
import {Component, onWillStart, onWillUnmount, useEffect, useRef, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {formatMonetary} from "@web/views/fields/formatters";
import {loadBundle} from "@web/core/assets";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useService} from "@web/core/utils/hooks";

const {DateTime} = luxon;
const GREEN = "rgba(25, 135, 84, 0.14)";
const EDGE = "rgba(25, 135, 84, 0.7)";
const LINE = "#0b5ed7";
const BAR = "#6c757d";
const DOOR = "#b02a37";

/**
 * A machine's temperature against the band that its wines bear, the openings of its door, and below
 * it what it sold in the same time. A table of the same numbers is there for screen readers.
 */
export class MachineChart extends Component {
    static template = "wine_vending.MachineChart";
    static props = {...standardWidgetProps};

    setup() {
        this.orm = useService("orm");
        this.climate = useRef("climate");
        this.sales = useRef("sales");
        this.state = useState({hours: 24, data: null});
        this.charts = [];
        this.asked = 0;
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => {
                this.load();
            },
            () => [this.props.record.resId, this.state.hours],
        );
        useEffect(
            () => {
                this.draw();
            },
            () => [this.state.data],
        );
        onWillUnmount(() => this.clear());
    }

    get ranges() {
        return [
            {hours: 24, label: _t("24 hours")},
            {hours: 168, label: _t("7 days")},
            {hours: 2160, label: _t("90 days")},
        ];
    }

    get band() {
        const {low, high} = this.state.data;
        return _t("%(low)s to %(high)s °C", {low: low.toFixed(1), high: high.toFixed(1)});
    }

    get isEmpty() {
        const data = this.state.data;
        return data && !data.temperature.length && !data.sales.length;
    }

    /** The whole chart in one sentence. */
    get summary() {
        const {temperature, sales, doors, high, low} = this.state.data;
        const bottles = sales.reduce((sum, row) => sum + row[1], 0);
        if (!temperature.length) {
            return _t("No temperature was reported; %s bottles sold.", bottles);
        }
        const lowest = Math.min(...temperature.map((row) => row[2]));
        const highest = Math.max(...temperature.map((row) => row[3]));
        const out = temperature.filter((row) => row[3] > high || row[2] < low).length;
        return _t(
            "Temperature from %(lowest)s to %(highest)s °C, allowed %(band)s, outside in %(out)s of %(all)s points; door opened %(doors)s times; %(bottles)s bottles sold.",
            {
                lowest: lowest.toFixed(1),
                highest: highest.toFixed(1),
                band: this.band,
                out,
                all: temperature.length,
                doors: doors.length,
                bottles,
            },
        );
    }

    get rows() {
        const sold = new Map(this.state.data.sales.map((row) => [row[0], row]));
        return this.state.data.temperature.map((row) => ({
            moment: this.label(row[0]),
            value: row[1].toFixed(1),
            bottles: sold.has(row[0]) ? sold.get(row[0])[1] : "",
        }));
    }

    label(seconds) {
        const moment = DateTime.fromSeconds(seconds);
        return this.state.hours === 24 ? moment.toFormat("HH:mm") : moment.toFormat("d LLL HH:mm");
    }

    select(hours) {
        this.state.hours = hours;
    }

    async load() {
        const resId = this.props.record.resId;
        const asked = ++this.asked;
        if (!resId) {
            return;
        }
        const data = await this.orm.call("wine.machine", "watch_chart", [
            [resId],
            this.state.hours,
        ]);
        if (asked === this.asked) {
            this.state.data = data;
        }
    }

    clear() {
        for (const chart of this.charts) {
            chart.destroy();
        }
        this.charts = [];
    }

    draw() {
        this.clear();
        if (!this.state.data || this.isEmpty) {
            return;
        }
        if (this.climate.el) {
            this.charts.push(new Chart(this.climate.el, this.climateConfig()));
        }
        if (this.sales.el) {
            this.charts.push(new Chart(this.sales.el, this.salesConfig()));
        }
    }

    axis(extra) {
        const {start, end} = this.state.data;
        const format = this.state.hours === 24 ? "HH:mm" : "d LLL";
        return {
            type: "linear",
            min: start,
            max: end,
            grid: {display: false},
            afterBuildTicks: (scale) => {
                scale.ticks = this.ticks().map((value) => ({value}));
            },
            ticks: {
                callback: (value) => DateTime.fromSeconds(value).toFormat(format),
                maxRotation: 0,
                autoSkipPadding: 12,
            },
            ...extra,
        };
    }

    /** Whole hours or midnights of the reader. */
    ticks() {
        const {start, end} = this.state.data;
        const step = {24: {hours: 3}, 168: {days: 1}, 2160: {days: 15}}[this.state.hours];
        let moment = DateTime.fromSeconds(end).startOf(this.state.hours === 24 ? "hour" : "day");
        const found = [];
        while (moment.toSeconds() >= start) {
            found.unshift(moment.toSeconds());
            moment = moment.minus(step);
        }
        return found;
    }

    climateConfig() {
        const {start, end, low, high, temperature, doors, point} = this.state.data;
        const values = temperature.flatMap((row) => [row[2], row[3]]);
        const bottom = Math.floor(Math.min(low, ...values)) - 1;
        const top = Math.ceil(Math.max(high, ...values)) + 1;
        const flat = (y) => [
            {x: start, y},
            {x: end, y},
        ];
        const edge = {borderColor: EDGE, borderWidth: 1, borderDash: [4, 4], pointRadius: 0};
        const line = [];
        let before = null;
        for (const [x, y] of temperature) {
            if (before !== null && x - before > 3 * point) {
                line.push({x: before + point, y: null});
            }
            line.push({x, y});
            before = x;
        }
        const datasets = [
            {
                ...edge,
                label: _t("warmest allowed"),
                data: flat(high),
                fill: "+1",
                backgroundColor: GREEN,
            },
            {...edge, label: _t("coldest allowed"), data: flat(low)},
            {
                label: _t("Temperature"),
                data: line,
                borderColor: LINE,
                borderWidth: 2,
                pointRadius: temperature.length < 3 ? 3 : 0,
                pointHitRadius: 8,
                tension: 0.2,
            },
        ];
        if (doors.length) {
            datasets.push({
                label: _t("Door opened"),
                data: doors.map((x) => ({x, y: bottom + 0.4})),
                showLine: false,
                pointStyle: "triangle",
                pointRadius: 6,
                backgroundColor: DOOR,
                borderColor: DOOR,
            });
        }
        return {
            type: "line",
            data: {datasets},
            options: this.options({
                scales: {
                    x: this.axis(),
                    y: {
                        min: bottom,
                        max: top,
                        ticks: {callback: (value) => `${value} °C`},
                        ...this.width(),
                    },
                },
                tooltip: (item) =>
                    item.datasetIndex === 3
                        ? _t("Door opened")
                        : `${item.dataset.label}: ${item.parsed.y.toFixed(1)} °C`,
            }),
        };
    }

    salesConfig() {
        const {sales, bar, currency_id: currencyId} = this.state.data;
        const most = Math.max(3, ...sales.map((row) => row[1]));
        return {
            type: "bar",
            data: {
                datasets: [
                    {
                        label: _t("Bottles sold"),
                        data: sales.map(([x, y]) => ({x: x + bar / 2, y})),
                        backgroundColor: BAR,
                        barThickness: "flex",
                        maxBarThickness: 18,
                        minBarLength: 2,
                    },
                ],
            },
            options: this.options({
                scales: {
                    x: this.axis({offset: false}),
                    y: {
                        min: 0,
                        suggestedMax: most,
                        ticks: {precision: 0, maxTicksLimit: 4},
                        ...this.width(),
                    },
                },
                tooltip: (item) => {
                    const amount = formatMonetary(sales[item.dataIndex][2], {currencyId});
                    return _t("%(bottles)s sold, %(amount)s", {bottles: item.parsed.y, amount});
                },
            }),
        };
    }

    /** Both charts begin at the same place, so that their times stand below each other. */
    width() {
        return {
            afterFit: (scale) => {
                scale.width = 52;
            },
        };
    }

    options({scales, tooltip}) {
        return {
            animation: false,
            maintainAspectRatio: false,
            parsing: true,
            scales,
            plugins: {
                legend: {display: false},
                tooltip: {
                    callbacks: {
                        title: (items) => this.label(items[0].parsed.x),
                        label: tooltip,
                    },
                },
            },
        };
    }
}

registry.category("view_widgets").add("wine_machine_chart", {component: MachineChart});
