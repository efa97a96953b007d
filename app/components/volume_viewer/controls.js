// What mouse, pen, fingers and keys do to a viewer.

import { presetWindow, PRESETS } from "./colour.js";
import { PLANES } from "./geometry.js";

const ZOOM_STEP = 1.2;
const ZOOM_LIMITS = [0.5, 16];
const TOUCH_SLOP = 4;

/** Lines of the help box: [keys, what they do]. */
export const HELP = [
  ["Wheel, ↑ ↓", "next slice"],
  ["Page ↑ Page ↓", "ten percent of the slices"],
  ["Click, drag", "move the crosshair"],
  ["Right-drag", "window (↔) and level (↕)"],
  ["1 – 5", "window presets"],
  ["A, I", "automatic window, invert"],
  ["Ctrl + wheel, + −, 0", "zoom, back to the start"],
  ["Shift + drag", "pan"],
  ["Double click, Enter", "one plane large"],
  ["← →", "next plane"],
  ["Space", "run through the slices, stop"],
  ["S", "maximum over 12 mm, 24 mm, one slice"],
  ["M, X, V", "mosaic, crosshair, left-right convention"],
];

/** Zoom by a factor about a point of one plane (CSS pixels within its canvas), or about the centre. */
export function zoomBy(viewer, factor, plane = null, x = 0, y = 0, since = undefined) {
  if (!viewer.canZoom) return;
  const { state } = viewer;
  const zoom = Math.min(ZOOM_LIMITS[1], Math.max(ZOOM_LIMITS[0], state.zoom * factor));
  const ratio = zoom / state.zoom;
  const pan = Object.fromEntries(Object.entries(state.pan).map(([name, p]) => [name, { x: p.x * ratio, y: p.y * ratio }]));
  if (plane) {
    const canvas = viewer.dom.canvases[plane];
    pan[plane] = {
      x: x - canvas.clientWidth / 2 - (x - canvas.clientWidth / 2 - state.pan[plane].x) * ratio,
      y: y - canvas.clientHeight / 2 - (y - canvas.clientHeight / 2 - state.pan[plane].y) * ratio,
    };
  }
  viewer.set({ zoom, pan }, since);
}

/** Move `count` slices along a plane's normal. */
export function stepSlice(viewer, plane, count, since) {
  const crosshair = [...viewer.state.crosshair];
  crosshair[PLANES[plane].normal] += count;
  viewer.setCrosshair(crosshair, since);
}

/** Act on a key; returns whether the key was the viewer's. */
export function handleKey(viewer, event) {
  if (event.altKey || event.metaKey) return false;
  const { state, activePlane: plane } = viewer;
  const page = Math.max(2, Math.round(state.shape[PLANES[plane].normal] / 10));
  const since = event.timeStamp;
  const next = (direction) => {
    const planes = viewer.options.planes;
    viewer.activePlane = planes[(planes.indexOf(plane) + direction + planes.length) % planes.length];
    if (viewer.largePlane) viewer.enlarge(viewer.activePlane);
    viewer.dom.activate(viewer.activePlane);
  };
  const preset = Number(event.key);
  if (preset >= 1 && preset <= PRESETS.length) {
    if (viewer.canWindow && state.data) viewer.setWindow(presetWindow(state.data, PRESETS[preset - 1]), since);
    return viewer.canWindow;
  }
  const actions = {
    ArrowUp: () => stepSlice(viewer, plane, 1, since),
    ArrowDown: () => stepSlice(viewer, plane, -1, since),
    PageUp: () => stepSlice(viewer, plane, page, since),
    PageDown: () => stepSlice(viewer, plane, -page, since),
    ArrowRight: () => next(1),
    ArrowLeft: () => next(-1),
    "+": () => zoomBy(viewer, ZOOM_STEP),
    "=": () => zoomBy(viewer, ZOOM_STEP),
    "-": () => zoomBy(viewer, 1 / ZOOM_STEP),
    0: () => viewer.canZoom && viewer.reset(),
    a: () => viewer.canWindow && state.data && viewer.setWindow(presetWindow(state.data, PRESETS[1]), since),
    i: () => viewer.canWindow && viewer.set({ invert: !state.invert }, since),
    x: () => viewer.set({ crosshairShown: !state.crosshairShown }, since),
    v: () => viewer.dom.toggleConvention(),
    m: () => viewer.mosaic.toggle(),
    s: () => viewer.nextSlab(),
    " ": () => viewer.toggleCine(),
    Enter: () => viewer.enlarge(viewer.largePlane ? null : plane),
    Escape: () => { viewer.mosaic.hide(); viewer.enlarge(null); },
  };
  const act = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || event.ctrlKey) return false;
  if (event.key !== " ") viewer.stopCine();
  act();
  return true;
}

