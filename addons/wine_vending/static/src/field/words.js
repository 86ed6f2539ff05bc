// SPDX-License-Identifier: LGPL-3.0-or-later

/** 2026-11-22 → Sun, 22 November, in the reader's language. */
export function day(date, lang) {
    if (!date) {
        return "";
    }
    const options = {weekday: "short", day: "numeric", month: "long", timeZone: "UTC"};
    return new Intl.DateTimeFormat(lang, options).format(new Date(`${date}T12:00:00Z`));
}

/** 8.5 → 8:30 */
export function hours(number) {
    const minutes = Math.round(number * 60);
    return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}

/** An amount with the currency where its people write it. */
export function money(value, currency, lang) {
    const text = new Intl.NumberFormat(lang, {
        minimumFractionDigits: currency.digits,
        maximumFractionDigits: currency.digits,
    }).format(value);
    return currency.before ? `${currency.symbol}${text}` : `${text} ${currency.symbol}`;
}

export function signed(number) {
    return number > 0 ? `+${number}` : String(number).replace("-", "−");
}
