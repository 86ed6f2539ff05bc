// SPDX-License-Identifier: LGPL-3.0-or-later
// Shown for a moment after log-out: the phone forgets the route and the page of who logged out.
// What was entered and not sent yet stays, it waits for that person.
const PATIENCE = 3000;
const {store, next} = document.body.dataset;

function forgetRoute() {
    return new Promise((resolve) => {
        const request = indexedDB.open(store);
        // the phone never had the app: no empty database is left behind
        request.onupgradeneeded = () => request.transaction.abort();
        request.onerror = resolve;
        request.onsuccess = () => {
            const transaction = request.result.transaction("kept", "readwrite");
            transaction.objectStore("kept").clear();
            transaction.oncomplete = resolve;
            transaction.onabort = resolve;
        };
    });
}

async function forgetPage() {
    for (const name of await caches.keys()) {
        if (name.startsWith("wine-field-")) {
            await caches.delete(name);
        }
    }
}

const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
Promise.race([late, Promise.allSettled([forgetRoute(), self.caches && forgetPage()])]).finally(
    () => {
        const target = new URL(next, location.origin);
        location.replace(target.origin === location.origin ? target : "/web/login");
    },
);
