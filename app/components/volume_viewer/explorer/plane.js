// The plane of the first two discriminant axes: the cohort's scans as points, the brain as a ring to drag about.

import { decodeBytes, decodeFloats } from "./codes.js";
import { make } from "../viewer/dom.js";

const MARGIN = 14;
const KEY_STEPS = 40;
const POINT_RADIUS = 2.1;
const FITTED_ALPHA = 0.4;

/**
 * plane: {axes [first, second] (places in explorer.directions), colours (one a class), points (base64 float32 [n, 2]),
 * members (base64 bytes [n]: the class of each), fitted (base64 bytes [n]: 1 where the axes were learnt from the scan)}.
 * Returns {root, place(), destroy()}.
 */
export function discriminantPlane(explorer, plane) {
  const points = decodeFloats(plane.points);
  const [members, fitted] = [decodeBytes(plane.members), decodeBytes(plane.fitted)];
  const axes = plane.axes.map((k) => explorer.directions[k]);
  const canvas = make("canvas.bv-pad", {
    tabindex: 0, role: "application", "aria-label": `${axes[0].name} across, ${axes[1].name} up: drag, or use the arrow keys`,
  });
  const here = make("i.bv-pad-here");
  let [width, height] = [0, 0]; // kept: to ask for them after a change of text would cost a layout at every move
  const start = axes.map((axis) => explorer.along(axis, explorer.start));
  const ends = axes.map((_, axis) => extent(points, axis, start[axis]));

  const toScreen = (values) => {
    const share = values.map((value, axis) => (value - ends[axis][0]) / (ends[axis][1] - ends[axis][0]));
    return [MARGIN + share[0] * (width - 2 * MARGIN), height - MARGIN - share[1] * (height - 2 * MARGIN)];
  };
  const toValues = (x, y) => {
    const share = [(x - MARGIN) / (width - 2 * MARGIN), (height - MARGIN - y) / (height - 2 * MARGIN)];
    return share.map((part, axis) => inside(axis, ends[axis][0] + part * (ends[axis][1] - ends[axis][0])));
  };
  const inside = (axis, value) => Math.min(ends[axis][1], Math.max(ends[axis][0], value));

  /** Scans, axes and the start do not move: they are drawn once for each size. */
  const draw = () => {
    const ratio = globalThis.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const ink = canvas.getContext("2d");
    ink.setTransform(ratio, 0, 0, ratio, 0, 0);
    ink.strokeStyle = "#22303c";
    const [x, y] = toScreen([0, 0]);
    ink.strokeRect(x, MARGIN / 2, 0, height - MARGIN);
    ink.strokeRect(MARGIN / 2, y, width - MARGIN, 0);
    for (let i = 0; i < members.length; i += 1) {
      ink.globalAlpha = fitted[i] ? FITTED_ALPHA : 1;
      ink.fillStyle = plane.colours[members[i]];
      ink.beginPath();
      ink.arc(...toScreen([points[2 * i], points[2 * i + 1]]), fitted[i] ? POINT_RADIUS : 1.4 * POINT_RADIUS, 0, 2 * Math.PI);
      ink.fill();
    }
    ink.globalAlpha = 1;
    ink.fillStyle = "#8b9baa";
    ink.font = "10.5px system-ui, sans-serif";
    ink.textAlign = "right";
    ink.fillText(`${axes[0].name} →`, width - 6, height - 5);
    ink.textAlign = "left";
    ink.fillText(`↑ ${axes[1].name}`, 6, 12);
    ink.lineWidth = 1.5;
    ink.strokeStyle = "#e2eaf0";
    cross(ink, ...toScreen(start), 4);
  };

  /** Move the ring to the code; the browser moves it without painting anything anew. */
  const place = () => {
    if (!width) return; // not laid out yet
    const now = axes.map((axis) => explorer.along(axis));
    const [x, y] = toScreen(now.map((value, axis) => inside(axis, value)));
    here.style.transform = `translate(${x}px, ${y}px)`;
    canvas.dataset.at = now.map((value) => value.toFixed(3)).join(" ");
  };

  let dragging = false;
  const moveTo = (values, since) => {
    explorer.moveTo(axes, values);
    explorer.request(since);
  };
  const dragTo = (event) => {
    const box = canvas.getBoundingClientRect();
    moveTo(toValues(event.clientX - box.left, event.clientY - box.top), event.timeStamp);
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    dragging = true;
    explorer.remember();
    dragTo(event);
  });
  canvas.addEventListener("pointermove", (event) => { if (dragging) dragTo(event); });
  const release = () => {
    if (dragging) explorer.release();
    dragging = false;
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way) return;
    event.preventDefault();
    explorer.remember();
    moveTo(axes.map((axis, k) => inside(k, explorer.along(axis) + (way[k] * (ends[k][1] - ends[k][0])) / KEY_STEPS)), event.timeStamp);
    explorer.release();
  });
  const observer = new ResizeObserver(() => {
    [width, height] = [canvas.clientWidth, canvas.clientHeight];
    draw();
    place();
  });
  observer.observe(canvas);
  const hint = make("p.bv-pad-hint", {}, "Drag the ring: the brain follows. The cross is the start. Faint: scans that the axes were learnt from; those come apart better than others do.");
  return { root: make("div", {}, make("div.bv-pad-frame", {}, canvas, here), hint), place, destroy: () => observer.disconnect() };
}

function cross(context, x, y, reach) {
  context.beginPath();
  context.moveTo(x - reach, y - reach);
  context.lineTo(x + reach, y + reach);
  context.moveTo(x - reach, y + reach);
  context.lineTo(x + reach, y - reach);
  context.stroke();
}

/** Lowest and highest value of one axis, the start's among them, and a little more. */
function extent(points, axis, start) {
  let [low, high] = [start, start];
  for (let i = axis; i < points.length; i += 2) {
    low = Math.min(low, points[i]);
    high = Math.max(high, points[i]);
  }
  const margin = 0.04 * (high - low || 1);
  return [low - margin, high + margin];
}
