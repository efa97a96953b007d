// The picture of one case. Slices and volumes are both drawn by the viewer, with everything fixed that the protocol
// fixes: magnification, interpolation, convention, and the window unless readers may change it.

import { createViewer } from "./viewer.js";

const KEPT = 4;

export class Stage {
  constructor(element, api) {
    this.element = element;
    this.api = api;
    this.fetched = new Map();
    this.observer = new ResizeObserver(() => this.#fit());
    this.observer.observe(element);
  }

  /** Fetch the pixels of a case ahead of time; returns their promise. */
  fetch(shown) {
    if (!shown) return null;
    if (!this.fetched.has(shown.id)) {
      const pixels = this.api.pixels(shown.id);
      pixels.catch(() => this.fetched.delete(shown.id));
      this.fetched.set(shown.id, pixels);
      while (this.fetched.size > KEPT) this.fetched.delete(this.fetched.keys().next().value);
    }
    return this.fetched.get(shown.id);
  }

  /** Draw a case; resolves once it is painted. */
  async show(shown, room) {
    const pixels = await this.fetch(shown);
    const flat = shown.kind === "slice";
    const shape = flat ? [shown.shape[1], shown.shape[0], 1] : shown.shape;
    const spacing = flat ? [shown.voxel_size_mm[1], shown.voxel_size_mm[0], 1] : shown.voxel_size_mm;
    if (JSON.stringify([shape, spacing]) !== this.signature) this.#build(shape, spacing, flat, room);
    this.signature = JSON.stringify([shape, spacing]);
    this.element.hidden = false;
    this.#fit();
    this.viewer.setVolume(flat ? upright(pixels, shape[0], shape[1]) : pixels, { shape });
    this.viewer.reset();
    await new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve, 0)); });
  }

  /** Take the picture away: for a pause, a break, or when the time is over. */
  hide() { this.element.hidden = true; }

  handleKey(event) { return !this.element.hidden && Boolean(this.viewer?.handleKey(event)); }

  destroy() {
    this.observer.disconnect();
    this.viewer?.destroy();
  }

  #build(shape, spacing, flat, room) {
    this.viewer?.destroy();
    this.flat = flat;
    this.viewer = createViewer(this.element, {
      shape, spacing,
      planes: flat ? ["axial"] : ["axial", "coronal", "sagittal"],
      toolbar: false, readout: false, keys: false, labels: !flat, crosshairShown: !flat, conventionSwitch: false,
      zoomSwitch: false, slabSwitch: false, windowSwitch: room.window === "adjustable",
      window: { low: 0, high: 255 }, interpolation: room.interpolation,
    });
  }

  /** Give slices a whole number of device pixels for each of their own, and volumes the room there is. */
  #fit() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!this.viewer || !width || !height) return;
    const { options, state } = this.viewer;
    if (this.flat) {
      const ratio = devicePixelRatio || 1;
      const room = Math.min((width * ratio) / state.shape[0], (height * ratio) / state.shape[1]);
      options.height = (state.shape[1] * (room >= 1 ? Math.floor(room) : room)) / ratio;
    } else {
      options.maxHeight = height;
    }
    this.viewer.layout();
  }
}

/** Rows from the top, columns from the left, to the viewer's order, in which both run the other way on screen. */
function upright(pixels, columns, rows) {
  const out = new Uint8Array(pixels.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      out[(columns - 1 - column) * rows + (rows - 1 - row)] = pixels[row * columns + column];
    }
  }
  return out;
}
