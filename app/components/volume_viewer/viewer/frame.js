// The elements of a viewer: title, tools, one canvas a plane, status line, help.

import { HELP, TOUCH_HELP } from "./controls.js";
import { overlayValue, presetWindow, PRESETS } from "./colour.js";
import { adoptStyle, make } from "./dom.js";
import { PLANES, toMillimetres } from "./geometry.js";
import { buildLegend, signed } from "./legend.js";
import { buildSlices, byFinger } from "./slices.js";

/** How each convention is named. */
export const CONVENTIONS = {
  radiological: "Radiological: the patient’s right is on screen left",
  neurological: "Neurological: the patient’s left is on screen left",
};

/** Build the frame inside `parent`; returns the handles that the viewer uses. */
export function buildFrame(viewer, parent) {
  const { options, state } = viewer;
  const canvases = Object.fromEntries(options.planes.map((plane) => [
    plane, make("canvas.bv-plane", { "data-plane": plane, role: "img", "aria-label": `${plane} plane` }),
  ]));
  const mosaic = make("canvas.bv-mosaic", { hidden: true });
  const message = make("div.bv-message", { hidden: true, role: "status" });
  const hint = make("div.bv-hint", { hidden: true });
  const planes = make("div.bv-planes", {}, ...Object.values(canvases), mosaic, message, hint);
  const convention = make("span.bv-convention");
  const readout = make("span.bv-readout");
  const status = make("div.bv-status", {}, convention, readout);
  const help = make("dl.bv-help", { hidden: true }, ...[...HELP, ...(byFinger() ? TOUCH_HELP : [])].flatMap(([keys, what]) => [make("dt", {}, keys), make("dd", {}, what)]));
  const legend = buildLegend(viewer);
  const root = make("div.bv", { tabindex: 0, role: "group" });

  const title = make("span.bv-title");
  const retitle = (text, note) => {
    title.replaceChildren(make("span.bv-name", {}, text ?? ""));
    title.title = text ?? "";
    root.setAttribute("aria-label", text || "brain volume");
    if (note) title.append(make("span.bv-note", {}, note));
  };
  retitle(options.title, options.note);

  const toggleConvention = () => {
    if (options.conventionSwitch === false) return;
    viewer.set({ convention: state.convention === "radiological" ? "neurological" : "radiological" });
  };
  const bar = buildBar(viewer, { title, help, legend, toggleConvention });
  if (bar) root.append(bar);
  root.append(planes);
  if (options.toolbar && viewer.hasDepth && byFinger()) root.append(buildSlices(viewer));
  if (options.toolbar || options.readout) root.append(status);
  root.append(help);
  parent.append(root);
  adoptStyle(root);
  let hovered = null;

  const showStatus = (current) => {
    convention.textContent = CONVENTIONS[current.convention];
    readout.textContent = options.readout && current.data ? describe(current, hovered ?? current.crosshair) : "";
  };

  return {
    root, planes, canvases, mosaic, toggleConvention, retitle,
    status: showStatus,
    busy: (on) => root.classList.toggle("bv-busy", on),
    message: (text) => { message.hidden = !text; message.textContent = text ?? ""; },
    activate: (plane) => Object.entries(canvases).forEach(([name, canvas]) => canvas.classList.toggle("bv-active", name === plane)),
    hover: (plane, hit) => {
      hovered = hit ? [...viewer.state.crosshair] : null;
      if (hit) { hovered[PLANES[plane].u] = hit.u; hovered[PLANES[plane].v] = hit.v; }
      showStatus(viewer.state);
    },
    overlayControls: legend.show,
    showWindow: (on) => {
      if (!on) { hint.hidden = true; return; }
      const { low, high } = viewer.state;
      hint.hidden = !options.readout;
      hint.textContent = `window ${signed(low / 255, false)} to ${signed(high / 255, false)}`;
    },
    arrange: ({ columnWidths, rowHeights, gap, visible }) => {
      // A track may shrink to nothing, so that a page that gets narrower is not held open by its viewers.
      planes.style.gridTemplateColumns = columnWidths.map((width) => `minmax(0, ${width}px)`).join(" ");
      planes.style.gridTemplateRows = rowHeights.map((height) => `${height}px`).join(" ");
      planes.style.gap = `${gap}px`;
      for (const [plane, canvas] of Object.entries(canvases)) canvas.hidden = viewer.mosaic?.shown || !visible.includes(plane);
    },
  };
}

function buildBar(viewer, { title, help, legend, toggleConvention }) {
  const { options } = viewer;
  if (!options.toolbar && !options.title) return null;
  const bar = make("div.bv-bar", {}, title);
  if (!options.toolbar) return bar;
  const tool = (text, name, act) => make("button.bv-tool", { type: "button", title: name, "aria-label": name, onclick: act }, text);
  const tools = make("span.bv-tools", {}, legend.root);
  if (viewer.canWindow) {
    const presets = make("select.bv-tool", { "aria-label": "window preset", title: "Window preset (keys 1-5)" },
      ...PRESETS.map(({ name }, i) => make("option", { value: i, selected: i === 1 }, name)));
    presets.addEventListener("change", (event) => viewer.state.data
      && viewer.setWindow(presetWindow(viewer.state.data, PRESETS[Number(presets.value)]), event.timeStamp));
    tools.append(presets, tool("◐", "Invert (I)", (event) => viewer.set({ invert: !viewer.state.invert }, event.timeStamp)));
  }
  if (options.slabSwitch !== false && viewer.hasDepth) tools.append(tool("▤", "Maximum over a slab (S)", () => viewer.nextSlab()));
  if (viewer.hasDepth) {
    tools.append(tool("▶", "Play through the slices (Space)", () => viewer.toggleCine()));
    tools.append(tool("▦", "Mosaic of slices (M)", () => viewer.mosaic.toggle()));
  }
  if (options.conventionSwitch !== false) tools.append(tool("⇄", "Left-right convention (V)", toggleConvention));
  if (viewer.canZoom) tools.append(tool("⟲", "Reset the view (0)", () => viewer.reset()));
  tools.append(tool("⤓", "Save the planes as a PNG", () => save(viewer)));
  tools.append(tool("?", "Mouse and keys", () => { help.hidden = !help.hidden; }));
  bar.append(tools);
  return bar;
}

/** Hand the planes over as a file, as they are on screen. */
async function save(viewer) {
  const link = make("a", { href: URL.createObjectURL(await viewer.snapshot()), download: `${viewer.dom.root.getAttribute("aria-label")}.png` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function describe(state, voxel) {
  const at = (voxel[0] * state.shape[1] + voxel[1]) * state.shape[2] + voxel[2];
  // A slice has a place in its plane alone: what a model draws lies at no height.
  const known = [0, 1, 2].filter((axis) => state.shape[axis] > 1);
  const millimetres = state.affine && toMillimetres(state.affine, voxel);
  const place = millimetres ? `${known.map((axis) => millimetres[axis].toFixed(0)).join(", ")} mm` : `voxel ${known.map((axis) => voxel[axis]).join(", ")}`;
  const map = state.overlayMap;
  const over = state.overlay && map !== "category"
    ? ` · ${map === "diverging" ? "difference" : "overlay"} ${signed(overlayValue(map, state.overlay[at], state.overlayScale), map === "diverging")}` : "";
  return `${place} · value ${(state.data[at] / 255).toFixed(2)}${over}`;
}
