// SPDX-License-Identifier: LGPL-3.0-or-later
// The page of field staff opens without a connection: the shell and its assets are kept, the newest
// one that the server has given. Data is none of this worker's business, it lies in IndexedDB.
const CACHE = "wine-field-1";
const SHELL = "/wine/field";
const KEPT = /^\/(web\/assets\/|wine_vending\/static\/|wine\/field\/manifest)/;
const PATIENCE = 4000;

/** Keep a shell and what it loads; a login page or an error is none. */
async function keepShell(response) {
    const html = await response.clone().text();
    if (!response.ok || response.redirected || !html.includes('id="wine-boot"')) {
        return;
    }
    const cache = await caches.open(CACHE);
    const wanted = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)]
        .map((match) => match[1].replaceAll("&amp;", "&"))
        .filter((url) => KEPT.test(url));
    await Promise.all(wanted.map(async (url) => (await cache.match(url)) || cache.add(url)));
    await cache.put(SHELL, response);
    const paths = new Set([SHELL, ...wanted]);
    for (const request of await cache.keys()) {
        const {pathname, search} = new URL(request.url);
        if (!paths.has(pathname + search)) {
            await cache.delete(request);
        }
    }
}

async function openShell(event) {
    const kept = await caches.match(SHELL);
    const fresh = fetch(event.request).then((response) => {
        if (response.type !== "opaqueredirect") {
            event.waitUntil(keepShell(response.clone()).catch(() => {}));
        }
        return response;
    });
    if (!kept) {
        return fresh;
    }
    const late = new Promise((resolve) => setTimeout(() => resolve(kept), PATIENCE));
    return Promise.race([
        fresh.then((response) => (response.status >= 500 ? kept : response)).catch(() => kept),
        late,
    ]);
}

async function openKept(request) {
    return (await caches.match(request)) || fetch(request);
}

self.addEventListener("install", (event) => {
    const first = fetch(SHELL, {credentials: "same-origin"}).then(keepShell);
    event.waitUntil(first.catch(() => {}).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
    event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
    const {request} = event;
    const url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== self.location.origin) {
        return;
    }
    if (request.mode === "navigate" && url.pathname === SHELL) {
        event.respondWith(openShell(event));
    } else if (KEPT.test(url.pathname)) {
        event.respondWith(openKept(request));
    }
});
