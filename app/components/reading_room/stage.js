// The picture of one case, or its several pictures side by side. Slices and volumes are both drawn by the viewer, with everything fixed
// that the protocol fixes: magnification, interpolation, convention, and the window unless readers may change it.

import { make } from "../volume_viewer/viewer/dom.js";
import { captionOf, columnsOf, onStillClick, placesOf } from "./groups.js";
import { capital } from "./parts.js";
import { PlaceMark } from "./place_mark.js";
import { fromPicture } from "../volume_viewer/viewer/geometry.js";
import { createViewer } from "../volume_viewer/viewer/viewer.js";

const KEPT = 4;
const STEP = { arrowleft: [0, -1], arrowright: [0, 1], arrowup: [-1, 0], arrowdown: [1, 0] };
const FAR = 10;
const GAP = 10;
const FRAME = 8;
/** CSS pixels between rows of images, and of the frame around one (reader.css). */

export class Stage {
  constructor(element, api) {
    this.element = element;
    this.api = api;
    this.fetched = new Map();
    this.viewers = [];
    this.cells = [];
    this.places = [];
    this.aiming = false;
    this.place = new PlaceMark(this);
    this.observer = new ResizeObserver(() => this.#fit());
    this.observer.observe(element);
  }

  /** Fetch the pixels of a case ahead of time; returns their promise. */
  fetch(shown) {
    if (!shown || shown.time_left_s === 0) return null;
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
    this.flat = shown.kind === "slice";
    this.plane = room.plane;
    const shape = this.flat ? [shown.shape[1], shown.shape[0], 1] : shown.shape;
    const spacing = this.flat ? [shown.voxel_size_mm[1], shown.voxel_size_mm[0], 1] : shown.voxel_size_mm;
    const signature = JSON.stringify([shape, spacing, shown.images]);
    if (signature !== this.signature) this.#build(shape, spacing, shown.images, room);
    this.signature = signature;
    this.element.hidden = false;
    this.mark(null);
    this.choose({});
    this.#fit();
    const size = pixels.length / shown.images;
    this.viewers.forEach((viewer, i) => {
      const own = pixels.subarray(i * size, (i + 1) * size);
      viewer.setVolume(this.flat ? fromPicture(own, shape[0], shape[1]) : own, { shape });
      viewer.reset();
    });
    await new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve, 0)); });
  }

  /** Take the picture away: for a pause, a break, or when the time is over. */
  hide() { this.element.hidden = true; }

  /** Arrows move the crosshair of a slice that is pointed at; all else is the viewer's. */
  handleKey(event) {
    if (this.element.hidden || !this.viewers.length) return false;
    const step = this.flat && this.aiming && STEP[event.key.toLowerCase()];
    if (!step) return this.viewers[0].handleKey(event);
    const [x, y, z] = this.viewers[0].state.crosshair;
    const far = event.shiftKey ? FAR : 1;
    this.viewers[0].setCrosshair([x - step[1] * far, y - step[0] * far, z]);
    return true;
  }

  /** Show where a place would be marked, or not. */
  aim(on) {
    this.aiming = on;
    if (this.flat) this.viewers.forEach((viewer) => viewer.set({ crosshairShown: on }));
  }

  /** Mark a place, or none. */
  mark(place) { this.place.set(place); }

  /** Mark chosen images of a group: {place: what to say of it beside its name}. */
  choose(chosen) {
    this.cells.forEach((cell, i) => {
      const said = chosen[this.places[i]];
      cell.classList.toggle("rr-chosen", said !== undefined);
      cell.firstChild.textContent = capital(captionOf(this.places[i])) + (said ? `: ${said}` : "");
    });
  }

  /** The place at the crosshair, in the image at hand; if it is marked there already, in the next one of a group. */
  cursor(marked) {
    const side = this.viewers.length > 1 ? (marked?.side ?? this.side ?? this.places[0]) : undefined;
    const at = this.placeAt(this.viewers[0].state.crosshair, this.viewers[0].activePlane, side);
    const same = marked && side && JSON.stringify(marked.voxel) === JSON.stringify(at.voxel);
    return same ? { ...at, side: this.places[(this.places.indexOf(side) + 1) % this.places.length] } : at;
  }

  /** A viewer's voxel as it is stored: [row, column] of a slice, [x, y, z] of a volume. */
  placeAt([x, y, z], plane, side) {
    const [columns, rows] = this.viewers[0].state.shape;
    const voxel = this.flat ? [rows - 1 - y, columns - 1 - x] : [x, y, z];
    return { voxel, plane: this.flat ? this.plane : plane, ...(side ? { side } : {}) };
  }

  /** The way back. */
  voxelOf({ voxel }) {
    const [columns, rows] = this.viewers[0].state.shape;
    return this.flat ? [columns - 1 - voxel[1], rows - 1 - voxel[0], 0] : voxel;
  }

  sideOf(viewer) { return this.viewers.length > 1 ? this.places[this.viewers.indexOf(viewer)] : undefined; }

  destroy() {
    this.observer.disconnect();
    this.viewers.forEach((viewer) => viewer.destroy());
  }

  #build(shape, spacing, images, room) {
    this.viewers.forEach((viewer) => viewer.destroy());
    const asksPlace = room.questions.some(({ kind }) => kind === "place");
    const boxes = Array.from({ length: images }, () => make("div.rr-image"));
    this.places = images > 1 ? placesOf(room.questions[0]) : [];
    this.cells = images > 1 ? boxes.map((box, i) => make("div.rr-cell", {}, make("div.rr-side", {}, capital(captionOf(this.places[i]))), box)) : [];
    this.element.classList.toggle("rr-group", images > 1);
    this.element.style.setProperty("--rr-columns", columnsOf(images));
    this.element.replaceChildren(...(images > 1 ? this.cells : boxes));
    this.viewers = boxes.map((box) => createViewer(box, {
      shape, spacing,
      planes: this.flat ? ["axial"] : ["axial", "coronal", "sagittal"], layout: "largest",
      toolbar: false, readout: false, keys: false, labels: !this.flat, crosshairShown: !this.flat || this.aiming, conventionSwitch: false,
      zoomSwitch: false, slabSwitch: false, windowSwitch: room.window === "adjustable",
      window: { low: 0, high: 255 }, interpolation: room.interpolation, group: images > 1 ? "case" : undefined,
    }));
    if (asksPlace) this.viewers.forEach((viewer) => this.place.watch(viewer));
    else if (this.flat) this.cells.forEach((cell, i) => onStillClick(cell, () => this.onChoose?.(this.places[i])));
    this.element.classList.toggle("rr-picks", !asksPlace && this.flat && images > 1);
    this.element.classList.toggle("rr-points", asksPlace);
  }

  /** Give slices a whole number of device pixels for each of their own, and volumes the room there is. */
  #fit() {
    const rows = Math.ceil(this.viewers.length / columnsOf(this.viewers.length));
    const caption = this.viewers.length > 1 ? this.element.firstChild.firstChild.offsetHeight + FRAME : 0;
    for (const viewer of this.viewers) {
      const { clientWidth: width } = viewer.dom.root.parentElement;
      const height = (this.element.clientHeight - (rows - 1) * GAP) / rows - caption;
      if (!width || !(height > 0)) continue;
      const { options, state } = viewer;
      if (this.flat) {
        const ratio = devicePixelRatio || 1;
        const room = Math.min((width * ratio) / state.shape[0], (height * ratio) / state.shape[1]);
        options.height = (state.shape[1] * (room >= 1 ? Math.floor(room) : room)) / ratio;
      } else {
        options.maxHeight = height;
      }
      viewer.layout();
    }
  }
}
