// The rows of the explorer: a slider for one dimension with its classes' distributions, and one for a direction.

import { STEPS_PER_UNIT } from "./codes.js";
import { make } from "../viewer/dom.js";

const DIRECTION_STEPS = 50;

/** A slider of one dimension: {root, input, name, place(), draw()}. */
export function dimensionRow(explorer, dimension) {
  const input = make("input", { type: "range", step: 1, "aria-label": `dimension ${dimension}`, "data-dimension": dimension });
  const value = make("output");
  const track = make("canvas", { width: 480, height: 52 });
  const name = make("em");
  const root = row(make("b", {}, String(dimension)), name, value, [track, input]);
  const ends = () => [explorer.low[dimension], explorer.high[dimension]];
  const draw = () => drawTrack(track, explorer.histograms, dimension, ends(), [Number(input.min), Number(input.max)]);
  const place = () => {
    const steps = explorer.dimensions[dimension];
    widen(input, Math.min(ends()[0], steps), Math.max(ends()[1], steps), draw);
    input.value = steps;
    value.textContent = (steps / STEPS_PER_UNIT).toFixed(2);
  };
  bind(explorer, input, () => {
    explorer.dimensions[dimension] = Number(input.value);
    value.textContent = (explorer.dimensions[dimension] / STEPS_PER_UNIT).toFixed(2);
  });
  input.addEventListener("dblclick", () => {
    explorer.remember();
    explorer.dimensions[dimension] = explorer.start[dimension];
    explorer.goTo(explorer.position());
  });
  place();
  return { root, input, name, place, draw };
}

/** A slider of one direction, which changes the whole code: {root, place(), draw()}. It says where the code lies on it. */
export function directionRow(explorer, direction) {
  const input = make("input", { type: "range", step: "any", "aria-label": direction.name });
  const value = make("output");
  const track = make("canvas", { width: 480, height: 52 });
  const root = row(make("b", {}, direction.name), make("em"), value, [track, input]);
  const ends = [direction.low, direction.high];
  const draw = () => drawTrack(track, direction.row === null ? null : explorer.histograms, explorer.start.length + direction.row,
    ends, [Number(input.min), Number(input.max)]);
  const place = () => {
    if (root.hidden) return;
    const position = explorer.along(direction);
    // The ends stay where they are while the hand is on the slider.
    if (explorer.dragging !== input) {
      widen(input, Math.min(direction.low, position), Math.max(direction.high, position), draw);
      input.value = position;
    }
    const said = inWords(position, direction);
    if (value.textContent !== said) value.textContent = said;
  };
  bind(explorer, input, () => { direction.moved += Number(input.value) - explorer.along(direction); });
  input.addEventListener("keydown", (event) => {
    const sign = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!sign) return;
    event.preventDefault();
    input.value = Number(input.value) + (sign * (Number(input.max) - Number(input.min))) / DIRECTION_STEPS;
    input.dispatchEvent(new Event("input"));
    input.dispatchEvent(new Event("change"));
  });
  place();
  return { root, place, draw };
}

/**
 * Say where a code lies on a direction. Further from the scans than a quarter of their range the number would mean
 * nothing, such as an age of 215 years: then only that it is beyond them.
 */
function inWords(position, { low, high, unit }) {
  const margin = (high - low) / 4;
  const side = position > high + margin ? "over " : position < low - margin ? "under " : "";
  const text = (side === "over " ? high : side ? low : position).toFixed(Math.abs(high) < 5 ? 2 : 0);
  return `${side}${Number(text) === 0 ? text.replace("-", "") : text} ${unit}`;
}

/** Give a slider its ends, and its track anew where they are others than before. */
function widen(input, low, high, draw) {
  if (input.min !== "" && Number(input.min) === low && Number(input.max) === high) return;
  input.min = low;
  input.max = high;
  draw();
}

function row(title, name, value, parts) {
  return make("div.bv-slider", {}, make("div.bv-slider-name", {}, title, name, value), make("div.bv-track", {}, ...parts));
}

/** While a slider moves, ask for brains; when it is let go, tell the page. One drag is one step to undo. */
function bind(explorer, input, take) {
  input.addEventListener("input", (event) => {
    if (!explorer.dragging) explorer.remember();
    explorer.dragging = input;
    take();
    explorer.request(event.timeStamp);
  });
  // Let go where it was taken up, a slider does not change, and says so by no `change`.
  for (const name of ["pointerup", "pointercancel", "blur"]) input.addEventListener(name, () => { explorer.dragging = null; });
  input.addEventListener("change", () => {
    explorer.dragging = null;
    explorer.placeDirections();
    explorer.release();
  });
}

/**
 * The classes' distributions, as filled outlines, with a line at zero.
 * histograms: {bytes, classes, colours, bins} of ranges [low, high], or null; `row` is the distribution's place in them.
 * shown: the ends of the slider, which may be farther out than those of the distribution.
 */
function drawTrack(canvas, histograms, row, [low, high], [from, to]) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  if (!histograms || !(to > from)) return;
  const { bytes, classes, colours, bins } = histograms;
  const x = (value) => ((value - from) / (to - from)) * width;
  context.lineWidth = 2;
  context.globalAlpha = 0.6;
  context.strokeStyle = "#4b5c69";
  if (from < 0 && to > 0) context.strokeRect(x(0), 0, 0, height);
  classes.forEach((_, c) => {
    const first = (row * classes.length + c) * bins;
    context.beginPath();
    context.moveTo(x(low), height);
    for (let bin = 0; bin < bins; bin += 1) {
      context.lineTo(x(low + ((bin + 0.5) / bins) * (high - low)), height - 1 - (bytes[first + bin] / 255) * (height - 4));
    }
    context.lineTo(x(high), height);
    context.globalAlpha = 0.28;
    context.fillStyle = colours[c];
    context.fill();
    context.globalAlpha = 0.9;
    context.strokeStyle = context.fillStyle;
    context.stroke();
  });
}
