// The reading room: one case after another, by mouse or keys. The server alone knows where the reader stands; this
// script shows what it says, so a reload, a crash or another browser goes on at the same case.

import { AnswerPanel, keyLines } from "./answer_panel.js";
import { make } from "../volume_viewer/viewer/dom.js";
import { nounOf } from "./groups.js";
import { capital } from "./parts.js";
import { ReadingApi, tabToken } from "./reading_api.js";
import * as screens from "./screens.js";
import { Stage } from "./stage.js";

const HEARTBEAT_MS = 15000;

/** The key that led to a case or screen, pressed again first of all and so soon after it appeared: a double press. */
const DOUBLE_PRESS_MS = 300;

const sheet = new CSSStyleSheet();
sheet.replaceSync(await (await fetch(new URL("reader.css", import.meta.url))).text());

/** Show the room in the component's element; a rerun of the page changes nothing. Returns the clean-up. */
export function mount({ data, parentElement }) {
  const held = parentElement;
  if (!held.brainlabRoom) {
    const host = make("div.rr", { tabindex: -1 });
    parentElement.append(host);
    const root = host.getRootNode();
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    held.brainlabRoom = new Room(host, data);
    held.brainlabRoom.start();
  }
  const room = held.brainlabRoom;
  return () => setTimeout(() => {
    if (room.host.isConnected) return;
    room.destroy();
    delete held.brainlabRoom;
  }, 0);
}

class Room {
  constructor(host, link) {
    this.host = host;
    this.link = link;
    this.abort = new AbortController();
    this.trouble = make("div.rr-trouble", { hidden: true, role: "alert" });
    this.stageBox = make("div.rr-stage");
    this.over = make("p.rr-over", { hidden: true, role: "status" }, "Time is up for this image. Please answer from what you saw.");
    this.main = make("main.rr-main");
    this.foot = make("footer.rr-foot");
    host.append(this.main, this.foot, this.trouble);
  }

