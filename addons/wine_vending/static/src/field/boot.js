// SPDX-License-Identifier: LGPL-3.0-or-later
import {App, whenReady} from "@odoo/owl";
import {appTranslateFn, translatedTerms, translationLoaded} from "@web/core/l10n/translation";
import {FieldApp} from "./field_app";
import {FieldModel} from "./field_model";
import {getTemplate} from "@web/core/templates";

async function start() {
    await whenReady();
    const boot = JSON.parse(document.getElementById("wine-boot").textContent);
    // the words come with the page, so that they are there without a connection too
    translatedTerms.wine_vending = boot.words;
    translatedTerms[translationLoaded] = true;
    if ("serviceWorker" in navigator) {
        navigator.serviceWorker.register("/wine/field/service-worker.js", {scope: "/wine/field"});
    }
    const model = new FieldModel(boot);
    await model.start();
    const app = new App(FieldApp, {
        getTemplate,
        props: {model},
        translateFn: appTranslateFn,
        translatableAttributes: ["aria-label", "placeholder", "title", "alt"],
    });
    await app.mount(document.body);
}

start();
