// The plane of the first two discriminant axes: the cohort's scans as points, the brain as a ring to drag about.

import { decodeBytes, decodeFloats } from "./codes.js";
import { make } from "./dom.js";

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
  const cloud = document.createElement("canvas");
  const ends = axes.map((_, axis) => extent(points, axis));
  const context = canvas.getContext("2d");
  let ratio = 1;

  const toScreen = (values) => {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const share = values.map((value, axis) => (value - ends[axis][0]) / (ends[axis][1] - ends[axis][0]));
    return [MARGIN + share[0] * (width - 2 * MARGIN), height - MARGIN - share[1] * (height - 2 * MARGIN)];
  };
  const toValues = (x, y) => {
    const share = [(x - MARGIN) / (canvas.clientWidth - 2 * MARGIN), (canvas.clientHeight - MARGIN - y) / (canvas.clientHeight - 2 * MARGIN)];
    return share.map((part, axis) => inside(axis, ends[axis][0] + part * (ends[axis][1] - ends[axis][0])));
  };
  const inside = (axis, value) => Math.min(ends[axis][1], Math.max(ends[axis][0], value));

  /** The points do not move: they are drawn once for each size. */
  const drawCloud = () => {
    ratio = globalThis.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    cloud.width = canvas.width;
    cloud.height = canvas.height;
    const ink = cloud.getContext("2d");
    ink.setTransform(ratio, 0, 0, ratio, 0, 0);
    ink.strokeStyle = "#22303c";
    const [x, y] = toScreen([0, 0]);
    ink.strokeRect(x, MARGIN / 2, 0, canvas.clientHeight - MARGIN);
    ink.strokeRect(MARGIN / 2, y, canvas.clientWidth - MARGIN, 0);
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
    ink.fillText(`${axes[0].name} →`, canvas.clientWidth - 6, canvas.clientHeight - 5);
    ink.textAlign = "left";
    ink.fillText(`↑ ${axes[1].name}`, 6, 12);
  };

  const place = () => {
    if (!canvas.clientWidth) return;
    if (cloud.width !== Math.round(canvas.clientWidth * (globalThis.devicePixelRatio || 1))) drawCloud();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(cloud, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const now = axes.map((axis) => explorer.along(axis));
    const [x, y] = toScreen(now.map((value, axis) => inside(axis, value)));
    const [startX, startY] = toScreen(axes.map((axis) => explorer.along(axis, explorer.start)));
    context.lineWidth = 1.5;
    context.strokeStyle = "#e2eaf0";
    cross(context, startX, startY, 4);
    context.lineWidth = 2.5;
    context.strokeStyle = "#0a0f14";
    ring(context, x, y, 8);
    context.strokeStyle = "#5ed1be";
    ring(context, x, y, 6);
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
  const observer = new ResizeObserver(() => { drawCloud(); place(); });
  observer.observe(canvas);
  const hint = make("p.bv-pad-hint", {}, "Drag the ring: the brain follows. The cross is the start. Faint: scans that the axes were learnt from; those come apart better than others do.");
  return { root: make("div", {}, canvas, hint), place, destroy: () => observer.disconnect() };
}

function ring(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

function cross(context, x, y, reach) {
  context.beginPath();
  context.moveTo(x - reach, y - reach);
  context.lineTo(x + reach, y + reach);
  context.moveTo(x - reach, y + reach);
  context.lineTo(x + reach, y - reach);
  context.stroke();
}

/** Lowest and highest value of one axis, and a little more. */
function extent(points, axis) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = axis; i < points.length; i += 2) {
    low = Math.min(low, points[i]);
    high = Math.max(high, points[i]);
  }
  const margin = 0.04 * (high - low || 1);
  return [low - margin, high + margin];
}