  async start() {
    const { token, previous } = await tabToken(this.link.study);
    this.api = new ReadingApi(this.link, token, (text) => this.#tell(text));
    this.stage = new Stage(this.stageBox, this.api);
    // Capturing on the window comes before Streamlit's own keys.
    addEventListener("keydown", (event) => this.#key(event), { capture: true, signal: this.abort.signal });
    this.host.addEventListener("pointerdown", (event) => {
      this.pressed = event.timeStamp;
      this.lastKey = this.ledBy = null;
    }, { capture: true });
    document.addEventListener("visibilitychange", () => this.#clock(), { signal: this.abort.signal });
    this.timer = setInterval(() => this.#heartbeat(), HEARTBEAT_MS);
    await this.#do("enter", { previous });
  }

  destroy() {
    this.abort.abort();
    clearInterval(this.timer);
    clearTimeout(this.cap);
    this.api?.stop();
    this.stage?.destroy();
    this.host.remove();
  }

  /** Do one act, or one with each of several bodies, and show where the reader stands then; another meanwhile is dropped. */
  async #do(name, body, since) {
    if (this.busy) return;
    this.busy = true;
    this.panel?.lock(true);
    try {
      let view;
      for (const each of [body].flat()) view = await this.api.act(name, each);
      await this.#show(view, since);
    } catch (error) {
      await this.#refused(error);
    } finally {
      this.busy = false;
      this.panel?.lock(false);
    }
  }

  async #refused(error) {
    if (error.kind === "stopped") return;
    if (error.kind === "lease") this.#screen(screens.elsewhere(() => this.#do("enter", { takeover: true })));
    else if (error.kind === "link") this.#screen(screens.stopped(error.message));
    else if (error.kind === "refused" && !this.recovering) {
      this.recovering = true;
      await this.api.act("enter").then((view) => this.#show(view), (again) => this.#screen(screens.stopped(again.message)));
      this.recovering = false;
    } else this.#screen(screens.stopped(error.message ?? "Something went wrong. Please reload the page."));
  }

  async #show(view, since) {
    this.view = view;
    const { room, progress, state } = view;
    const event = (kind, detail) => () => this.#do("event", { kind, detail });
    const undo = view.can_undo ? () => this.#do("undo") : null;
    const before = view.writable && room.round > 1 && progress.done + progress.practice_done === 0 ? undo : null; // of the last reading
    this.stage.fetch(view.current);
    if (view.feedback) this.#feedback(screens.feedback(view, () => this.#do("enter")));
    else if (state === "closed") this.#screen(screens.closed());
    else if (state === "done") this.#screen(screens.done(room, progress, undo), undo && { u: undo });
    else if (state === "waiting") this.#screen(screens.waiting(room, view.opens_at, before), before && { u: before });
    else if (!view.writable) this.#screen(screens.elsewhere(() => this.#do("enter", { takeover: true })));
    else if (state === "welcome") this.#screen(screens.welcome(view, keyLines(room), (seen) => this.#welcomed(seen), before), before && { u: before });
    else if (state === "consent") this.#askConsent(event("consent_given"));
    else if (state === "break") this.#screen(screens.breakTime(room, progress, event("break_done")));
    else await this.#case(since);
    this.#progress();
  }

  /** Show the current case and fetch the next one ahead. */
  async #case(since) {
    clearTimeout(this.cap); // that of the case before would take this picture away
    const { current, next, room, can_undo: canUndo } = this.view;
    this.panel = new AnswerPanel(room, this.stage, canUndo, {
      submit: (answers) => this.#submit(answers), undo: () => canUndo && this.#do("undo"), pause: () => this.#pause(),
    });
    this.panel.lock(true);
    this.#reading(this.panel.root);
    const dark = await this.#darkPause(room);
    if (current.time_left_s === 0) this.#timeOver();
    else await this.stage.show(current, room);
    if (since !== undefined) globalThis.brainlabTimings?.push({ kind: "next-case", ms: performance.now() - since - dark });
    this.host.dataset.case = current.id;
    this.shownAt = new Date().toISOString();
    this.activeMs = 0;
    this.since = performance.now();
    this.fresh = this.since;
    this.panel.lock(false);
    this.#limit((current.time_left_s ?? 0) * 1000);
    this.stage.fetch(next);
  }

  /** Show nothing for as long as the study wants it before each case; returns the milliseconds that this took. */
  async #darkPause(room) {
    if (!room.dark_pause_s) return 0;
    const began = performance.now();
    this.stage.hide();
    this.main.classList.add("rr-dark");
    await new Promise((resolve) => { setTimeout(resolve, room.dark_pause_s * 1000); });
    this.main.classList.remove("rr-dark");
    return performance.now() - began;
  }

