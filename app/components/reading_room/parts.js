// One part of the answer panel for each kind of question. A part shows its question, holds its value (text, or null while
// unanswered) and knows its keys; it calls `told` whenever its value changes.

import { make } from "../volume_viewer/viewer/dom.js";
import { captionOf, placesOf } from "./groups.js";

const CHOICE_KEYS = ["F", "J", "D", "K", "S", "L"];
const LONGEST_TEXT = 4000;

/** How sure the reader is of the first answer: a scale of its own, whatever the questions are. */
export const CONFIDENCE = { key: "confidence", kind: "scale", text: "How sure are you?", options: ["a guess", "certain"], low: 1, high: 5, required: true };

/** Options of a choice, or images of a group, with their keys; fake is F and real is J whatever order the protocol has. */
function choices(question) {
  if (question.kind === "alternatives") return placesOf(question).map((option) => ({ option, key: option }));
  const options = question.kind === "pair" ? placesOf(question) : [...question.options];
  if (options.length === 2 && options.includes("real") && options.includes("fake")) options.splice(0, 2, "fake", "real");
  return options.map((option, i) => ({ option, key: CHOICE_KEYS[i] ?? null }));
}

/** Values of a scale with their keys: digits, 0 or X for ten. */
function levels(question) {
  const ten = question.low === 0 ? "X" : "0";
  return Array.from({ length: question.high - question.low + 1 }, (_, i) => question.low + i)
    .map((level) => ({ level: String(level), key: level === 10 ? ten : String(level) }));
}

/** Lines of the key list for one question: [key, what it does]. A choice after the first is one line. */
export function partLines(question, first) {
  const { kind, low, high, options, text } = question;
  if (kind === "choice" || kind === "pair") {
    const keyed = choices(question).filter(({ key }) => key);
    if (first) return keyed.map(({ option, key }) => [key, option]);
    return [[keyed.map(({ key }) => key).join(" "), `${text} ${keyed.map(({ option }) => option).join(", ")}`]];
  }
  if (kind === "alternatives") return [[`1 – ${placesOf(question).at(-1)}`, `the ${question.wanted} image (or click it)`]];
  if (kind === "ranking") return [[`1 – ${placesOf(question).at(-1)}`, "the most real image, then the next (or click them)"], ["⌫", "take the last rank away"]];
  if (kind === "scale") {
    const name = question.key === "confidence" ? "how sure you are" : text;
    const ends = options.length ? `: ${low} is ${options[0]}, ${high} is ${options[1]}` : "";
    return [[`${levels(question)[0].key} – ${levels(question).at(-1).key}`, name.replace(/[?.:]$/, "") + ends]];
  }
  if (kind === "text") return [["T", `write: ${text}`], ["Esc", "stop writing"]];
  return [["M", `mark the crosshair, or click: ${text}`], ["↑ ↓ ← →", "move the crosshair, ten times as far with Shift; in volumes slices and planes"], ["Del", "take the mark away"]];
}

/** Build the part of a question; `stage` is the picture, for places. */
export function buildPart(question, told, stage) {
  const kinds = { choice: Choice, pair: Choice, alternatives: Choice, ranking: Ranking, scale: Scale, text: Text, place: Place };
  return new kinds[question.kind](question, told, stage);
}

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The key of an event; a digit is one wherever it stands, on a keyboard of any language and on the number pad. */
const pressed = (event) => /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] ?? event.key.toLowerCase();

class Part {
  constructor(question, told, stage) {
    Object.assign(this, { question, told, stage, value: null });
    this.root = make("section.rr-part", { "aria-label": question.text }, make("h2", {}, question.text), ...this.build());
  }

  /** What a key does here, or null. */
  action() { return null; }

  /** Come to be the part that keys go to, or another. */
  activate(on) { this.root.classList.toggle("rr-active", on); }

  choose(value) {
    this.value = value;
    this.told(this);
  }

  /** A button for each value; the chosen one is marked. Tab stops at the first alone, so that it goes part by part. */
  buttons(entries, selector, attributes, content) {
    this.entries = entries.map(({ value, key }, i) => {
      const button = make(selector, { type: "button", tabindex: i ? -1 : 0, ...attributes(value), onclick: () => this.pick(value) }, ...content(value, key));
      return { value, key: key?.toLowerCase(), button };
    });
    return this.entries.map(({ button }) => button);
  }

  pick(value) {
    if (this.locked) return;
    this.entries.forEach(({ value: other, button }) => {
      button.classList.toggle("rr-on", other === value);
      button.setAttribute("aria-pressed", other === value);
    });
    this.choose(value);
  }
}

class Choice extends Part {
  build() {
    const entries = choices(this.question).map(({ option, key }) => ({ value: option, key }));
    const group = placesOf(this.question).length > 0;
    const long = !group && (entries.some(({ value }) => value.length > 12) || entries.length > 4);
    const words = (option) => capital(group ? captionOf(option) : option);
    if (group) this.stage.onChoose = (place) => this.pick(place);
    return [make(`div.rr-choices${long ? ".rr-long" : ""}${entries.length > 4 ? ".rr-low" : ""}`, {}, ...this.buttons(entries, "button.rr-choice", (option) => ({ "data-option": option }),
      (option, key) => [make("span", {}, words(option)), ...(key ? [make("kbd", {}, key)] : [])]))];
  }

