// What several small viewers have in common is said once, below them: convention, colours of the overlay, slices.

import { make } from "./dom.js";
import { CONVENTIONS } from "./frame.js";
import { buildLegend } from "./legend.js";
import { buildSlices, byFinger } from "./slices.js";

/** A line for a group of viewers, of which `viewer` is the first: {root, show(overlay | null)}. */
export function buildFoot(viewer) {
  const convention = make("span.bv-convention");
  const legend = buildLegend(viewer);
  const follow = () => { convention.textContent = CONVENTIONS[viewer.state.convention]; };
  viewer.on("change", follow);
  follow();
  const root = make("div.bv-foot", {}, convention, legend.root);
  if (viewer.hasDepth && byFinger()) root.prepend(buildSlices(viewer));
  return { root, show: legend.show };
}
