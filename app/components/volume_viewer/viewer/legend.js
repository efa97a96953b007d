// What an overlay's colours mean, and how strongly it is laid over the volume.

import { CATEGORIES, gradientOf, overlayRange } from "./colour.js";
import { make } from "./dom.js";

/** A colour bar with the numbers at its ends, and a slider for the opacity: {root, show(overlay | null)}. */
export function buildLegend(viewer) {
  const opacity = make("input", { type: "range", min: 0, max: 1, step: 0.05, "aria-label": "overlay opacity", title: "Opacity of the overlay" });
  const [name, low, high] = [make("span"), make("span"), make("span")];
  const colours = make("i.bv-colours", { role: "presentation" });
  const scale = make("span.bv-scale", {}, low, colours, high);
  const swatches = make("span.bv-swatches");
  const root = make("label.bv-overlay", { hidden: true }, name, scale, swatches, opacity);
  const follow = () => { opacity.value = viewer.state.overlayOpacity; };
  opacity.addEventListener("input", (event) => viewer.set({ overlayOpacity: Number(opacity.value) }, event.timeStamp));
  viewer.on("change", follow);
  const show = (overlay) => {
    root.hidden = !overlay;
    if (!overlay) return;
    const { map = "diverging", gain, label = "overlay", unit = "", names = [] } = overlay;
    name.textContent = label;
    scale.hidden = map === "category";
    swatches.replaceChildren(...(map === "category" ? names.map((text, i) => swatch(text, CATEGORIES[i + 1])) : []));
    if (map === "category") return follow();
    const [from, to] = overlayRange(map, gain, overlay.scale);
    low.textContent = signed(from, map === "diverging");
    high.textContent = [signed(to, map === "diverging"), unit].filter(Boolean).join(" ");
    colours.style.backgroundImage = gradientOf(map, gain);
    scale.title = unit ? "The colours stay the same beyond the ends" : map === "diverging"
      ? "Difference in intensity, where the whole range is 0 to 1; the colours stay the same beyond the ends" : "0 to 1";
    follow();
  };
  return { root, show };
}

/** The colour of a category with its name. */
function swatch(text, [r, g, b]) {
  const square = make("i.bv-swatch", { role: "presentation" });
  square.style.backgroundColor = `rgb(${r}, ${g}, ${b})`;
  return make("span", {}, square, text);
}

/** A number with a true minus, and a plus where `always`. */
export function signed(value, always = true) {
  const text = Math.abs(value).toFixed(2);
  return value < 0 ? `−${text}` : always && value > 0 ? `+${text}` : text;
}
