// The panel beside a case: its questions, confidence, undo and pause, by mouse or keys.
//
// C and R belong to Streamlit. A key goes to the part at hand if that part knows it, else to the next unanswered one that
// does, else to the first; so two scales on one case are answered one after the other by the same digits.

import { make } from "../volume_viewer/viewer/dom.js";
import { nounOf, placesOf } from "./groups.js";
import { buildPart, CONFIDENCE, partLines } from "./parts.js";

/** Kinds that are answered by one press, so that a case with no other question is saved at once. */
const AT_ONCE = ["choice", "pair", "alternatives", "scale"];

/** The questions of a case in the order of the panel, confidence after the first. */
function asked(room) {
  const [first, ...others] = room.questions;
  return [first, ...(room.confidence ? [CONFIDENCE] : []), ...others];
}

/** Digits answer the first question as they do confidence, so that the part at hand has to be seen. */
const takesDigits = ({ kind }) => ["alternatives", "ranking", "scale"].includes(kind);

const savesAtOnce = (room) => room.questions.length === 1 && AT_ONCE.includes(room.questions[0].kind);

/** Lines of the key list: [key, what it does]. */
export function keyLines(room) {
  const lines = asked(room).flatMap((question, i) => partLines(question, i === 0));
  if (placesOf(room.questions[0]).length && room.questions.some(({ kind }) => kind === "place")) lines.push(["M M", "mark the other image, or the next one"]);
  if (!savesAtOnce(room)) lines.push(["Tab", "next question"], ["Enter", `save, and show the next ${nounOf(room)}`]);
  return [...lines, ["U", "take back the last answer"], ["P", "pause"]];
}

export class AnswerPanel {
  /** `act`: {submit(answers), undo(), pause()}. */
  constructor(room, stage, canUndo, act) {
    this.act = act;
    this.canUndo = canUndo;
    this.atOnce = savesAtOnce(room);
    this.parts = asked(room).map((question) => buildPart(question, (part) => this.#told(part), stage));
    this.root = make("div.rr-panel", { onmousedown: keepFocus }, ...this.parts.map((part) => part.root), ...this.#tools());
    this.root.classList.toggle("rr-many", this.parts.length > 2 || (this.parts.length > 1 && takesDigits(room.questions[0])));
    this.parts.forEach((part) => part.root.addEventListener("focusin", () => this.#activate(part)));
    this.parts.forEach((part) => part.root.addEventListener("pointerdown", () => this.#activate(part)));
    this.#activate(this.parts[0]);
  }

  /** Act on a key; returns whether it was one of ours. A key held down acts once. */
  handleKey(event) {
    const key = event.key.toLowerCase();
    const actions = { u: () => this.act.undo(), backspace: () => this.act.undo(), p: () => this.act.pause(), enter: () => this.#submit(),
      escape: () => event.composedPath()[0].blur?.() };
    const open = this.parts.filter((part) => part.value === null);
    const action = [this.active, ...open, ...this.parts].map((part) => part.action(event)).find(Boolean) ?? actions[key];
    if (action && !event.repeat && !this.locked) {
      action();
      const [field] = event.composedPath();
      if (field instanceof HTMLButtonElement) field.blur(); // else Enter would press it instead of saving
    }
    return Boolean(action);
  }

  /** Let nothing be chosen while an answer is on its way. */
  lock(on) {
    this.locked = on;
    this.parts.forEach((part) => { part.locked = on; });
    this.root.classList.toggle("rr-locked", on);
  }

  #tools() {
    const button = (selector, text, key, onclick, disabled = false) =>
      make(`button.rr-button.${selector}`, { type: "button", disabled, onclick }, text, make("kbd", {}, key));
    this.missing = make("p.rr-missing", { hidden: true, role: "status" }, "Please answer this question first.");
    return [
      ...(this.atOnce ? [] : [button("rr-primary", "Save and next", "Enter", () => this.#submit())]),
      make("div.rr-tools", {},
        button("rr-quiet", "Undo", "U", () => this.act.undo(), !this.canUndo), button("rr-quiet", "Pause", "P", () => this.act.pause())),
    ];
  }

  /** A part was answered: save what is whole, else go to the next question. */
  #told(part) {
    this.missing.remove();
    if (part.question.kind === "text" || (part.question.kind === "ranking" && part.value === null)) return;
    if (part.question.kind === "place") { // a mark is often moved: keys stay with it
      this.#activate(part);
      return;
    }
    if (this.atOnce && this.parts.every(({ value }) => value !== null)) this.#submit();
    else {
      const later = [...this.parts.slice(this.parts.indexOf(part)), ...this.parts];
      this.#activate(later.find(({ value }) => value === null) ?? part);
    }
  }

  #activate(part) {
    if (this.active === part) return;
    this.active?.activate(false);
    this.active = part;
    part.activate(true);
    if (this.root.isConnected) part.root.scrollIntoView({ block: "nearest" });
  }

  /** Hand the answer over once everything that is required is there; else show what is missing. */
  #submit() {
    if (this.locked) return;
    const open = this.parts.find((part) => part.question.required && part.value === null);
    if (open) {
      this.#activate(open);
      this.missing.hidden = this.atOnce;
      open.root.append(this.missing);
      open.root.scrollIntoView({ block: "nearest" });
      open.focus?.();
      return;
    }
    const given = Object.fromEntries(this.parts.filter(({ value }) => value !== null).map(({ question, value }) => [question.key, value]));
    const { [this.parts[0].question.key]: value, confidence, ...others } = given;
    this.act.submit({ value, confidence: confidence ? Number(confidence) : null, others });
  }
}

/** A button that is clicked does not take the focus: Enter would press it again instead of saving. */
function keepFocus(event) {
  if (event.target.closest("button")) event.preventDefault();
}
