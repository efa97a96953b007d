// Times from an input event to the frame that shows its effect. Nothing is kept unless a benchmark has
// put an array at `globalThis.brainlabTimings`.

/** Record `kind` with the time since `since` (ms, as event.timeStamp) once the next frame is out. */
export function afterPaint(kind, since, extra = {}) {
  const store = globalThis.brainlabTimings;
  if (!store || since === undefined) return;
  requestAnimationFrame(() => setTimeout(() => store.push({ kind, ms: performance.now() - since, ...extra }), 0));
}
