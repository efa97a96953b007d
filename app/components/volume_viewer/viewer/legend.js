// What an overlay's colours mean, and how strongly it is laid over the volume.

import { gradientOf, overlayRange } from "./colour.js";
import { make } from "./dom.js";

/** A colour bar with the numbers at its ends, and a slider for the opacity: {root, show(overlay | null)}. */
export function buildLegend(viewer) {
  const opacity = make("input", { type: "range", min: 0, max: 1, step: 0.05, "aria-label": "overlay opacity", title: "Opacity of the overlay" });
  const [name, low, high] = [make("span"), make("span"), make("span")];
  const colours = make("i.bv-colours", { role: "presentation" });
  const scale = make("span.bv-scale", {}, low, colours, high);
  const root = make("label.bv-overlay", { hidden: true }, name, scale, opacity);
  const follow = () => { opacity.value = viewer.state.overlayOpacity; };
  opacity.addEventListener("input", (event) => viewer.set({ overlayOpacity: Number(opacity.value) }, event.timeStamp));
  viewer.on("change", follow);
  const show = (overlay) => {
    root.hidden = !overlay;
    if (!overlay) return;
    const { map = "diverging", gain, label = "overlay" } = overlay;
    const [from, to] = overlayRange(map, gain);
    name.textContent = label;
    [low.textContent, high.textContent] = [from, to].map((value) => signed(value, map === "diverging"));
    colours.style.backgroundImage = gradientOf(map, gain);
    scale.title = map === "diverging"
      ? "Difference in intensity, where the whole range is 0 to 1; the colours stay the same beyond the ends" : "0 to 1";
    follow();
  };
  return { root, show };
}

/** A number with a true minus, and a plus where `always`. */
export function signed(value, always = true) {
  const text = Math.abs(value).toFixed(2);
  return value < 0 ? `−${text}` : always && value > 0 ? `+${text}` : text;
}
