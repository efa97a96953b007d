// Times from an input event to the frame that shows its effect. Nothing is kept unless a benchmark has
// put an array at `globalThis.brainlabTimings`.

/** Record `kind` with the time since `since` (ms, as event.timeStamp) once the next frame is out, and what `more` finds then. */
export function afterPaint(kind, since, more) {
  if (globalThis.brainlabTimings && since !== undefined) requestAnimationFrame(() => afterFrame(kind, since, more));
}

/** The same, called from within the frame that shows the effect. */
export function afterFrame(kind, since, more = () => ({})) {
  const store = globalThis.brainlabTimings;
  if (!store || since === undefined) return;
  setTimeout(() => {
    const ms = performance.now() - since;
    store.push({ kind, ms, ...more() });
  }, 0);
}

/** While a benchmark runs, write a number into the first pixel of a canvas, so that the drawn frame names its volume. */
export function stamp(context, number) {
  if (!globalThis.brainlabTimings || number === undefined) return;
  context.putImageData(new ImageData(new Uint8ClampedArray([number & 255, (number >> 8) & 255, (number >> 16) & 255, 255]), 1, 1), 0, 0);
}

/** Read the number back that `stamp` wrote. */
export function stamped(context) {
  const [low, middle, high] = context.getImageData(0, 0, 1, 1).data;
  return low | (middle << 8) | (high << 16);
}
