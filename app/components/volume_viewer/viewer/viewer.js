// A brain volume in three linked planes on plain canvases. No framework, no dependency.
//
//   import { createViewer } from ".../viewer.js";
//   const viewer = createViewer(element, { url, shape, affine });
//   await viewer.ready;
//
// Options (all but `shape` and one of `url`, `buffer` may be left out)
//   url | buffer    raw unsigned bytes of a C-ordered [X, Y, Z] RAS volume, without header
//   shape           [X, Y, Z]; a slice has one voxel along its normal
//   affine          4x4 rows, voxel to mm; `spacing` [mm, mm, mm] does where no space is known
//   planes          which of axial, coronal, sagittal
//   layout          auto (default, by the width) | row | column | grid | largest (whichever shows the planes largest)
//   height          CSS pixels of the planes; from the width and the brain's proportions if absent
//   title, note     text above the planes, and a badge beside it
//   toolbar, labels, readout, keys     false hides or switches off
//   convention      radiological (default) | neurological; conventionSwitch: false fixes it
//   interpolation   cubic (default) | linear | nearest
//   window          {low, high} grey levels 0-255; the `Brain` preset of the first volume if absent
//   windowSwitch    false fixes the window; zoomSwitch: false fixes the magnification; slabSwitch: false has no slabs
//   group           viewers of one group share crosshair, window, zoom and convention
//   ownWindow       true keeps the window out of what is shared: for images whose grey levels cannot be compared
//   overlay         {url | buffer, map: diverging | hot | category, opacity, label, gain (full colour at 1 / gain of the
//                   range), scale and unit (what the whole range stands for), names (of categories 1, 2, ...)}
//
// Methods: load(source), setVolume(bytes, {shape, affine}), setOverlay(overlay | null), setCrosshair([x, y, z]),
// setWindow({low, high}), set(changes), reset(), handleKey(event), on("change" | "draw", fn), snapshot(), destroy().

import { bindPointer, handleKey } from "./controls.js";
import { greyTable, OVERLAY_TABLES, presetWindow, PRESETS } from "./colour.js";
import { gridOf, largestColumns, PLANE_NAMES, PLANES, planeSize, spacingOf } from "./geometry.js";
import { Mosaic } from "./mosaic.js";
import { Painter } from "./painter.js";
import { afterFrame, stamp } from "./timing.js";
import { buildFrame } from "./frame.js";

const SLABS_MM = [0, 12, 24];
const CINE_MS = 80;
const SHARED = ["crosshair", "slab", "low", "high", "invert", "zoom", "pan", "convention", "overlayOpacity"];
const WINDOW = ["low", "high", "invert"];
const GAP = 4;
const groups = new Map();

/** Build a viewer inside `element` and return it; `viewer.ready` resolves when the first volume is drawn. */
export function createViewer(element, options) {
  return new Viewer(element, options);
}

/** Fetch raw bytes; throws an Error whose message can be shown. */
export async function fetchVolume(url, init = {}) {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(response.status === 410 ? "This link has expired: reload the page." : "The volume could not be loaded: reload the page.");
  return new Uint8Array(await response.arrayBuffer());
}

export class Viewer {
  constructor(element, options) {
    this.options = { keys: true, toolbar: true, readout: true, labels: true, layout: "auto", ...options, planes: options.planes ?? PLANE_NAMES };
    this.listeners = { change: new Set(), draw: new Set() };
    this.state = {
      data: null,
      shape: options.shape,
      affine: options.affine ?? null,
      spacing: options.spacing ?? (options.affine ? spacingOf(options.affine) : [1, 1, 1]),
      crosshair: options.crosshair ?? options.shape.map((n) => Math.floor(n / 2)),
      low: options.window?.low ?? 0,
      high: options.window?.high ?? 255,
      invert: false,
      zoom: 1,
      pan: Object.fromEntries(PLANE_NAMES.map((plane) => [plane, { x: 0, y: 0 }])),
      convention: options.convention ?? "radiological",
      interpolation: options.interpolation ?? "cubic",
      slab: 0,
      labels: this.options.labels,
      crosshairShown: options.crosshairShown ?? true,
      overlay: null,
      overlayMap: "diverging",
      overlayOpacity: options.overlay?.opacity ?? 0.7,
      overlayTable: null,
      table: null,
    };
    this.windowChosen = Boolean(options.window);
    this.activePlane = this.options.planes[0];
    this.largePlane = null;
    this.dom = buildFrame(this, element);
    this.dom.root.viewer = this;
    this.painters = Object.fromEntries(
      this.options.planes.map((plane) => [plane, new Painter(this.dom.canvases[plane], plane)]),
    );
    this.mosaic = new Mosaic(this, this.dom.mosaic);
    this.unbind = bindPointer(this);
    this.observer = new ResizeObserver(() => this.layout());
    this.observer.observe(this.dom.planes);
    this.#watchScreen();
    this.#join();
    this.#recolour();
    this.layout();
    this.ready = options.buffer || options.url ? this.load(options) : Promise.resolve();
  }

