// SPDX-License-Identifier: LGPL-3.0-or-later
import {onWillDestroy} from "@odoo/owl";
import {useService} from "@web/core/utils/hooks";

/** A burst of sales is one reload; the last one is never lost. */
export const QUIET_MS = 1500;

/**
 * Calls back when machines of one's regions changed: at once, then at most every QUIET_MS.
 *
 * @param {(change: {ids: Set<number>, many: boolean, kinds: Set<string>}) => Promise} onChange
 */
export function useLiveMachines(onChange) {
    const bus = useService("bus_service");
    let change = null;
    let timer = null;
    const flush = async () => {
        const now = change;
        change = null;
        timer = setTimeout(() => {
            timer = null;
            if (change) {
                flush();
            }
        }, QUIET_MS);
        await onChange(now);
    };
    const listener = ({ids, kind, many}) => {
        change ||= {ids: new Set(), kinds: new Set(), many: false};
        ids.forEach((id) => change.ids.add(id));
        change.kinds.add(kind);
        change.many ||= many;
        if (!timer) {
            flush();
        }
    };
    bus.subscribe("wine_machines", listener);
    bus.start();
    // not on unmounting: a screen that is left while it loads was never mounted
    onWillDestroy(() => {
        clearTimeout(timer);
        bus.unsubscribe("wine_machines", listener);
    });
}