  action(event) {
    const hit = this.entries.find(({ key }) => key === pressed(event));
    return hit ? () => this.pick(hit.value) : null;
  }

  choose(value) {
    if (placesOf(this.question).length) this.stage.choose({ [value]: "" });
    super.choose(value);
  }
}

/** Images in an order, most real first. The last one takes the last rank by itself. */
class Ranking extends Part {
  build() {
    this.order = [];
    this.places = placesOf(this.question);
    this.stage.onChoose = (place) => this.pick(place);
    const entries = this.places.map((place) => ({ value: place, key: place }));
    this.left = make("p.rr-hint");
    this.say();
    return [make(`div.rr-choices${entries.length > 4 ? ".rr-low" : ""}`, {}, ...this.buttons(entries, "button.rr-choice", (place) => ({ "data-option": place }),
      (place, key) => [make("span", {}, capital(captionOf(place))), make("kbd", {}, key)])), this.left];
  }

  action(event) {
    if (event.key === "Backspace" && this.order.length) return () => this.rank(this.order.slice(0, this.order.length < this.places.length ? -1 : -2));
    const hit = this.entries.find(({ key }) => key === pressed(event));
    return hit ? () => this.pick(hit.value) : null;
  }

  /** Give an image the next rank, or take its rank and all later ones away. */
  pick(place) {
    if (this.locked) return;
    const at = this.order.indexOf(place);
    this.rank(at < 0 ? [...this.order, place] : this.order.slice(0, at));
  }

  rank(order) {
    const last = this.places.filter((place) => !order.includes(place));
    this.order = last.length === 1 ? [...order, ...last] : order;
    this.entries.forEach(({ value, button }) => {
      button.classList.toggle("rr-on", this.order.includes(value));
      button.setAttribute("aria-pressed", this.order.includes(value));
    });
    this.stage.choose(Object.fromEntries(this.order.map((value, i) => [value, `rank ${i + 1}`])));
    this.say();
    this.choose(this.order.length === this.places.length ? this.order.join(",") : null);
  }

  say() {
    const { length } = this.order;
    this.left.textContent = length === this.places.length ? `Most real first: ${this.order.join(", ")}` : `Choose rank ${length + 1}${length ? "" : ", the most real image"}.`;
  }
}

class Scale extends Part {
  build() {
    const entries = levels(this.question).map(({ level, key }) => ({ value: level, key }));
    const columns = entries.length > 7 ? Math.ceil(entries.length / 2) : entries.length;
    const { text, high, options } = this.question;
    const name = this.question.key === "confidence" ? "confidence" : text;
    const row = this.buttons(entries, "button.rr-level", (level) => ({ "data-level": level, "aria-label": `${name} ${level} of ${high}` }),
      (level, key) => (key === level ? [level] : [level, make("kbd", {}, key)]));
    return [
      make("div.rr-levels", { style: `grid-template-columns: repeat(${columns}, minmax(0, 1fr))` }, ...row),
      ...(options.length ? [make("div.rr-scale", {}, make("span", {}, options[0]), make("span", {}, options[1]))] : []),
    ];
  }

  action(event) {
    const hit = this.entries.find(({ key }) => key === pressed(event));
    return hit ? () => this.pick(hit.value) : null;
  }
}

class Text extends Part {
  build() {
    this.field = make("textarea", { rows: 2, maxlength: LONGEST_TEXT, "aria-label": this.question.text, oninput: () => this.choose(this.field.value.trim() || null) });
    return [make("div.rr-text", {}, this.field, make("span.rr-hint.rr-by-key", {}, make("kbd", {}, "T"), " to write, ", make("kbd", {}, "Esc"), " to stop"))];
  }

  action(event) { return event.key.toLowerCase() === "t" ? () => this.focus() : null; }

  focus() { if (!this.locked) this.field.focus(); }
}

class Place extends Part {
  build() {
    this.state = make("span");
    const here = make("button.rr-button.rr-quiet", { type: "button", onclick: () => this.atCrosshair() }, "Mark here", make("kbd", {}, "M"));
    this.remove = make("button.rr-button.rr-quiet", { type: "button", onclick: () => this.mark(null) }, "Remove", make("kbd", {}, "Del"));
    this.stage.onPoint = (place) => this.pointed(place);
    this.stage.aim(false);
    this.say();
    return [make("div.rr-place", {}, this.state, make("div.rr-marks", {}, here, this.remove))];
  }

  activate(on) {
    super.activate(on);
    this.aimed = on;
    this.stage.aim(on);
  }

  action(event) {
    const key = event.key.toLowerCase();
    if (key === "m") return () => this.atCrosshair();
    return key === "delete" && this.value ? () => this.mark(null) : null;
  }

  mark(place) {
    if (this.locked) return;
    this.stage.mark(place);
    this.choose(place && JSON.stringify(place));
    this.say();
  }

  /** Mark at the crosshair; in a slice, where it shows only for this question, show it first. */
  atCrosshair() {
    if (this.aimed || !this.stage.flat) this.mark(this.stage.cursor(this.value && JSON.parse(this.value)));
    else this.told(this);
  }

  /** A click marks; in a volume, where clicks look around, only while this question is the one at hand. */
  pointed(place) { if (this.aimed || this.stage.flat) this.mark(place); }

  say() {
    this.remove.hidden = this.value === null;
    this.state.textContent = this.value === null ? "Click the location in the image." : "Marked. Click elsewhere to move it.";
  }
}