  #submit(answers) {
    const { current } = this.view;
    this.ledBy = this.lastKey;
    this.#clock();
    this.#do("answer", {
      presentation: current.id, key: current.answer_key, shown_at: this.shownAt, active_ms: Math.round(this.activeMs), ...answers,
    }, this.pressed);
  }

  async #welcomed(seesAllGreys) {
    const detail = {
      sees_all_greys: seesAllGreys, width: innerWidth, height: innerHeight, pixel_ratio: devicePixelRatio,
      screen_width: screen.width, screen_height: screen.height, colour_depth: screen.colorDepth, browser: navigator.userAgent,
    };
    const seen = [{ kind: "display_checked", detail }, { kind: "welcome_done" }];
    if (this.view.consented) await this.#do("event", seen);
    else this.#askConsent(() => this.#do("event", [...seen, { kind: "consent_given" }]));
  }

  /** Ask for consent; who does not agree leaves without a trace, for nothing is sent before. */
  #askConsent(agree) {
    const decline = () => {
      this.#screen(screens.declined(ask));
      this.foot.replaceChildren();
    };
    const ask = () => {
      this.#screen(screens.consent(this.view.room, agree, decline));
      this.#progress();
    };
    ask();
  }

  /** Take the picture away after so many milliseconds, if the study limits the time of a case. */
  #limit(ms) {
    if (!this.view.room.time_cap_s) return;
    this.capAt = performance.now() + ms;
    this.cap = setTimeout(() => this.#timeOver(), Math.max(0, ms));
  }

  #timeOver() {
    this.stage.hide();
    this.over.hidden = false;
  }

  /** Show the picture with something beside it. */
  #reading(beside) {
    this.keys = null;
    this.over.hidden = true;
    this.main.className = "rr-main rr-reading";
    this.main.replaceChildren(this.stageBox, this.over, beside);
  }

  async #pause() {
    if (this.busy) return;
    this.#clock();
    const spent = this.activeMs;
    const left = this.capAt - performance.now();
    const panel = this.panel;
    this.api.act("event", { kind: "paused" }).catch(() => {});
    this.#screen(screens.paused(this.view.room, this.view.progress, () => {
      this.api.act("event", { kind: "resumed" }).catch(() => {});
      this.panel = panel;
      this.#reading(panel.root);
      this.host.dataset.case = this.view.current.id;
      this.activeMs = spent;
      this.since = performance.now();
      this.#limit(left);
    }));
  }

  /** Say what a practice image was, beside the image. */
  #feedback(node) {
    this.#screen(node);
    const { keys } = this;
    this.#reading(make("div.rr-panel", {}, node));
    this.keys = keys;
  }

  /** Replace the case by a screen; Enter presses its first button, `keys` adds more. */
  #screen(node, keys = {}) {
    clearTimeout(this.cap);
    this.panel = null;
    delete this.host.dataset.case;
    this.main.className = "rr-main";
    this.main.replaceChildren(node);
    this.fresh = performance.now();
    this.keys = { enter: () => node.querySelector(".rr-primary")?.click(), ...keys };
  }

  #key(event) {
    const [field] = event.composedPath();
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(textarea|input|select)$/i.test(field.tagName ?? "") && key !== "escape" && (key !== "enter" || event.shiftKey)) {
      event.stopImmediatePropagation(); // Streamlit would take a typed letter for one of its own keys
      return;
    }
    if (field instanceof HTMLButtonElement && (key === "enter" || key === " ")) {
      this.lastKey = this.ledBy = key;
      return;
    }
    this.pressed = event.timeStamp;
    const act = this.keys?.[key];
    const doubled = this.fresh && key === this.ledBy && event.timeStamp - this.fresh < DOUBLE_PRESS_MS;
    if (!doubled) this.fresh = null;
    this.lastKey = key;
    if (act && !doubled && !event.repeat && !this.busy) {
      this.ledBy = key;
      act();
    }
    const ours = act || doubled || this.panel?.handleKey(event) || (this.panel && this.stage.handleKey(event)) || key === "c" || key === "r";
    if (!ours) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /** Count only the time during which the case is on screen and the tab in front. */
  #clock() {
    if (this.since !== null && this.since !== undefined) this.activeMs += performance.now() - this.since;
    this.since = document.visibilityState === "visible" ? performance.now() : null;
  }

  /** Stay the tab that may answer, and notice when another took over or the study was closed. */
  async #heartbeat() {
    if (this.busy || document.visibilityState !== "visible" || !this.view || this.view.state === "done") return;
    const before = this.view;
    const view = await this.api.act("enter", { alive: true }).catch((error) => {
      if (error.kind === "link") this.#refused(error); // it was ended: the image goes, too
      return null;
    });
    if (!view || this.busy || this.view !== before) return;
    if (view.writable !== before.writable || view.state !== before.state) await this.#show(view);
  }

  #progress() {
    const { progress, room, state, feedback } = this.view;
    const practice = feedback || state === "practice"; // only practice is explained, which may have been the last of it
    const [done, total] = practice ? [progress.practice_done, progress.practice_total] : [progress.done, progress.total];
    const noun = nounOf(room);
    const text = practice ? `Practice ${done + (feedback ? 0 : 1)} of ${total}` : state === "main" ? `${capital(noun)} ${done + 1} of ${total}` : `${done} of ${screens.counted(total, noun)} done`;
    this.foot.replaceChildren(
      make("span", {}, text),
      make("progress", { max: total, value: done, "aria-label": text }),
      make("span.rr-quietly", {}, "Every answer is saved at once. For research only, not for diagnosis."),
    );
  }

  #tell(text) {
    this.trouble.hidden = !text;
    this.trouble.textContent = text ?? "";
  }
}
