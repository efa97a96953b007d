// The mark that a reader sets on an image: a ring, drawn over every plane whose slice it lies in.

import { flipped, PLANES } from "../volume_viewer/viewer/geometry.js";
import { onStillClick } from "./groups.js";

const RADIUS = 11;

export class PlaceMark {
  constructor(stage) {
    this.stage = stage;
    this.at = null;
  }

  /** Set the mark, or take it away with null. */
  set(place) {
    this.at = place;
    this.stage.viewers.forEach((viewer) => viewer.redraw());
  }

  /** Draw the mark in a viewer and tell the stage of clicks on it. */
  watch(viewer) {
    viewer.on("draw", () => this.#draw(viewer));
    for (const plane of viewer.options.planes) this.#listen(viewer, plane, viewer.dom.canvases[plane]);
  }

  #listen(viewer, plane, canvas) {
    onStillClick(canvas, (event) => {
      const box = canvas.getBoundingClientRect();
      const hit = viewer.painters[plane].voxelAt(viewer.state, event.clientX - box.left, event.clientY - box.top);
      if (!hit) return;
      const voxel = [...viewer.state.crosshair];
      voxel[PLANES[plane].u] = hit.u;
      voxel[PLANES[plane].v] = hit.v;
      this.stage.side = this.stage.sideOf(viewer);
      this.stage.onPoint?.(this.stage.placeAt(voxel, plane, this.stage.side));
    });
  }

  #draw(viewer) {
    if (!this.at || (this.at.side && this.at.side !== this.stage.sideOf(viewer))) return;
    const { state } = viewer;
    const voxel = this.stage.voxelOf(this.at);
    for (const plane of viewer.visiblePlanes) {
      const { u, v, normal } = PLANES[plane];
      if (state.crosshair[normal] !== voxel[normal]) continue;
      const painter = viewer.painters[plane];
      const frame = painter.frame(state);
      const column = flipped(plane, state.convention) ? frame.columns - 1 - voxel[u] : voxel[u];
      const x = frame.left + (column + 0.5) * frame.scaleU;
      const y = frame.top + (frame.rows - 0.5 - voxel[v]) * frame.scaleV;
      const { context, ratio } = painter;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      for (const [width, colour] of [[5, "rgba(0, 0, 0, .7)"], [2, "#ffc857"]]) {
        context.lineWidth = width;
        context.strokeStyle = colour;
        context.beginPath();
        context.arc(x, y, RADIUS, 0, 2 * Math.PI);
        context.stroke();
      }
    }
  }
}
