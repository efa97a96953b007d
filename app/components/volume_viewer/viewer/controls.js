// What mouse, pen, fingers and keys do to a viewer.

import { crosshairTo, dragWindow, pointOf, stepSlice, toggleLarge, ZOOM_STEP, zoomBy } from "./acts.js";
import { presetWindow, PRESETS } from "./colour.js";
import { PLANES } from "./geometry.js";
import { Touch } from "./touch.js";

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
  ["Double click, Enter", "enlarge one plane"],
  ["← →", "next plane"],
  ["Space", "play through the slices, stop"],
  ["S", "maximum over 12 mm, 24 mm, one slice"],
  ["M, X, V", "mosaic, crosshair, left-right convention"],
];

/** The same for fingers. */
export const TOUCH_HELP = [
  ["One finger", "move the crosshair"],
  ["Two fingers", "zoom and pan"],
  ["Hold, then drag", "window (↔) and level (↕)"],
  ["Double tap", "enlarge one plane"],
  ["Slider below", "slices of the plane last touched"],
];

/** Act on a key; returns whether the key was the viewer's. */
export function handleKey(viewer, event) {
  if (event.altKey || event.metaKey) return false;
  const { state, activePlane: plane } = viewer;
  const page = Math.max(2, Math.round(state.shape[PLANES[plane].normal] / 10));
  const since = event.timeStamp;
  const next = (direction) => {
    const planes = viewer.options.planes;
    viewer.activate(planes[(planes.indexOf(plane) + direction + planes.length) % planes.length]);
    if (viewer.largePlane) viewer.enlarge(viewer.activePlane);
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
    Enter: () => toggleLarge(viewer, plane),
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
  const touch = new Touch(viewer);
  abort.signal.addEventListener("abort", () => touch.stop());
  for (const plane of viewer.options.planes) bindPlane(viewer, plane, viewer.dom.canvases[plane], touch, listen);
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

function bindPlane(viewer, plane, canvas, touch, listen) {
  let drag = null;

  listen(canvas, "pointerdown", (event) => {
    viewer.stopCine();
    viewer.activate(plane);
    viewer.dom.root.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
    if (event.pointerType === "touch") {
      touch.down(plane, event);
      return;
    }
    const at = pointOf(event, canvas);
    const { low, high, pan } = viewer.state;
    const begin = { ...at, low, high, pan: pan[plane] };
    if (event.button === 2 && viewer.canWindow) drag = { kind: "window", ...begin };
    else if (event.shiftKey || event.button === 1) drag = { kind: "pan", ...begin };
    else if (event.button === 0) {
      drag = { kind: "crosshair", ...begin };
      crosshairTo(viewer, plane, at, event.timeStamp);
    }
  });

  listen(canvas, "pointermove", (event) => {
    if (event.pointerType === "touch") {
      touch.move(event);
      return;
    }
    const at = pointOf(event, canvas);
    viewer.dom.hover(plane, viewer.painters[plane].voxelAt(viewer.state, at.x, at.y));
    if (!drag) return;
    const dx = at.x - drag.x;
    const dy = at.y - drag.y;
    if (drag.kind === "window") {
      dragWindow(viewer, drag, dx, dy, event.timeStamp);
      viewer.dom.showWindow(true);
    } else if (drag.kind === "pan" && viewer.canZoom) {
      viewer.set({ pan: { ...viewer.state.pan, [plane]: { x: drag.pan.x + dx, y: drag.pan.y + dy } } }, event.timeStamp);
    } else if (drag.kind === "crosshair") {
      crosshairTo(viewer, plane, at, event.timeStamp);
    }
  });

  const release = (event) => {
    if (event.pointerType === "touch") {
      touch.up(event);
      return;
    }
    if (drag?.kind === "window") viewer.dom.showWindow(false);
    drag = null;
  };
  listen(canvas, "pointerup", release);
  listen(canvas, "pointercancel", release);
  listen(canvas, "pointerleave", () => viewer.dom.hover(plane, null));
  listen(canvas, "contextmenu", (event) => event.preventDefault());
  listen(canvas, "dblclick", () => { if (!touch.justTapped) toggleLarge(viewer, plane); });
  listen(canvas, "wheel", (event) => {
    event.preventDefault();
    viewer.stopCine();
    viewer.activate(plane);
    const since = event.timeStamp;
    if (event.ctrlKey) zoomBy(viewer, ZOOM_STEP ** -Math.sign(event.deltaY), plane, pointOf(event, canvas), since);
    else stepSlice(viewer, plane, -Math.sign(event.deltaY), since);
  }, { passive: false });
}
