// The panel beside a case: question, answers, confidence, further questions, undo and pause, by mouse or keys.
//
// C and R belong to Streamlit. F and J lie under the two index fingers; digits are the confidence.

import { make } from "./dom.js";

const CHOICE_KEYS = ["F", "J", "D", "K", "S", "L"];
const CONFIDENCE = [1, 2, 3, 4, 5];

/** Options of a choice with their keys; fake is F and real is J whatever order the protocol has. */
export function choices(question) {
  const options = [...question.options];
  if (options.length === 2 && options.includes("real") && options.includes("fake")) options.splice(0, 2, "fake", "real");
  return options.map((option, i) => ({ option, key: CHOICE_KEYS[i] ?? null }));
}

/** Lines of the key list: [key, what it does]. */
export function keyLines(question, room) {
  const lines = choices(question).filter(({ key }) => key).map(({ option, key }) => [key, option]);
  if (room.confidence) lines.push(["1 – 5", "how sure you are: 1 is a guess, 5 is certain"]);
  return [...lines, ["U", "take back the last answer"], ["P", "pause"]];
}

export class AnswerPanel {
  /** `act`: {submit(answers), undo(), pause()}. */
  constructor(room, shown, canUndo, act) {
    this.room = room;
    this.shown = shown;
    this.act = act;
    this.canUndo = canUndo;
    this.given = { others: {} };
    [this.main, ...this.others] = shown.questions;
    this.atOnce = this.others.length === 0;
    this.root = make("div.rr-panel", {}, ...this.#parts());
  }

  /** Act on a key; returns whether it was one of ours. A key held down acts once. */
  handleKey(event) {
    const key = event.key.toLowerCase();
    const chosen = choices(this.main).find((choice) => choice.key?.toLowerCase() === key);
    const level = /^(?:Digit|Numpad)([1-5])$/.exec(event.code)?.[1] ?? (/^[1-5]$/.test(key) ? key : null);
    const actions = {
      u: () => this.act.undo(), backspace: () => this.act.undo(), p: () => this.act.pause(), enter: () => this.#submit(),
    };
    const act = chosen ? () => this.#answer(chosen.option)
      : level && this.room.confidence ? () => this.#confidence(Number(level)) : actions[key];
    if (act && !event.repeat && !this.locked) act();
    return Boolean(act);
  }

  /** Let nothing be chosen while an answer is on its way. */
  lock(on) {
    this.locked = on;
    this.root.classList.toggle("rr-locked", on);
  }

  #parts() {
    this.options = choices(this.main).map(({ option, key }) => {
      const text = option.charAt(0).toUpperCase() + option.slice(1);
      return make("button.rr-choice", { type: "button", "data-option": option, onclick: () => this.#answer(option) },
        make("span", {}, text), ...(key ? [make("kbd", {}, key)] : []));
    });
    this.levels = CONFIDENCE.map((level) => make("button.rr-level", {
      type: "button", "data-level": level, "aria-label": `confidence ${level} of 5`, onclick: () => this.#confidence(level),
    }, String(level)));
    const undo = make("button.rr-button.rr-quiet", { type: "button", disabled: !this.canUndo, onclick: () => this.act.undo() }, "Undo", make("kbd", {}, "U"));
    const pause = make("button.rr-button.rr-quiet", { type: "button", onclick: () => this.act.pause() }, "Pause", make("kbd", {}, "P"));
    return [
      make("h2", {}, this.main.text),
      make("div.rr-choices", {}, ...this.options),
      ...(this.room.confidence ? [
        make("h3", {}, "How sure are you?"),
        make("div.rr-levels", {}, ...this.levels),
        make("div.rr-scale", {}, make("span", {}, "a guess"), make("span", {}, "certain")),
      ] : []),
      ...this.others.map((question) => this.#further(question)),
      ...(this.atOnce ? [] : [make("button.rr-button.rr-primary", { type: "button", onclick: () => this.#submit() }, "Save and next", make("kbd", {}, "Enter"))]),
      make("div.rr-tools", {}, undo, pause),
    ];
  }

  /** A question after the first: one of its options, or free text. */
  #further(question) {
    const change = (event) => { this.given.others[question.key] = event.target.value.trim(); };
    const field = question.options.length
      ? make("select", { onchange: change }, make("option", { value: "" }, "–"), ...question.options.map((option) => make("option", { value: option }, option)))
      : make("textarea", { rows: 2, maxlength: 2000, oninput: change });
    return make("label.rr-further", {}, question.text, field);
  }

  #answer(option) {
    if (this.locked) return;
    this.given.value = option;
    this.options.forEach((button) => button.classList.toggle("rr-on", button.dataset.option === option));
    if (this.atOnce) this.#submit();
  }

  #confidence(level) {
    if (this.locked) return;
    this.given.confidence = level;
    this.levels.forEach((button) => button.classList.toggle("rr-on", button.dataset.level === String(level)));
    if (this.atOnce) this.#submit();
  }

  /** Hand the answer over once everything that is required is there. */
  #submit() {
    const { value, confidence, others } = this.given;
    const missing = this.others.some((question) => question.required && !others[question.key]);
    if (this.locked || !value || missing || (this.room.confidence && !confidence)) return;
    const { cue, ...rest } = Object.fromEntries(Object.entries(others).filter(([, text]) => text));
    this.act.submit({ value, confidence: confidence ?? null, cue: cue ?? null, others: rest });
  }
}