  /** Show {url | buffer, shape, affine, overlay}; of two loads under way the later one wins. */
  async load(source) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.dom.busy(true);
    try {
      const data = source.buffer ? new Uint8Array(source.buffer) : await fetchVolume(source.url);
      const overlay = source.overlay?.url ? await fetchVolume(source.overlay.url) : source.overlay?.buffer;
      if (turn !== this.turn || this.destroyed) return;
      this.setVolume(data, source);
      this.setOverlay(source.overlay ? { ...source.overlay, buffer: overlay } : null);
    } catch (error) {
      if (turn === this.turn && !this.destroyed) this.dom.message(error.message);
    } finally {
      if (turn === this.turn) this.dom.busy(false);
    }
  }

  /** Show bytes [X, Y, Z] at once; window, zoom and crosshair stay as they are. */
  setVolume(data, { shape = this.state.shape, affine = this.state.affine } = {}) {
    const { state } = this;
    if (data.length !== shape[0] * shape[1] * shape[2]) {
      this.dom.message("The volume does not fit its stated shape.");
      return;
    }
    const reshaped = shape.some((n, axis) => n !== state.shape[axis]);
    state.data = data;
    state.shape = shape;
    if (affine) {
      state.affine = affine;
      state.spacing = spacingOf(affine);
    }
    if (reshaped) {
      state.crosshair = shape.map((n) => Math.floor(n / 2));
      this.layout();
    }
    this.dom.message(null);
    if (!this.windowChosen) this.setWindow(presetWindow(data, PRESETS[1]));
    this.redraw();
  }

  /** Lay {buffer, map, opacity, label, gain} over the volume, or take it away with null. */
  setOverlay(overlay) {
    const { state } = this;
    state.overlay = overlay?.buffer ? new Uint8Array(overlay.buffer) : null;
    if (state.overlay && state.overlay.length !== state.data?.length) state.overlay = null;
    if (overlay?.opacity !== undefined && !this.opacityChosen) state.overlayOpacity = overlay.opacity;
    state.overlayMap = overlay?.map ?? "diverging";
    state.overlayScale = overlay?.scale ?? 1;
    state.overlayTable = state.overlay ? OVERLAY_TABLES[state.overlayMap](overlay.gain) : null;
    this.dom.overlayControls(state.overlay ? overlay : null);
    this.redraw();
  }

  /** Move the crosshair to whole voxel indices, kept inside the volume. */
  setCrosshair(point, since) {
    const crosshair = point.map((value, axis) => Math.min(this.state.shape[axis] - 1, Math.max(0, Math.round(value))));
    this.set({ crosshair }, since);
  }

  /** Choose the grey levels {low, high} (0-255) that are drawn black and white. */
  setWindow({ low, high }, since) {
    this.windowChosen = true;
    const from = Math.min(254, Math.max(-128, low));
    this.set({ low: from, high: Math.min(512, Math.max(from + 1, high)) }, since);
  }

  /** Change any part of the state, here and in the viewers of the same group. */
  set(changes, since) {
    Object.assign(this.state, changes);
    this.opacityChosen ||= "overlayOpacity" in changes;
    if ("low" in changes || "high" in changes || "invert" in changes) this.#recolour();
    const shared = Object.fromEntries(Object.entries(changes).filter(([name]) => SHARED.includes(name)));
    for (const other of this.#others()) other.follow(this.#sharedWith(other, shared), this.state);
    this.listeners.change.forEach((listener) => listener(changes, this));
    this.redraw(since);
  }

  /** Take over a change made in another viewer of the group. */
  follow(changes, from) {
    const own = { ...changes };
    if (own.crosshair) {
      own.crosshair = own.crosshair.map((value, axis) => Math.min(this.state.shape[axis] - 1,
        Math.floor(((value + 0.5) / from.shape[axis]) * this.state.shape[axis])));
    }
    if ("low" in own) this.windowChosen = true;
    this.opacityChosen ||= "overlayOpacity" in own;
    Object.assign(this.state, own);
    if ("low" in own || "invert" in own) this.#recolour();
    this.listeners.change.forEach((listener) => listener(own, this));
    this.redraw();
  }

  /** Back to the first zoom, pan, window and crosshair. */
  reset() {
    const pan = Object.fromEntries(PLANE_NAMES.map((plane) => [plane, { x: 0, y: 0 }]));
    const window = this.state.data && this.canWindow ? (this.options.window ?? presetWindow(this.state.data, PRESETS[1])) : {};
    this.stopCine();
    this.set({ zoom: 1, pan, slab: 0, invert: false, crosshair: this.state.shape.map((n) => Math.floor(n / 2)), ...window });
  }

  get canWindow() { return this.options.windowSwitch !== false; }

  /** Whether there are slices to go through; a slice alone has none. */
  get hasDepth() { return this.options.planes.some((plane) => this.state.shape[PLANES[plane].normal] > 1); }

  get canZoom() { return this.options.zoomSwitch !== false; }

  /** Show the maximum over a thicker slab, then over a thicker one still, then the slice again. */
  nextSlab() {
    if (this.options.slabSwitch !== false) this.set({ slab: SLABS_MM[(SLABS_MM.indexOf(this.state.slab) + 1) % SLABS_MM.length] });
  }

  /** Run through the slices of the active plane that hold anything, to and fro, until `stopCine`. */
  startCine() {
    let direction = 1;
    this.cine = setInterval(() => {
      const { normal } = PLANES[this.activePlane];
      const [first, last] = this.mosaic.extent(this.state, normal);
      const crosshair = [...this.state.crosshair];
      if (crosshair[normal] >= last) direction = -1;
      if (crosshair[normal] <= first) direction = 1;
      crosshair[normal] += direction;
      this.setCrosshair(crosshair);
    }, CINE_MS);
  }

  /** Stand still; returns whether slices were running. */
  stopCine() {
    const ran = Boolean(this.cine);
    clearInterval(this.cine);
    this.cine = null;
    return ran;
  }

  toggleCine() { if (!this.stopCine() && this.state.data && this.hasDepth) this.startCine(); }

  /** Act on a key event; returns whether it was one of the viewer's keys. */
  handleKey(event) { return handleKey(this, event); }

  /** Listen to "change" (state) or "draw" (a frame was painted); returns a function that stops listening. */
  on(name, listener) {
    this.listeners[name].add(listener);
    return () => this.listeners[name].delete(listener);
  }

  /** Paint in the next frame; several calls before it make one. `since` is the event's time, for benchmarks. */
  redraw(since) {
    this.since ??= since;
    if (this.pending || this.destroyed) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = null;
      this.paint();
    });
  }

  /** Paint now. */
  paint() {
    const began = this.since;
    this.since = undefined;
    if (this.mosaic.shown) this.mosaic.draw(this.state, this.activePlane);
    else for (const plane of this.visiblePlanes) this.painters[plane].draw(this.state);
    stamp(this.painters[this.visiblePlanes[0]].context, this.volumeNumber);
    this.dom.status(this.state);
    this.listeners.draw.forEach((listener) => listener(this));
    afterFrame("view", began);
  }

  get visiblePlanes() { return this.largePlane ? [this.largePlane] : this.options.planes; }

  /** Give the planes their places for the width at hand: whole device pixels, whatever the screen's ratio. */
  layout() {
    const width = this.dom.planes.getBoundingClientRect().width;
    if (!width || this.destroyed) return;
    const { shape, spacing } = this.state;
    const ratio = globalThis.devicePixelRatio || 1;
    const gap = Math.round(GAP * ratio) / ratio;
    const planes = this.visiblePlanes;
    const sizes = planes.map((plane) => planeSize(plane, shape, spacing));
    const wanted = this.options.layout === "auto" ? (width >= 480 ? "row" : "grid") : this.options.layout;
    const limit = this.options.maxHeight ?? 720;
    const { columns, widths, heights, wide, high } = gridOf(sizes, this.#columns(wanted, sizes, width, limit));
    const [across, down] = [gap * (widths.length - 1), gap * (heights.length - 1)];
    const natural = (high * (width - across)) / wide + down;
    const height = this.options.height ?? Math.min(natural, limit);
    const columnWidths = widths.map((w) => Math.floor(((width - across) * w * ratio) / wide) / ratio);
    const rowHeights = heights.map((h) => Math.round(((height - down) * h * ratio) / high) / ratio);
    this.dom.arrange({ columnWidths, rowHeights, gap, visible: planes });
    planes.forEach((plane, i) => this.painters[plane].resize(
      { width: columnWidths[i % columns], height: rowHeights[Math.floor(i / columns)] }, ratio,
    ));
    this.paint();
  }

  /** Make a plane the one that keys, cine and the slice slider move, here and in the viewers of the same group. */
  activate(plane) {
    for (const viewer of [this, ...this.#others()]) {
      if (viewer.activePlane === plane) continue;
      viewer.activePlane = plane;
      viewer.dom.activate(plane);
      viewer.listeners.change.forEach((listener) => listener({}, viewer));
    }
  }

  /** Show one plane alone, or all again with null. */
  enlarge(plane) {
    this.largePlane = plane;
    this.layout();
  }

  /** The planes as one PNG blob, as they are on screen. */
  snapshot() {
    this.paint();
    const canvases = this.visiblePlanes.map((plane) => this.dom.canvases[plane]);
    const out = document.createElement("canvas");
    out.width = canvases.reduce((sum, canvas) => sum + canvas.width, 0);
    out.height = Math.max(...canvases.map((canvas) => canvas.height));
    const context = out.getContext("2d");
    context.fillRect(0, 0, out.width, out.height);
    let x = 0;
    for (const canvas of canvases) {
      context.drawImage(canvas, x, (out.height - canvas.height) / 2);
      x += canvas.width;
    }
    return new Promise((resolve) => { out.toBlob(resolve, "image/png"); });
  }

  /** Take the viewer off the page. */
  destroy() {
    this.destroyed = true;
    this.stopCine();
    cancelAnimationFrame(this.pending);
    this.observer.disconnect();
    this.screen.abort();
    this.unbind();
    groups.get(this.options.group)?.delete(this);
    this.dom.root.remove();
  }

  /** Lay out anew on a screen of other pixels: the page's own size may be the same there. */
  #watchScreen() {
    this.screen?.abort();
    this.screen = new AbortController();
    matchMedia(`(resolution: ${globalThis.devicePixelRatio || 1}dppx)`).addEventListener("change", () => {
      this.#watchScreen();
      this.layout();
    }, { signal: this.screen.signal });
  }

  #columns(wanted, sizes, width, height) {
    if (this.largePlane || wanted === "column") return 1;
    if (wanted === "largest") return largestColumns(sizes, width, height);
    return wanted === "grid" ? Math.min(2, sizes.length) : sizes.length;
  }

  #recolour() { this.state.table = greyTable(this.state); }

  #join() {
    const name = this.options.group;
    if (!name) return;
    if (!groups.has(name)) groups.set(name, new Set());
    const [first] = groups.get(name);
    groups.get(name).add(this);
    if (!first) return;
    this.follow(this.#sharedWith(first, Object.fromEntries(SHARED.map((part) => [part, first.state[part]]))), first.state);
    this.opacityChosen = first.opacityChosen;
  }

  /** What of some changes goes to or comes from another viewer of the group. */
  #sharedWith(other, changes) {
    if (!this.options.ownWindow && !other.options.ownWindow) return changes;
    return Object.fromEntries(Object.entries(changes).filter(([name]) => !WINDOW.includes(name)));
  }

  #others() {
    const group = this.options.group ? groups.get(this.options.group) : null;
    return group ? [...group].filter((other) => other !== this) : [];
  }
}
