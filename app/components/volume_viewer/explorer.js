// Sliders of a latent space beside the brain that they make. Each move asks the server for one volume: one request
// is under way at a time, and the newest position goes next. Streamlit hears of a move on release only.

import { differenceOf } from "./colour.js";
import { make } from "./frame.js";
import { fetchVolume, createViewer } from "./viewer.js";
import { afterPaint, stamped } from "./timing.js";

export const STEPS_PER_UNIT = 64;
const SHOWN_AT_FIRST = 8;
const CLASS_COLOURS = ["#5aa9e6", "#f2a541", "#c678b8", "#b7c3cf", "#7bc96f"];

/** Codes travel as whole 1/64 steps: [d] little-endian int16, in base64. */
export function encodeCode(steps) {
  return btoa(String.fromCharCode(...new Uint8Array(steps.buffer, steps.byteOffset, steps.byteLength)));
}

export function decodeCode(text) {
  return new Int16Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}

/**
 * data: decodeUrl, shape, affine, title, note, code (base64), revision, order [dimensions], low and high (base64 steps,
 * one a dimension), names {dimension: text}, histograms {url, classes, bins}, shown.
 */
export function createExplorer(element, data) {
  return new Explorer(element, data);
}

class Explorer {
  constructor(element, data) {
    this.data = data;
    this.sliders = new Map();
    this.history = [];
    this.future = [];
    this.requests = 0;
    this.onRelease = () => {};
    this.build(element);
    this.viewer = createViewer(this.stage, {
      shape: data.shape, affine: data.affine, title: data.title, note: data.note, layout: data.layout ?? "auto", height: data.height,
    });
  }

