// Many slices of one plane side by side; a click goes to the slice.

import { extractSlice, PLANES, planeSize } from "./geometry.js";

const SLICES = 24;

export class Mosaic {
  constructor(viewer, canvas) {
    this.viewer = viewer;
    this.canvas = canvas;
    this.layer = document.createElement("canvas");
    this.shown = false;
    canvas.addEventListener("click", (event) => this.#choose(event));
  }

  toggle() {
    this.shown = !this.shown;
    this.canvas.hidden = !this.shown;
    this.viewer.layout();
  }

  hide() {
    if (this.shown) this.toggle();
  }

  /** Draw evenly spaced slices of `plane` in as many columns as make them largest. */
  draw(state, plane) {
    const { canvas, layer } = this;
    const ratio = globalThis.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    const context = canvas.getContext("2d", { alpha: false });
    context.fillStyle = state.invert ? "#fff" : "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (!state.data) return;
    const size = planeSize(plane, state.shape, state.spacing);
    layer.width = size.columns;
    layer.height = size.rows;
    const layerContext = layer.getContext("2d");
    const image = layerContext.createImageData(size.columns, size.rows);
    const pixels = new Uint32Array(image.data.buffer);
    this.tiles = tilesOf(canvas, size, slicesOf(...this.extent(state, PLANES[plane].normal)));
    context.imageSmoothingEnabled = state.interpolation !== "nearest";
    context.imageSmoothingQuality = state.interpolation === "cubic" ? "high" : "low";
    context.font = `${11 * ratio}px system-ui, sans-serif`;
    for (const tile of this.tiles) {
      for (const [data, table, opacity] of [[state.data, state.table, 1], [state.overlay, state.overlayTable, state.overlayOpacity]]) {
        if (!data) continue;
        extractSlice(pixels, data, table, plane, tile.index, state.shape, state.convention);
        layerContext.putImageData(image, 0, 0);
        context.globalAlpha = opacity;
        context.drawImage(layer, tile.x, tile.y, tile.width, tile.height);
      }
      context.globalAlpha = 1;
      context.fillStyle = state.invert ? "#33414d" : "#9fb0bd";
      context.fillText(String(tile.index + 1), tile.x + 4 * ratio, tile.y + 13 * ratio);
    }
  }

  /** First and last slice along an axis that hold anything; kept until the volume changes. */
  extent(state, normal) {
    const [, ny, nz] = state.shape;
    if (this.extentOf !== state.data) {
      this.extentOf = state.data;
      this.extents = state.shape.map((n) => [n - 1, 0]);
      for (let i = 0; i < state.data.length; i += 1) {
        if (!state.data[i]) continue;
        widen(this.extents[0], Math.floor(i / (ny * nz)));
        widen(this.extents[1], Math.floor(i / nz) % ny);
        widen(this.extents[2], i % nz);
      }
    }
    const [first, last] = this.extents[normal];
    return first <= last ? [first, last] : [0, state.shape[normal] - 1];
  }

  #choose(event) {
    const ratio = globalThis.devicePixelRatio || 1;
    const x = event.offsetX * ratio;
    const y = event.offsetY * ratio;
    const tile = this.tiles?.find((t) => x >= t.x && x < t.x + t.width && y >= t.y && y < t.y + t.height);
    if (!tile) return;
    const crosshair = [...this.viewer.state.crosshair];
    crosshair[PLANES[this.viewer.activePlane].normal] = tile.index;
    this.hide();
    this.viewer.setCrosshair(crosshair, event.timeStamp);
  }
}

function slicesOf(first, last) {
  const count = last - first + 1;
  const wanted = Math.min(SLICES, count);
  return Array.from({ length: wanted }, (_, i) => first + Math.round(((i + 0.5) * count) / wanted - 0.5));
}

function widen(extent, n) {
  if (n < extent[0]) extent[0] = n;
  if (n > extent[1]) extent[1] = n;
}

function tilesOf(canvas, size, slices) {
  let best = { scale: 0, columns: 1 };
  for (let columns = 1; columns <= slices.length; columns += 1) {
    const rows = Math.ceil(slices.length / columns);
    const scale = Math.min(canvas.width / (columns * size.width), canvas.height / (rows * size.height));
    if (scale > best.scale) best = { scale, columns };
  }
  const width = size.width * best.scale;
  const height = size.height * best.scale;
  const left = (canvas.width - width * Math.min(best.columns, slices.length)) / 2;
  return slices.map((index, i) => ({
    index, width, height, x: left + (i % best.columns) * width, y: Math.floor(i / best.columns) * height,
  }));
}
