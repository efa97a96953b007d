// Draws one plane of a volume onto one canvas: slice, overlay, crosshair, letters, scale bar.

import { extractSlice, flipped, letters, PLANES, planeSize, roundLength } from "./geometry.js";

const FONT = "system-ui, sans-serif";
const CROSSHAIR = "rgba(94, 209, 190, 0.75)";
const LABEL = "rgba(226, 234, 240, 0.92)";

export class Painter {
  constructor(canvas, plane) {
    this.canvas = canvas;
    this.plane = plane;
    [this.width, this.height, this.ratio] = [1, 1, 1];
    this.context = canvas.getContext("2d", { alpha: false });
    this.slice = document.createElement("canvas");
    this.sliceContext = this.slice.getContext("2d", { alpha: false });
    this.layers = { volume: document.createElement("canvas"), overlay: document.createElement("canvas") };
  }

  /** Take {width, height} in CSS pixels, which `ratio` makes whole device pixels: one of the canvas for each of the screen. */
  resize({ width, height }, ratio) {
    Object.assign(this, { width, height, ratio });
    const [columns, rows] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (this.canvas.width !== columns) this.canvas.width = columns;
    if (this.canvas.height !== rows) this.canvas.height = rows;
  }

  /** The nearest edge of a device pixel. */
  snap(length) { return Math.round(length * this.ratio) / this.ratio; }

  /** Where the slice lies on the canvas, in CSS pixels: {left, top, scaleU, scaleV, columns, rows}. */
  frame(state) {
    const { u, v } = PLANES[this.plane];
    const size = planeSize(this.plane, state.shape, state.spacing);
    const fit = Math.min(this.width / size.width, this.height / size.height);
    const scale = fit * state.zoom;
    const pan = state.pan[this.plane];
    return {
      ...size,
      scale,
      scaleU: scale * state.spacing[u],
      scaleV: scale * state.spacing[v],
      left: this.snap((this.width - size.width * scale) / 2 + pan.x),
      top: this.snap((this.height - size.height * scale) / 2 + pan.y),
    };
  }

  /** Screen position (CSS pixels within the canvas) to the two voxel indices of this plane, or null outside. */
  voxelAt(state, x, y, { clamp = false } = {}) {
    const frame = this.frame(state);
    let column = Math.floor((x - frame.left) / frame.scaleU);
    let row = Math.floor((y - frame.top) / frame.scaleV);
    if (clamp) {
      column = Math.min(frame.columns - 1, Math.max(0, column));
      row = Math.min(frame.rows - 1, Math.max(0, row));
    } else if (column < 0 || row < 0 || column >= frame.columns || row >= frame.rows) {
      return null;
    }
    const flip = flipped(this.plane, state.convention);
    return { u: flip ? frame.columns - 1 - column : column, v: frame.rows - 1 - row };
  }

  /** Draw the plane as `state` says. */
  draw(state) {
    const { context, ratio } = this;
    const frame = this.frame(state);
    this.#drawSlice(state, frame, ratio);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.slice, 0, 0);
    if (!state.data) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (state.crosshairShown) this.#crosshair(state, frame);
    if (state.labels) this.#labels(state, frame);
  }

