// SPDX-License-Identifier: LGPL-3.0-or-later
import {NoAnswer, NotLoggedIn, call} from "./server";
import {newUuid} from "./db";

const AT_ONCE = 20;
const SHORTEST = 2000;
const LONGEST = 5 * 60 * 1000;
const MOST_TRIES = 4;

/**
 * Entries on their way to the server: each has an identity made here and is sent until answered.
 *
 * An entry is **waiting** → gone once the server has it; **kept** where the server has handed it to
 * a person; **refused** where the server could not even keep it: it stays here. Data goes before
 * photos. Without an answer the next try comes later and later, and at once when the phone is
 * online again.
 */
export class Outbox {
    constructor(store, uid, changed) {
        this.store = store;
        this.uid = uid;
        this.changed = changed;
        this.entries = [];
        this.tries = 0;
        this.reached = navigator.onLine;
        this.loggedIn = true;
    }

    async load() {
        this.entries = (await this.store.all("outbox")).sort((a, b) => a.number - b.number);
    }

    get waiting() {
        return this.entries.filter((entry) => entry.state === "waiting");
    }

    /** A new entry, not yet written: the caller writes it together with what it follows from. */
    make(kind, visit, machine, payload, moment) {
        const last = this.entries.at(-1)?.number || 0;
        const entry = {
            uuid: newUuid(),
            number: Math.max(last + 1, Date.now()),
            kind,
            visit,
            machine,
            moment: moment || new Date().toISOString(),
            payload,
            state: "waiting",
            text: "",
        };
        this.entries.push(entry);
        return entry;
    }

    static write(entry) {
        return ["outbox", entry.uuid, {...entry}];
    }

    async drop(entry) {
        this.entries = this.entries.filter((other) => other.uuid !== entry.uuid);
        await this.store.put("outbox", entry.uuid, undefined);
        this.changed();
    }

    async again(entry) {
        Object.assign(entry, {state: "waiting", text: ""});
        await this.store.putAll([Outbox.write(entry)]);
        await this.flush();
    }

    /** Send what waits; calls while sending is under way join it. */
    flush() {
        clearTimeout(this.timer);
        if (this.sending) {
            this.more = true;
            return this.sending;
        }
        this.more = false;
        this.sending = this._flush().finally(() => {
            this.sending = null;
            this.changed();
            if (this.more) {
                this.flush();
            }
        });
        return this.sending;
    }

    async _flush() {
        // a second tab must not send the same at the same time; the server would drop it anyway
        if (navigator.locks) {
            return navigator.locks.request(`wine-field-${this.uid}`, () => this._send());
        }
        return this._send();
    }

    async _send() {
        await this.load();
        let alone = this.waiting.some((entry) => entry.tries);
        while (this.waiting.length) {
            const chunk = this._next(alone);
            try {
                const {results} = await call("/wine/field/sync", {
                    uid: this.uid,
                    sent_at: new Date().toISOString(),
                    entries: chunk.map(({state, text, number, tries, ...sent}) => sent),
                });
                this._reached(true);
                await this._answered(chunk, results);
                if (!results.length) {
                    this._later();
                    return;
                }
                alone = false;
            } catch (error) {
                if (error instanceof NotLoggedIn) {
                    this.loggedIn = false;
                    return;
                }
                if (error instanceof NoAnswer) {
                    this._reached(false);
                    this._later();
                    return;
                }
                if (chunk.length === 1) {
                    const [entry] = chunk;
                    entry.tries = (entry.tries || 0) + 1;
                    if (entry.tries >= MOST_TRIES) {
                        // one that breaks the server must not hold up the others for ever
                        Object.assign(entry, {state: "refused", text: error.message, tries: 0});
                    }
                    await this.store.putAll([Outbox.write(entry)]);
                    if (entry.state === "waiting") {
                        this._later();
                        return;
                    }
                }
                alone = true;
            }
            this.changed();
        }
    }

    _next(alone) {
        const data = this.waiting.filter((entry) => entry.kind !== "photo");
        return data.length ? data.slice(0, alone ? 1 : AT_ONCE) : this.waiting.slice(0, 1);
    }

    async _answered(chunk, results) {
        const writes = [];
        for (const {uuid, status, text} of results) {
            const entry = chunk.find((sent) => sent.uuid === uuid);
            if (!entry) {
                continue;
            }
            if (status === "done") {
                this.entries = this.entries.filter((other) => other !== entry);
                writes.push(["outbox", uuid, undefined]);
            } else {
                Object.assign(entry, {state: status, text});
                writes.push(Outbox.write(entry));
            }
        }
        await this.store.putAll(writes);
    }

    _reached(reached) {
        this.reached = reached;
        if (reached) {
            this.loggedIn = true;
            this.tries = 0;
        }
    }

    _later() {
        const wait = Math.min(LONGEST, SHORTEST * 2 ** this.tries++);
        this.timer = setTimeout(() => this.flush(), wait * (0.75 + Math.random() / 2));
    }
}
