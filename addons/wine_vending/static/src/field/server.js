// SPDX-License-Identifier: LGPL-3.0-or-later

const PATIENCE = 25000;

/** No answer: no connection, or a server that is away. Nothing is known of what it did. */
export class NoAnswer extends Error {}
/** The session is over, or it is one of somebody else. */
export class NotLoggedIn extends Error {}
/** The server refused or failed, and says why. */
export class Refused extends Error {}

/** Call a JSON route of the server. */
export async function call(route, params) {
    const body = JSON.stringify({jsonrpc: "2.0", method: "call", id: 1, params});
    let answer = null;
    try {
        const response = await fetch(route, {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            credentials: "same-origin",
            signal: AbortSignal.timeout(PATIENCE),
            body,
        });
        answer = await response.json();
    } catch (error) {
        throw new NoAnswer(error.message);
    }
    if (!answer.error) {
        return answer.result;
    }
    const {code, message, data} = answer.error;
    const name = data?.name || "";
    if (code === 100 || name.endsWith("SessionExpiredException") || name.endsWith("AccessError")) {
        throw new NotLoggedIn(data?.message || message);
    }
    throw new Refused(data?.message || message);
}
