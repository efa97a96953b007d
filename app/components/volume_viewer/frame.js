// The elements of a viewer: title, tools, one canvas a plane, status line, help.

import { HELP } from "./controls.js";
import { presetWindow, PRESETS } from "./colour.js";
import { PLANES, toMillimetres } from "./geometry.js";

const sheet = new CSSStyleSheet();
sheet.replaceSync(await (await fetch(new URL("viewer.css", import.meta.url))).text());

/** Put the viewer's style into the document or shadow root that holds `node`. */
export function adoptStyle(node) {
  const root = node.getRootNode();
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

/** A new element; `make("button.tool", {title}, "text", child)`. */
export function make(selector, attributes = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const node = document.createElement(tag);
  node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** Build the frame inside `parent`; returns the handles that the viewer uses. */
export function buildFrame(viewer, parent) {
  const { options, state } = viewer;
  const canvases = Object.fromEntries(options.planes.map((plane) => [
    plane, make("canvas.bv-plane", { "data-plane": plane, role: "img", "aria-label": `${plane} plane` }),
  ]));
  const mosaic = make("canvas.bv-mosaic", { hidden: true });
  const message = make("div.bv-message", { hidden: true, role: "status" });
  const planes = make("div.bv-planes", {}, ...Object.values(canvases), mosaic, message);
  const convention = make("span.bv-convention");
  const readout = make("span.bv-readout");
  const status = make("div.bv-status", {}, convention, readout);
  const help = make("dl.bv-help", { hidden: true }, ...HELP.flatMap(([keys, what]) => [make("dt", {}, keys), make("dd", {}, what)]));
  const opacity = make("input", { type: "range", min: 0, max: 1, step: 0.05, value: state.overlayOpacity, "aria-label": "overlay opacity" });
  const overlayName = make("span");
  const overlayBox = make("label.bv-overlay", { hidden: true }, overlayName, opacity);
  const root = make("div.bv", { tabindex: 0, role: "group", "aria-label": options.title ?? "brain volume" });

  const title = make("span.bv-title");
  const retitle = (text, note) => {
    title.replaceChildren(text ?? "");
    if (note) title.append(make("span.bv-note", {}, note));
  };
  retitle(options.title, options.note);

  const toggleConvention = () => {
    if (options.conventionSwitch === false) return;
    viewer.set({ convention: state.convention === "radiological" ? "neurological" : "radiological" });
  };
  opacity.addEventListener("input", (event) => viewer.set({ overlayOpacity: Number(opacity.value) }, event.timeStamp));
  const bar = buildBar(viewer, { title, help, overlayBox, toggleConvention });
  if (bar) root.append(bar);
  root.append(planes);
  if (options.toolbar || options.readout) root.append(status);
  root.append(help);
  parent.append(root);
  adoptStyle(root);
  let hovered = null;

  const showStatus = (current) => {
    convention.textContent = current.convention === "radiological"
      ? "Radiological: the patient’s right is on screen left" : "Neurological: the patient’s left is on screen left";
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
    overlayControls: (overlay) => {
      overlayBox.hidden = !overlay;
      overlayName.textContent = overlay?.label ?? "overlay";
      opacity.value = viewer.state.overlayOpacity;
    },
    arrange: ({ columns, rows, visible, height }) => {
      planes.style.gridTemplateColumns = columns;
      planes.style.gridTemplateRows = rows;
      planes.style.height = `${height}px`;
      for (const [plane, canvas] of Object.entries(canvases)) canvas.hidden = viewer.mosaic?.shown || !visible.includes(plane);
    },
  };
}

function buildBar(viewer, { title, help, overlayBox, toggleConvention }) {
  const { options } = viewer;
  if (!options.toolbar && !options.title) return null;
  const bar = make("div.bv-bar", {}, title);
  if (!options.toolbar) return bar;
  const tool = (text, name, act) => make("button.bv-tool", { type: "button", title: name, "aria-label": name, onclick: act }, text);
  const tools = make("span.bv-tools", {}, overlayBox);
  if (viewer.canWindow) {
    const presets = make("select.bv-tool", { "aria-label": "window preset", title: "Window preset (keys 1-5)" },
      ...PRESETS.map(({ name }, i) => make("option", { value: i, selected: i === 1 }, name)));
    presets.addEventListener("change", (event) => viewer.state.data
      && viewer.setWindow(presetWindow(viewer.state.data, PRESETS[Number(presets.value)]), event.timeStamp));
    tools.append(presets, tool("◐", "Invert (I)", (event) => viewer.set({ invert: !viewer.state.invert }, event.timeStamp)));
  }
  if (options.slabSwitch !== false) tools.append(tool("▤", "Maximum over a slab (S)", () => viewer.nextSlab()));
  tools.append(tool("▶", "Run through the slices (Space)", () => viewer.toggleCine()));
  tools.append(tool("▦", "Mosaic of slices (M)", () => viewer.mosaic.toggle()));
  if (options.conventionSwitch !== false) tools.append(tool("⇄", "Left-right convention (V)", toggleConvention));
  if (viewer.canZoom) tools.append(tool("⟲", "Reset the view (0)", () => viewer.reset()));
  tools.append(tool("?", "Mouse and keys", () => { help.hidden = !help.hidden; }));
  bar.append(tools);
  return bar;
}

function describe(state, voxel) {
  const value = state.data[(voxel[0] * state.shape[1] + voxel[1]) * state.shape[2] + voxel[2]];
  const place = state.affine ? `${toMillimetres(state.affine, voxel).map((mm) => mm.toFixed(0)).join(", ")} mm` : `voxel ${voxel.join(", ")}`;
  const over = state.overlay ? ` · overlay ${state.overlay[(voxel[0] * state.shape[1] + voxel[1]) * state.shape[2] + voxel[2]]}` : "";
  return `${place} · value ${(value / 255).toFixed(2)}${over}`;
}
