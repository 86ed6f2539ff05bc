// SPDX-License-Identifier: LGPL-3.0-or-later

const STORES = ["kept", "drafts", "outbox", "finished"];

function done(request) {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
}

/**
 * What the phone keeps for one person: the route, drafts of visits, entries not yet sent.
 *
 * One database per user: who logs in next on the same phone opens another one.
 */
export class PhoneStore {
    constructor(name) {
        this.name = name;
    }

    async open() {
        const request = indexedDB.open(this.name, 1);
        request.onupgradeneeded = () => {
            for (const store of STORES) {
                request.result.createObjectStore(store);
            }
        };
        this.db = await done(request);
        // a phone that runs out of room must not throw away what was not sent
        navigator.storage?.persist?.();
        return this;
    }

    _store(store, mode) {
        // strict: committed means on the disk, also when the battery goes
        return this.db.transaction(store, mode, {durability: "strict"}).objectStore(store);
    }

    get(store, key) {
        return done(this._store(store, "readonly").get(key));
    }

    all(store) {
        return done(this._store(store, "readonly").getAll());
    }

    put(store, key, value) {
        return this.putAll([[store, key, value]]);
    }

    /** Several writes, all or none; a value of undefined deletes. */
    putAll(writes) {
        const stores = [...new Set(writes.map(([store]) => store))];
        const transaction = this.db.transaction(stores, "readwrite", {durability: "strict"});
        for (const [store, key, value] of writes) {
            const objects = transaction.objectStore(store);
            if (value === undefined) {
                objects.delete(key);
            } else {
                objects.put(value, key);
            }
        }
        return new Promise((resolve, reject) => {
            transaction.oncomplete = () => resolve();
            transaction.onerror = () => reject(transaction.error);
            transaction.onabort = () => reject(transaction.error);
        });
    }
}

/** A random UUID; `crypto.randomUUID` is missing where the page is not served by HTTPS. */
export function newUuid() {
    if (crypto.randomUUID) {
        return crypto.randomUUID();
    }
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