  /** Magnify slice and overlay into `this.slice`, unless it holds them already: that is the dear part of a frame. */
  #drawSlice(state, frame, ratio) {
    const { slice, canvas } = this;
    const wanted = [
      state.data, state.table, state.overlay, state.overlay && state.overlayTable, state.overlay && state.overlayOpacity,
      state.crosshair[PLANES[this.plane].normal], state.slab, state.invert, state.convention, state.interpolation,
      canvas.width, canvas.height, ...Object.values(frame),
    ];
    if (this.held?.every((value, i) => value === wanted[i])) return;
    this.held = wanted;
    if (slice.width !== canvas.width || slice.height !== canvas.height) {
      slice.width = canvas.width;
      slice.height = canvas.height;
    }
    const context = this.sliceContext;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = state.invert ? "#fff" : "#000";
    context.fillRect(0, 0, slice.width, slice.height);
    if (!state.data) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.imageSmoothingEnabled = state.interpolation !== "nearest";
    context.imageSmoothingQuality = state.interpolation === "cubic" ? "high" : "low";
    this.#layer(state, state.data, state.table, this.layers.volume, frame, 1);
    if (state.overlay && state.overlayOpacity > 0) {
      this.#layer(state, state.overlay, state.overlayTable, this.layers.overlay, frame, state.overlayOpacity);
    }
  }

  #layer(state, data, table, layer, frame, opacity) {
    if (layer.width !== frame.columns || layer.height !== frame.rows) {
      layer.width = frame.columns;
      layer.height = frame.rows;
      layer.image = null;
    }
    const layerContext = layer.getContext("2d");
    layer.image ??= layerContext.createImageData(frame.columns, frame.rows);
    const pixels = new Uint32Array(layer.image.data.buffer);
    const { normal } = PLANES[this.plane];
    // A slab is of the volume alone: the largest of differences, above and below nothing, would mean little.
    const reach = data === state.data ? Math.round(state.slab / 2 / state.spacing[normal]) : 0;
    extractSlice(pixels, data, table, this.plane, state.crosshair[normal], state.shape, state.convention, reach);
    layerContext.putImageData(layer.image, 0, 0);
    const { left, top, columns, rows, scaleU, scaleV } = frame;
    this.sliceContext.globalAlpha = opacity;
    this.sliceContext.drawImage(layer, left, top, columns * scaleU, rows * scaleV);
    this.sliceContext.globalAlpha = 1;
  }

  #crosshair(state, frame) {
    const { u, v } = PLANES[this.plane];
    const flip = flipped(this.plane, state.convention);
    const column = flip ? frame.columns - 1 - state.crosshair[u] : state.crosshair[u];
    const row = frame.rows - 1 - state.crosshair[v];
    const { context, width, height } = this;
    const thick = Math.max(1, Math.round(this.ratio)) / this.ratio; // about one CSS pixel, in whole device pixels
    const x = this.snap(frame.left + (column + 0.5) * frame.scaleU - thick / 2) + thick / 2;
    const y = this.snap(frame.top + (row + 0.5) * frame.scaleV - thick / 2) + thick / 2;
    const gap = 7;
    context.strokeStyle = CROSSHAIR;
    context.lineWidth = thick;
    context.beginPath();
    for (const [x1, y1, x2, y2] of [
      [0, y, x - gap, y], [x + gap, y, width, y], [x, 0, x, y - gap], [x, y + gap, x, height],
    ]) {
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
    }
    context.stroke();
  }

  #labels(state, frame) {
    const { context, width, height } = this;
    const small = width < 170;
    const sides = letters(this.plane, state.convention);
    context.font = `600 ${small ? 10 : 12}px ${FONT}`;
    context.fillStyle = state.invert ? "#1b2733" : LABEL;
    context.strokeStyle = state.invert ? "rgba(255,255,255,.8)" : "rgba(0,0,0,.8)";
    context.lineWidth = 3;
    const write = (text, x, y, align, baseline) => {
      context.textAlign = align;
      context.textBaseline = baseline;
      context.strokeText(text, x, y);
      context.fillText(text, x, y);
    };
    write(sides.left, 5, height / 2, "left", "middle");
    write(sides.right, width - 5, height / 2, "right", "middle");
    write(sides.top, width / 2, 4, "center", "top");
    write(sides.bottom, width / 2, height - 4, "center", "bottom");
    context.font = `500 ${small ? 10 : 11}px ${FONT}`;
    if (state.slab) write(`max ${state.slab} mm`, 7, 21, "left", "top");
    if (width < 190) return;
    const { normal } = PLANES[this.plane];
    const number = state.shape[normal] > 1 ? `${state.crosshair[normal] + 1}/${state.shape[normal]}` : "";
    const whole = `${this.plane} ${number}`;
    const room = width / 2 - 22; // the letter at the top is in the middle
    write(context.measureText(whole).width < room ? whole : number, 7, 6, "left", "top");
    const length = roundLength((width * 0.3) / frame.scale);
    const right = this.snap(width - 9);
    const text = length >= 10 ? `${length / 10} cm` : `${length} mm`;
    const bar = this.snap(length * frame.scale);
    context.fillRect(right - bar, this.snap(height - 9), bar, this.snap(2));
    write(text, right, height - 12, "right", "bottom");
  }
}