  build(element) {
    const button = (text, title, act) => make("button.bv-tool", { type: "button", title, onclick: act }, text);
    this.undoButton = button("↶ Undo", "Undo the last move (Ctrl+Z)", () => this.undo());
    this.redoButton = button("↷ Redo", "Redo", () => this.redo());
    this.differenceBox = make("input", { type: "checkbox", onchange: () => this.showDifference() });
    this.rows = make("div.bv-sliders");
    this.number = make("input.bv-number", { type: "number", min: 0, step: 1, "aria-label": "dimension", placeholder: "no." });
    const pin = (event) => { event?.preventDefault(); this.pin(Number(this.number.value)); };
    this.number.addEventListener("keydown", (event) => { if (event.key === "Enter") pin(event); });
    this.more = button("More", "Show eight more", () => { this.shown += SHOWN_AT_FIRST; this.fill(); });
    this.stage = make("div.bv-stage");
    this.legend = make("div.bv-legend");
    this.panel = make("div.bv-panel", {},
      make("div.bv-panel-bar", {}, this.undoButton, this.redoButton, button("⟲ Start", "Back to the start", () => this.reset()),
        make("label.bv-check", {}, this.differenceBox, "difference to start"), make("span.bv-spring"), this.legend, this.more,
        make("label.bv-check", {}, "dimension", this.number), button("Show", "Show this dimension first", pin)),
      this.rows);
    if (this.data.brief) for (const part of this.panel.querySelectorAll(".bv-check:last-of-type, .bv-check:last-of-type + button")) part.hidden = true;
    this.root = make("div.bv-explorer", {}, this.stage, this.panel);
    this.root.addEventListener("keydown", (event) => {
      if (!event.ctrlKey || event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      if (event.shiftKey) this.redo();
      else this.undo();
    });
    this.root.explorer = this;
    element.append(this.root);
  }

  /** Take over new data from the page; the code only where its revision is new. */
  update(data) {
    const first = this.revision === undefined;
    this.data = data;
    this.low = decodeCode(data.low);
    this.high = decodeCode(data.high);
    this.shown ??= data.shown ?? SHOWN_AT_FIRST;
    this.pinned ??= [];
    this.number.max = data.order.length - 1;
    if (data.histograms && this.histogramUrl !== data.histograms.url) this.loadHistograms(data.histograms);
    this.viewer.dom.retitle(data.title, data.note);
    if (data.revision !== this.revision) {
      this.revision = data.revision;
      if (!first) this.remember();
      this.start = decodeCode(data.code);
      this.code = this.start.slice();
      this.startVolume = null;
      this.request(undefined);
    }
    this.fill();
  }

  async loadHistograms({ url, classes, bins }) {
    this.histogramUrl = url;
    const bytes = await fetchVolume(url).catch(() => null);
    if (!bytes) return;
    this.histograms = { bytes, classes, bins };
    this.legend.replaceChildren(...classes.map((name, i) => {
      const swatch = make("i");
      swatch.style.background = CLASS_COLOURS[i % CLASS_COLOURS.length];
      return make("span", {}, swatch, name);
    }));
    for (const [dimension, row] of this.sliders) this.drawTrack(dimension, row.track);
  }

  /** Show the sliders: pinned ones first, then by what separates the classes. */
  fill() {
    const wanted = [...new Set([...this.pinned, ...this.data.order.slice(0, this.shown)])];
    for (const [dimension, row] of this.sliders) {
      if (wanted.includes(dimension)) continue;
      row.root.remove();
      this.sliders.delete(dimension);
    }
    wanted.forEach((dimension, i) => {
      if (!this.sliders.has(dimension)) this.sliders.set(dimension, this.slider(dimension));
      const row = this.sliders.get(dimension);
      if (this.rows.children[i] !== row.root) this.rows.insertBefore(row.root, this.rows.children[i] ?? null);
      row.name.textContent = this.data.names?.[dimension] ?? "";
      this.place(dimension);
    });
    this.more.hidden = this.shown >= this.data.order.length;
  }

  slider(dimension) {
    const input = make("input", {
      type: "range", min: this.low[dimension], max: this.high[dimension], step: 1, "aria-label": `dimension ${dimension}`, "data-dimension": dimension,
    });
    const value = make("output");
    const track = make("canvas", { width: 480, height: 52 });
    const name = make("em");
    const root = make("div.bv-slider", {}, make("div.bv-slider-name", {}, make("b", {}, String(dimension)), name, value), make("div.bv-track", {}, track, input));
    input.addEventListener("input", (event) => {
      if (!this.dragging) this.remember();
      this.dragging = true;
      this.code[dimension] = Number(input.value);
      value.textContent = (this.code[dimension] / STEPS_PER_UNIT).toFixed(2);
      this.request(event.timeStamp);
    });
    input.addEventListener("change", (event) => { this.dragging = false; this.release(event.timeStamp); });
    input.addEventListener("dblclick", () => { this.remember(); this.code[dimension] = this.start[dimension]; this.place(dimension); this.request(); this.release(); });
    const row = { root, input, value, track, name };
    if (this.histograms) this.drawTrack(dimension, track);
    return row;
  }

  place(dimension) {
    const row = this.sliders.get(dimension);
    const steps = this.code[dimension];
    row.input.min = Math.min(this.low[dimension], steps);
    row.input.max = Math.max(this.high[dimension], steps);
    row.input.value = steps;
    row.value.textContent = (steps / STEPS_PER_UNIT).toFixed(2);
  }

  /** The classes' distributions along one dimension, as filled outlines behind the slider. */
  drawTrack(dimension, canvas) {
    const { bytes, classes, bins } = this.histograms;
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.lineWidth = 2;
    const zero = (-this.low[dimension] / (this.high[dimension] - this.low[dimension])) * canvas.width;
    context.globalAlpha = 0.6;
    context.strokeStyle = "#4b5c69";
    context.strokeRect(zero, 0, 0, canvas.height);
    classes.forEach((_, c) => {
      const from = (dimension * classes.length + c) * bins;
      context.beginPath();
      context.moveTo(0, canvas.height);
      for (let bin = 0; bin < bins; bin += 1) {
        context.lineTo(((bin + 0.5) / bins) * canvas.width, canvas.height - 1 - (bytes[from + bin] / 255) * (canvas.height - 4));
      }
      context.lineTo(canvas.width, canvas.height);
      context.globalAlpha = 0.28;
      context.fillStyle = CLASS_COLOURS[c % CLASS_COLOURS.length];
      context.fill();
      context.globalAlpha = 0.9;
      context.strokeStyle = context.fillStyle;
      context.stroke();
    });
  }

  pin(dimension) {
    if (!Number.isInteger(dimension) || dimension < 0 || dimension >= this.data.order.length) return;
    this.pinned = [dimension, ...this.pinned.filter((d) => d !== dimension)];
    this.fill();
    this.sliders.get(dimension).input.focus();
  }

  /** Ask for the volume at the present code. */
  request(since) {
    this.waiting = { code: this.code.slice(), since, id: (this.requests += 1) };
    if (!this.running) this.run();
  }

  async run() {
    this.running = true;
    while (this.waiting && !this.destroyed) {
      const { code, since, id } = this.waiting;
      this.waiting = null;
      try {
        const response = await fetch(this.data.decodeUrl, { method: "POST", body: code, headers: { "X-Request": String(id) } });
        if (!response.ok) throw new Error(response.status === 410 ? "This page is old: reload it." : "The decoder did not answer.");
        const bytes = new Uint8Array(await response.arrayBuffer());
        if (this.destroyed) break;
        this.shownVolume = bytes;
        this.startVolume ??= bytes;
        this.viewer.volumeNumber = Number(response.headers.get("X-Request"));
        this.viewer.setVolume(bytes);
        this.showDifference();
        this.drawn = this.viewer.volumeNumber;
        const { context } = this.viewer.painters[this.viewer.visiblePlanes[0]];
        afterPaint(id === 1 ? "first-image" : "latent", id === 1 ? 0 : since, () => ({ id, shown: stamped(context) }));
      } catch (error) {
        this.viewer.dom.message(error.message);
      }
    }
    this.running = false;
  }

  showDifference() {
    if (!this.shownVolume) return;
    const on = this.differenceBox.checked && this.startVolume;
    if (!on && !this.viewer.state.overlay) return;
    this.viewer.setOverlay(on ? { buffer: differenceOf(this.shownVolume, this.startVolume), map: "diverging", gain: 4, label: "less · more" } : null);
  }

  remember() {
    this.history.push(this.code.slice());
    if (this.history.length > 200) this.history.shift();
    this.future = [];
  }

  undo() { this.travel(this.history, this.future); }

  redo() { this.travel(this.future, this.history); }

  travel(from, to) {
    if (!from.length) return;
    to.push(this.code.slice());
    this.code = from.pop();
    this.moved();
  }

  reset() {
    this.remember();
    this.code = this.start.slice();
    this.moved();
  }

  moved() {
    for (const dimension of this.sliders.keys()) this.place(dimension);
    this.request();
    this.release();
  }

  /** Tell Streamlit where the sliders are. */
  release(since) {
    this.onRelease({ code: encodeCode(this.code), revision: this.revision, at: since ?? null });
  }

  destroy() {
    this.destroyed = true;
    this.viewer.destroy();
    this.root.remove();
  }
}
