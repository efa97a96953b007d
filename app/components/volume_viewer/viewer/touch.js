// What fingers do on the planes. One moves the crosshair, or window and level after a long press; two zoom and pan;
// a double tap shows a plane large. Fingers may lie on different planes: the first one's plane is meant.

import { crosshairTo, dragWindow, pointOf, toggleLarge, zoomTo } from "./acts.js";

const SLOP = 6;
const LONG_PRESS_MS = 450;
const DOUBLE_TAP = { ms: 320, distance: 28 };

export class Touch {
  constructor(viewer) {
    this.viewer = viewer;
    this.fingers = new Map();
    this.gesture = null;
    this.lastTap = { at: -Infinity };
  }

  /** Whether a double tap was just acted on, so that the browser's own double click must not be. */
  get justTapped() { return performance.now() - this.lastTap.at < 2 * DOUBLE_TAP.ms; }

  down(plane, event) {
    const { state } = this.viewer;
    const first = this.fingers.size === 0;
    this.canvas = first ? this.viewer.dom.canvases[plane] : this.canvas;
    const at = pointOf(event, this.canvas);
    this.fingers.set(event.pointerId, at);
    clearTimeout(this.timer);
    if (first) {
      this.gesture = { kind: "tap", plane, at, low: state.low, high: state.high };
      this.timer = setTimeout(() => this.#longPress(), LONG_PRESS_MS);
    } else if (this.fingers.size === 2) {
      this.viewer.dom.showWindow(false);
      this.gesture = { kind: "pinch", plane: this.gesture.plane, span: spanOf(this.fingers), zoom: state.zoom, pan: state.pan };
    }
  }

  move(event) {
    const { viewer, gesture } = this;
    if (!this.fingers.has(event.pointerId)) return;
    const at = pointOf(event, this.canvas);
    this.fingers.set(event.pointerId, at);
    if (gesture.kind === "tap" && Math.hypot(at.x - gesture.at.x, at.y - gesture.at.y) > SLOP) {
      clearTimeout(this.timer);
      gesture.kind = "crosshair";
    }
    if (gesture.kind === "crosshair") crosshairTo(viewer, gesture.plane, at, event.timeStamp);
    if (gesture.kind === "window") {
      dragWindow(viewer, gesture, at.x - gesture.at.x, at.y - gesture.at.y, event.timeStamp);
      viewer.dom.showWindow(true);
    }
    if (gesture.kind === "pinch") {
      const span = spanOf(this.fingers);
      const zoom = (gesture.zoom * span.length) / gesture.span.length;
      zoomTo(viewer, zoom, gesture, gesture.plane, gesture.span, span, event.timeStamp);
    }
  }

  up(event) {
    const { viewer, gesture } = this;
    if (!this.fingers.delete(event.pointerId)) return;
    clearTimeout(this.timer);
    if (gesture.kind === "tap" && event.type === "pointerup") this.#tap(event.timeStamp);
    viewer.dom.showWindow(false);
    // The finger that stays after a pinch does nothing more.
    this.gesture = this.fingers.size ? { ...gesture, kind: "over" } : null;
  }

  stop() { clearTimeout(this.timer); }

  #tap(since) {
    const { plane, at } = this.gesture;
    const { lastTap } = this;
    const now = performance.now();
    const near = lastTap.plane === plane && Math.hypot(at.x - lastTap.x, at.y - lastTap.y) < DOUBLE_TAP.distance;
    const twice = near && now - lastTap.at < DOUBLE_TAP.ms;
    this.lastTap = { plane: twice ? null : plane, ...at, at: now };
    if (twice) toggleLarge(this.viewer, plane);
    else crosshairTo(this.viewer, plane, at, since);
  }

  #longPress() {
    if (!this.viewer.canWindow) return;
    this.gesture.kind = "window";
    this.viewer.dom.showWindow(true);
  }
}

/** Distance of two fingers and the point between them. */
function spanOf(fingers) {
  const [a, b] = [...fingers.values()];
  return { length: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
