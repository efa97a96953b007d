// What hands do to a viewer, whether by mouse, pen, finger or key.

import { PLANES } from "./geometry.js";

export const ZOOM_STEP = 1.2;
const ZOOM_LIMITS = [0.5, 16];

/**
 * Zoom to `zoom`, from what `begin` {zoom, pan} was: what lay at the point `from` of a plane (CSS pixels within its
 * canvas) comes to lie at `to`. Without a plane the centre stays where it is.
 */
export function zoomTo(viewer, zoom, begin, plane = null, from = null, to = from, since = undefined) {
  if (!viewer.canZoom) return;
  const reached = Math.min(ZOOM_LIMITS[1], Math.max(ZOOM_LIMITS[0], zoom));
  const ratio = reached / begin.zoom;
  const pan = Object.fromEntries(Object.entries(begin.pan).map(([name, p]) => [name, { x: p.x * ratio, y: p.y * ratio }]));
  if (plane) {
    const { width, height } = viewer.painters[plane];
    pan[plane] = {
      x: to.x - width / 2 - (from.x - width / 2 - begin.pan[plane].x) * ratio,
      y: to.y - height / 2 - (from.y - height / 2 - begin.pan[plane].y) * ratio,
    };
  }
  viewer.set({ zoom: reached, pan }, since);
}

/** Zoom by a factor about a point of one plane, or about the centre. */
export function zoomBy(viewer, factor, plane, point, since) {
  zoomTo(viewer, viewer.state.zoom * factor, viewer.state, plane, point, point, since);
}

/** Move `count` slices along a plane's normal. */
export function stepSlice(viewer, plane, count, since) {
  const crosshair = [...viewer.state.crosshair];
  crosshair[PLANES[plane].normal] += count;
  viewer.setCrosshair(crosshair, since);
}

/** Move the crosshair to a point of one plane. */
export function crosshairTo(viewer, plane, { x, y }, since) {
  const hit = viewer.painters[plane].voxelAt(viewer.state, x, y, { clamp: true });
  const crosshair = [...viewer.state.crosshair];
  crosshair[PLANES[plane].u] = hit.u;
  crosshair[PLANES[plane].v] = hit.v;
  viewer.setCrosshair(crosshair, since);
}

/** Widen the window by `dx` and lift its level by `dy` CSS pixels, from what `begin` {low, high} was. */
export function dragWindow(viewer, begin, dx, dy, since) {
  const width = Math.max(2, (begin.high - begin.low) * Math.exp(dx / 200));
  const level = (begin.high + begin.low) / 2 - dy * 0.5;
  viewer.setWindow({ low: level - width / 2, high: level + width / 2 }, since);
}

/** Show one plane large, or all again. */
export function toggleLarge(viewer, plane) {
  viewer.enlarge(viewer.largePlane ? null : plane);
}

/** Where an event is within a canvas, in CSS pixels. */
export function pointOf(event, canvas) {
  const box = canvas.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
