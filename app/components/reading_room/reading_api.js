// Requests of the reading room. A request that did not get through is sent again until it does: the server saves an
// answer once however often it comes.

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 3000;
const LOCK_WAIT_MS = 1000;

/** The server understood and said no; `kind` is link, lease or refused. */
export class Refusal extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

export class ReadingApi {
  /** `onTrouble(text | null)` is told when a request does not get through, and null once one does. */
  constructor({ base, study, token }, tab, onTrouble) {
    this.base = location.origin + base;
    this.link = { study, token, tab };
    this.onTrouble = onTrouble;
  }

  /** Do an act (enter, event, answer, undo); returns where the reader stands then. */
  async act(name, body = {}) {
    const request = { method: "POST", body: JSON.stringify({ ...this.link, ...body }) };
    return (await this.#send(`${this.base}/${name}`, request)).json();
  }

  /** The raw bytes of a presentation. */
  async pixels(id) {
    const headers = { "X-Study": this.link.study, "X-Token": this.link.token, "X-Tab": this.link.tab };
    return new Uint8Array(await (await this.#send(`${this.base}/pixels/${id}`, { headers })).arrayBuffer());
  }

  stop() { this.stopped = true; }

  async #send(url, request) {
    for (let wait = FIRST_WAIT_MS; !this.stopped; wait = Math.min(LONGEST_WAIT_MS, wait * 2)) {
      const reply = await fetch(url, { ...request, cache: "no-store" }).catch(() => null);
      if (reply?.ok) {
        this.onTrouble(null);
        return reply;
      }
      if (reply && reply.status < 500) {
        this.onTrouble(null);
        const told = await reply.json().catch(() => ({ kind: "refused", error: "This cannot be shown. Please reload the page." }));
        throw new Refusal(told.kind, told.error);
      }
      const told = await reply?.json().catch(() => null);
      this.onTrouble(`${told?.error ?? "No connection to the server."} Trying again; earlier answers are kept.`);
      await new Promise((resolve) => { setTimeout(resolve, wait); });
    }
    throw new Refusal("stopped", "");
  }
}

const tabs = new Map();

/** This page's name and that of the page before; drawn once, so that a room mounted anew goes on as the same tab. */
export function tabToken(study) {
  if (!tabs.has(study)) tabs.set(study, drawToken(study));
  return tabs.get(study);
}

/**
 * A fresh random name for this page, and that of the page before a reload, else null: it has gone, and the lease passes
 * on if that page held it. A duplicated tab looks like a reload but for a lock that the page before it still holds.
 */
async function drawToken(study) {
  const key = `brainlab-tab-${study}`;
  const before = sessionStorage.getItem(key);
  const previous = before !== null && await isFree(key + before) ? before : null;
  const token = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  sessionStorage.setItem(key, token);
  navigator.locks?.request(key + token, () => new Promise(() => {}));
  return { token, previous };
}

/** Whether no page holds a lock; a page being reloaded lets go after a moment. Locks do not exist without HTTPS. */
async function isFree(name) {
  if (!navigator.locks) return true;
  return navigator.locks.request(name, { signal: AbortSignal.timeout(LOCK_WAIT_MS) }, () => true).catch(() => false);
}
