// SPDX-License-Identifier: LGPL-3.0-or-later

/** What is kept of a visit while it is under way; plain data, so that it can be stored. */
export function newDraft(visit, machine, now) {
    return {
        visit,
        machine,
        startedAt: now,
        countedAt: null,
        step: "fill",
        slots: {},
        cash: {taken: null, part: "notes", notes: "", coins: "", meter: ""},
        cleaned: false,
        temperature: null,
        temperatureSet: false,
        note: "",
        photos: [],
    };
}

/** Numbers of a slot: what the draft says, or nothing done yet. */
export function slotEntry(draft, slot) {
    return draft.slots[slot.id] || null;
}

export function emptyEntry() {
    return {how: "exception", before: null, filled: 0, removed: 0, bad: 0, reason: "breakage"};
}

export function plannedEntry(fill) {
    return {...emptyEntry(), how: "planned", filled: fill};
}

/** Bottles in the slot afterwards, as far as the phone knows. */
export function afterwards(slot, entry) {
    const before = entry?.before ?? slot.qty;
    return entry ? before + entry.filled - entry.removed - entry.bad : before;
}

/** The rows that the server gets; a slot where nothing was done is left out. */
export function restockRows(draft, slots) {
    const rows = [];
    for (const slot of slots) {
        const entry = draft.slots[slot.id];
        if (!entry) {
            continue;
        }
        const {before, filled, removed, bad, reason} = entry;
        if (before === null && !filled && !removed && !bad) {
            continue;
        }
        const row = {slot: slot.code, sku: slot.sku, before, filled, removed, bad};
        if (bad) {
            row.bad_reason = reason;
        }
        if (before !== null) {
            row.after = before + filled - removed - bad;
        }
        rows.push(row);
    }
    return rows;
}

/** A typed amount as a decimal string, "" where nothing was typed. */
export function amount(text) {
    return text === "" || text === "." ? "" : String(Number(text));
}

/** One more key of the keypad. */
export function typed(text, key, digits) {
    if (key === "back") {
        return text.slice(0, -1);
    }
    if (key === ".") {
        return text.includes(".") || !digits ? text : `${text || "0"}.`;
    }
    const decimals = text.split(".")[1];
    if (decimals !== undefined && decimals.length >= digits) {
        return text;
    }
    return (text === "0" ? key : text + key).slice(0, 10);
}
