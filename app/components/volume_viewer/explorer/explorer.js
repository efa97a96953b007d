// Sliders of a latent space beside the brain that they make. Each move asks the server for one volume: one request
// is under way at a time, and the newest position goes next, after the start's own brain, which differences are to.
// Streamlit hears of a move on release only.

import { decodeCode, decodeFloats, encodeCode, STEPS_PER_UNIT } from "./codes.js";
import { differenceOf } from "../viewer/colour.js";
import { make } from "../viewer/dom.js";
import { discriminantPlane } from "./plane.js";
import { dimensionRow, directionRow } from "./sliders.js";
import { fetchVolume, createViewer } from "../viewer/viewer.js";
import { afterPaint, stamped } from "../viewer/timing.js";

const SHOWN_AT_FIRST = 8;
const DIRECTIONS_AT_FIRST = 4;
const FARTHEST = 32767;
const SECOND_TRY_MS = 400;

/**
 * data: run (names the decoder; another one starts afresh), decodeUrl, shape, affine, planes, title, note, code (base64),
 * revision, order [dimensions], low and high (base64 steps, one a dimension), names {dimension: text}, histograms {url,
 * classes, colours, bins}, shown, brief, layout and height (as the viewer's), directions [{name, unit, vector (base64 float32: what one unit adds to a code), readout
 * (base64 float32) and offset (where a code lies on it), low, high, row (of its distribution among the histograms,
 * after those of the dimensions; null without)}], plane (see plane.js; null without).
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
    this.waiting = [];
    this.onRelease = () => {};
    this.build(element);
    this.viewer = createViewer(this.stage, {
      shape: data.shape, affine: data.affine, planes: data.planes, title: data.title, note: data.note,
      layout: data.layout ?? "auto", height: data.height,
    });
  }

  build(element) {
    const button = (text, title, act) => make("button.bv-tool", { type: "button", title, onclick: act }, text);
    this.undoButton = button("↶ Undo", "Undo the last move (Ctrl+Z)", () => this.undo());
    this.redoButton = button("↷ Redo", "Redo (Ctrl+Shift+Z)", () => this.redo());
    this.differenceBox = make("input", { type: "checkbox", onchange: () => this.showDifference() });
    this.legend = make("div.bv-legend");
    this.number = make("input.bv-number", { type: "number", min: 0, step: 1, "aria-label": "dimension", placeholder: "number" });
    const pin = (event) => { event?.preventDefault(); this.pin(Number(this.number.value)); };
    this.number.addEventListener("keydown", (event) => { if (event.key === "Enter") pin(event); });
    this.moreDirections = button("More", "Show all directions", () => { this.allDirections = true; this.fill(); });
    this.more = button("More", "Show eight more", () => { this.shown += SHOWN_AT_FIRST; this.fill(); });
    this.directionRows = [];
    this.directionGrid = make("div.bv-sliders");
    this.rows = make("div.bv-sliders");
    this.directionSection = make("section", {},
      make("div.bv-section", {}, make("b", {}, "Directions"), make("span.bv-spring"), this.moreDirections), this.directionGrid);
    this.dimensionTitle = make("b");
    this.dimensionSection = make("section", {},
      make("div.bv-section", {}, this.dimensionTitle, make("span.bv-spring"), this.number,
        button("Show", "Show this dimension first", pin), this.more),
      this.rows);
    this.padBox = make("div.bv-pad-box", { hidden: true });
    this.stage = make("div.bv-stage");
    this.panel = make("div.bv-panel", {},
      make("div.bv-panel-bar", {}, this.undoButton, this.redoButton, button("⟲ Start", "Back to the start", () => this.reset()),
        make("label.bv-check", {}, this.differenceBox, "difference to start"), make("span.bv-spring"), this.legend),
      make("div.bv-controls", {}, this.padBox, make("div.bv-sections", {}, this.directionSection, this.dimensionSection)));
    this.root = make("div.bv-explorer", {}, this.stage, this.panel);
    this.root.classList.toggle("bv-brief", Boolean(this.data.brief));
    this.root.classList.toggle("bv-flat", this.data.planes.length === 1);
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
    if (this.histogramUrl !== data.histograms?.url) this.loadHistograms(data.histograms);
    this.viewer.dom.retitle(data.title, data.note);
    if (data.revision !== this.revision) {
      this.revision = data.revision;
      if (!first) [this.history, this.future] = [[], []];
      this.start = decodeCode(data.code);
      this.dimensions = this.start.slice();
      this.directions = (data.directions ?? []).map((direction) => ({
        ...direction, vector: decodeFloats(direction.vector), readout: decodeFloats(direction.readout), moved: 0,
      }));
      this.buildDirections();
      this.buildPlane();
      this.startVolume = null;
      this.request(undefined);
    }
    this.fill();
  }

  /** Show the distributions of a cohort, or none without one or where they do not come. */
  async loadHistograms(wanted) {
    this.histogramUrl = wanted?.url;
    this.legend.replaceChildren(...(wanted?.classes ?? []).map((name, i) => {
      const swatch = make("i");
      swatch.style.background = wanted.colours[i];
      return make("span", {}, swatch, name);
    }));
    const bytes = wanted ? await fetchVolume(wanted.url).catch(() => null) : null;
    if (wanted?.url !== this.histogramUrl) return; // others were asked for meanwhile
    this.histograms = bytes && { ...wanted, bytes };
    for (const row of [...this.sliders.values(), ...this.directionRows]) row.draw();
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
      if (!this.sliders.has(dimension)) this.sliders.set(dimension, dimensionRow(this, dimension));
      const row = this.sliders.get(dimension);
      const there = this.rows.children[i] ?? null;
      if (there !== row.root) this.rows.insertBefore(row.root, there);
      row.name.textContent = row.name.title = this.data.names?.[dimension] ?? "";
      row.place();
    });
    this.more.hidden = this.shown >= this.data.order.length;
    const classes = this.data.histograms?.classes.length;
    this.dimensionTitle.textContent = classes > 1 ? "Dimensions, most discriminative first"
      : classes ? "Dimensions, most varied first" : "Dimensions";
    this.directionRows.forEach((row, i) => { row.root.hidden = !this.allDirections && i >= DIRECTIONS_AT_FIRST; });
    this.placeDirections();
    this.moreDirections.hidden = this.allDirections || this.directionRows.length <= DIRECTIONS_AT_FIRST;
    this.directionSection.hidden = !this.directionRows.length;
    this.dimensionSection.hidden = Boolean(this.data.brief && this.directionRows.length);
  }

  /** The code before it is rounded, in steps: what the dimensions' sliders say, plus the way along each direction. */
  get exactCode() {
    const code = Float64Array.from(this.dimensions);
    for (const { vector, moved } of this.directions) {
      if (moved) for (let i = 0; i < code.length; i += 1) code[i] += STEPS_PER_UNIT * moved * vector[i];
    }
    return code;
  }

  /** The whole code, in steps; as far out as steps go. */
  get code() { return Int16Array.from(this.exactCode, (step) => Math.max(-FARTHEST, Math.min(FARTHEST, Math.round(step)))); }

  /** Where a code, the present one if none is given, lies along a direction, whichever slider has brought it there. */
  along({ readout, offset }, code = this.placing ?? this.exactCode) {
    return dot(readout, code) / STEPS_PER_UNIT + offset;
  }

  /** Move along two directions so that the code lies at `values` on them, although each changes the other a little. */
  moveTo([first, second], values) {
    const [a, b, c, d] = [dot(first.readout, first.vector), dot(first.readout, second.vector), dot(second.readout, first.vector), dot(second.readout, second.vector)];
    const [x, y] = [values[0] - this.along(first), values[1] - this.along(second)];
    const determinant = a * d - b * c;
    if (!determinant) return;
    first.moved += (d * x - b * y) / determinant;
    second.moved += (a * y - c * x) / determinant;
  }

  /** One slider a direction. */
  buildDirections() {
    this.directionRows = this.directions.map((direction) => directionRow(this, direction));
    this.directionGrid.replaceChildren(...this.directionRows.map((row) => row.root));
  }

  buildPlane() {
    this.plane?.destroy();
    this.plane = this.data.plane ? discriminantPlane(this, this.data.plane) : null;
    this.padBox.hidden = !this.plane;
    this.padBox.replaceChildren(...(this.plane ? [this.plane.root] : []));
    this.plane?.place();
  }

  /** Show where the code lies, on every direction: moving along one moves it along others, too. */
  placeDirections() {
    this.placing = this.exactCode; // worked out once for all of them
    for (const row of this.directionRows) row.place();
    this.plane?.place();
    this.placing = null;
  }

  pin(dimension) {
    if (!Number.isInteger(dimension) || dimension < 0 || dimension >= this.data.order.length) return;
    this.pinned = [dimension, ...this.pinned.filter((d) => d !== dimension)];
    this.fill();
    this.sliders.get(dimension).input.focus();
    this.sliders.get(dimension).root.scrollIntoView({ block: "nearest" });
  }

  /** Ask for the volume at the present code, in place of what still waits; but the start's own has to come once. */
  request(since) {
    this.placeDirections();
    const { code, revision } = this;
    const atStart = code.every((step, i) => step === this.start[i]);
    const first = !this.startVolume && this.waiting.find((other) => other.atStart && other.revision === revision);
    this.waiting = [...(first ? [first] : []), { code, revision, atStart, since, id: (this.requests += 1) }];
    if (!this.running) this.run();
  }

  async run() {
    this.running = true;
    while (this.waiting.length && !this.destroyed) {
      const asked = this.waiting.shift();
      const { code, revision, atStart, since, id } = asked;
      try {
        const response = await fetch(this.data.decodeUrl, { method: "POST", body: code, headers: { "X-Request": String(id) } });
        if (!response.ok) throw new Error(response.status === 410 ? "This page is outdated; please reload it." : "The decoder did not answer.");
        const bytes = new Uint8Array(await response.arrayBuffer());
        if (this.destroyed) break;
        if (revision !== this.revision) continue; // a new start came meanwhile, and its own brain is asked for next
        this.shownVolume = bytes;
        if (atStart) this.startVolume = bytes;
        this.viewer.volumeNumber = Number(response.headers.get("X-Request"));
        this.viewer.setVolume(bytes);
        this.showDifference();
        this.drawn = this.viewer.volumeNumber;
        const { context } = this.viewer.painters[this.viewer.visiblePlanes[0]];
        afterPaint(id === 1 ? "first-image" : "latent", id === 1 ? 0 : since, () => ({ id, shown: stamped(context) }));
      } catch (error) {
        this.viewer.dom.message(error.message);
        if (!atStart || this.startVolume || asked.again) continue;
        // Without the start's own brain there is no difference to it: ask once more.
        await new Promise((resolve) => setTimeout(resolve, SECOND_TRY_MS));
        if (revision === this.revision) this.waiting.unshift({ ...asked, again: true });
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
    this.history.push(this.position());
    if (this.history.length > 200) this.history.shift();
    this.future = [];
  }

  undo() { this.travel(this.history, this.future); }

  redo() { this.travel(this.future, this.history); }

  travel(from, to) {
    if (!from.length) return;
    to.push(this.position());
    this.goTo(from.pop());
  }

  reset() {
    this.remember();
    this.goTo({ dimensions: this.start.slice(), moved: this.directions.map(() => 0) });
  }

  /** Where all sliders are. */
  position() {
    return { dimensions: this.dimensions.slice(), moved: this.directions.map((direction) => direction.moved) };
  }

  goTo({ dimensions, moved }) {
    this.dimensions = dimensions;
    this.directions.forEach((direction, k) => { direction.moved = moved[k] ?? 0; });
    for (const row of this.sliders.values()) row.place();
    this.request();
    this.release();
  }

  /** Tell Streamlit where the sliders are. */
  release() {
    this.onRelease({ code: encodeCode(this.code), revision: this.revision, at: performance.now() });
  }

  destroy() {
    this.destroyed = true;
    this.plane?.destroy();
    this.viewer.destroy();
    this.root.remove();
  }
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i] * b[i];
  return sum;
}
