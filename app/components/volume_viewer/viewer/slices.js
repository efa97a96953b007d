// Slices by finger: a slider for the plane that was touched last. Screens of a mouse have a wheel instead.

import { stepSlice } from "./acts.js";
import { make } from "./dom.js";
import { PLANES } from "./geometry.js";

/** Whether the main pointer of this device is a finger. */
export const byFinger = () => matchMedia("(pointer: coarse)").matches;

/** The slider as an element. */
export function buildSlices(viewer) {
  const name = make("b");
  const number = make("output");
  const input = make("input", { type: "range", min: 0, step: 1, "aria-label": "slice" });
  const follow = () => {
    const { shape, crosshair } = viewer.state;
    const { normal } = PLANES[viewer.activePlane];
    name.textContent = viewer.activePlane;
    number.textContent = `${crosshair[normal] + 1}/${shape[normal]}`;
    input.max = shape[normal] - 1;
    input.value = crosshair[normal];
  };
  input.addEventListener("input", (event) => {
    viewer.stopCine();
    const { normal } = PLANES[viewer.activePlane];
    stepSlice(viewer, viewer.activePlane, Number(input.value) - viewer.state.crosshair[normal], event.timeStamp);
  });
  viewer.on("change", follow);
  viewer.on("draw", follow);
  follow();
  return make("label.bv-slices", {}, name, input, number);
}
