// The rows of the explorer: a slider for one dimension with its classes' distributions, and one for a direction.

import { make } from "./frame.js";

export const STEPS_PER_UNIT = 64;
export const CLASS_COLOURS = ["#5aa9e6", "#f2a541", "#c678b8", "#b7c3cf", "#7bc96f"];
const DIRECTION_STEPS = 50;

/** A slider of one dimension: {root, input, name, place(), draw()}. */
export function dimensionRow(explorer, dimension) {
  const input = make("input", { type: "range", step: 1, "aria-label": `dimension ${dimension}`, "data-dimension": dimension });
  const value = make("output");
  const track = make("canvas", { width: 480, height: 52 });
  const name = make("em");
  const root = row(make("b", {}, String(dimension)), name, value, [track, input]);
  const place = () => {
    const steps = explorer.dimensions[dimension];
    input.min = Math.min(explorer.low[dimension], steps);
    input.max = Math.max(explorer.high[dimension], steps);
    input.value = steps;
    value.textContent = (steps / STEPS_PER_UNIT).toFixed(2);
  };
  const draw = () => {
    if (explorer.histograms) drawTrack(track, explorer.histograms, dimension, explorer.low[dimension], explorer.high[dimension]);
    else track.getContext("2d").clearRect(0, 0, track.width, track.height);
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
  draw();
  return { root, input, name, place, draw };
}

/** A slider of one direction, which changes the whole code: {root, place()}. */
export function directionRow(explorer, direction) {
  const low = Math.min(direction.low, direction.at);
  const high = Math.max(direction.high, direction.at);
  const input = make("input", { type: "range", step: "any", min: low, max: high, "aria-label": direction.name });
  const value = make("output");
  const root = row(make("b", {}, direction.name), make("em"), value, [input]);
  const place = () => {
    const position = direction.at + direction.moved;
    input.value = position;
    value.textContent = `${position.toFixed(Math.abs(direction.high) < 5 ? 2 : 0)} ${direction.unit}`;
  };
  bind(explorer, input, () => {
    direction.moved = Number(input.value) - direction.at;
    place();
  });
  input.addEventListener("keydown", (event) => {
    const sign = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!sign) return;
    event.preventDefault();
    input.value = Number(input.value) + (sign * (high - low)) / DIRECTION_STEPS;
    input.dispatchEvent(new Event("input"));
    input.dispatchEvent(new Event("change"));
  });
  place();
  return { root, place };
}

function row(title, name, value, parts) {
  return make("div.bv-slider", {}, make("div.bv-slider-name", {}, title, name, value), make("div.bv-track", {}, ...parts));
}

/** While a slider moves, ask for brains; when it is let go, tell the page. One drag is one step to undo. */
function bind(explorer, input, take) {
  input.addEventListener("input", (event) => {
    if (!explorer.dragging) explorer.remember();
    explorer.dragging = true;
    take();
    explorer.request(event.timeStamp);
  });
  input.addEventListener("change", () => {
    explorer.dragging = false;
    explorer.release();
  });
}

/** The classes' distributions along one dimension, as filled outlines, with a line at zero. */
function drawTrack(canvas, { bytes, classes, bins }, dimension, low, high) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  context.lineWidth = 2;
  context.globalAlpha = 0.6;
  context.strokeStyle = "#4b5c69";
  context.strokeRect((-low / (high - low)) * width, 0, 0, height);
  classes.forEach((_, c) => {
    const from = (dimension * classes.length + c) * bins;
    context.beginPath();
    context.moveTo(0, height);
    for (let bin = 0; bin < bins; bin += 1) {
      context.lineTo(((bin + 0.5) / bins) * width, height - 1 - (bytes[from + bin] / 255) * (height - 4));
    }
    context.lineTo(width, height);
    context.globalAlpha = 0.28;
    context.fillStyle = CLASS_COLOURS[c % CLASS_COLOURS.length];
    context.fill();
    context.globalAlpha = 0.9;
    context.strokeStyle = context.fillStyle;
    context.stroke();
  });
}