/** Bind pointer, wheel and key events; returns a function that unbinds them. */
export function bindPointer(viewer) {
  const abort = new AbortController();
  const listen = (target, name, handler, options = {}) => target.addEventListener(name, handler, { signal: abort.signal, ...options });
  for (const plane of viewer.options.planes) bindPlane(viewer, plane, viewer.dom.canvases[plane], listen);
  if (viewer.options.keys) {
    listen(viewer.dom.root, "keydown", (event) => {
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
      if (event.target instanceof HTMLButtonElement && (event.key === "Enter" || event.key === " ")) return;
      if (!handleKey(viewer, event)) return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
  return () => abort.abort();
}

function bindPlane(viewer, plane, canvas, listen) {
  const pointers = new Map();
  let drag = null;

  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const crosshairTo = (event) => {
    const { x, y } = point(event);
    const hit = viewer.painters[plane].voxelAt(viewer.state, x, y, { clamp: true });
    const crosshair = [...viewer.state.crosshair];
    crosshair[PLANES[plane].u] = hit.u;
    crosshair[PLANES[plane].v] = hit.v;
    viewer.setCrosshair(crosshair, event.timeStamp);
  };

  listen(canvas, "pointerdown", (event) => {
    viewer.stopCine();
    viewer.activePlane = plane;
    viewer.dom.activate(plane);
    viewer.dom.root.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, point(event));
    const { low, high, pan } = viewer.state;
    const begin = { ...point(event), low, high, pan: pan[plane], moved: event.pointerType !== "touch" };
    if (pointers.size === 2) {
      drag = { kind: "pinch", span: spanOf(pointers), zoom: viewer.state.zoom };
    } else if (event.button === 2 && viewer.canWindow) {
      drag = { kind: "window", ...begin };
    } else if (event.shiftKey || event.button === 1) {
      drag = { kind: "pan", ...begin };
    } else if (event.button === 0) {
      drag = { kind: "crosshair", ...begin };
      if (begin.moved) crosshairTo(event);
    }
    event.preventDefault();
  });

  listen(canvas, "pointermove", (event) => {
    const at = point(event);
    if (pointers.has(event.pointerId)) pointers.set(event.pointerId, at);
    viewer.dom.hover(plane, viewer.painters[plane].voxelAt(viewer.state, at.x, at.y));
    if (!drag) return;
    const dx = at.x - drag.x;
    const dy = at.y - drag.y;
    if (drag.kind === "pinch" && pointers.size === 2) {
      const span = spanOf(pointers);
      zoomBy(viewer, (drag.zoom * span.length) / drag.span.length / viewer.state.zoom, plane, span.x, span.y, event.timeStamp);
    } else if (drag.kind === "window") {
      const width = Math.max(2, (drag.high - drag.low) * Math.exp(dx / 200));
      const level = (drag.high + drag.low) / 2 - dy * 0.5;
      viewer.setWindow({ low: level - width / 2, high: level + width / 2 }, event.timeStamp);
    } else if (drag.kind === "pan" && viewer.canZoom) {
      viewer.set({ pan: { ...viewer.state.pan, [plane]: { x: drag.pan.x + dx, y: drag.pan.y + dy } } }, event.timeStamp);
    } else if (drag.kind === "crosshair" && (drag.moved || Math.hypot(dx, dy) > TOUCH_SLOP)) {
      drag.moved = true;
      crosshairTo(event);
    }
  });

  const release = (event) => {
    if (drag?.kind === "crosshair" && !drag.moved && event.type === "pointerup") crosshairTo(event);
    pointers.delete(event.pointerId);
    drag = null;
  };
  listen(canvas, "pointerup", release);
  listen(canvas, "pointercancel", release);
  listen(canvas, "pointerleave", () => viewer.dom.hover(plane, null));
  listen(canvas, "contextmenu", (event) => event.preventDefault());
  listen(canvas, "dblclick", () => viewer.enlarge(viewer.largePlane ? null : plane));
  listen(canvas, "wheel", (event) => {
    event.preventDefault();
    viewer.stopCine();
    viewer.activePlane = plane;
    const { x, y } = point(event);
    if (event.ctrlKey) zoomBy(viewer, ZOOM_STEP ** -Math.sign(event.deltaY), plane, x, y, event.timeStamp);
    else stepSlice(viewer, plane, -Math.sign(event.deltaY), event.timeStamp);
  }, { passive: false });
}

function spanOf(pointers) {
  const [a, b] = [...pointers.values()];
  return { length: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
