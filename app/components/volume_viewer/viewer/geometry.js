// Where a voxel [x, y, z] of a RAS volume lands on screen, plane by plane.
// Index 0 runs to the patient's right, index 1 to the front, index 2 to the top; z changes fastest in memory.

export const PLANES = {
  axial: { u: 0, v: 1, normal: 2 },
  coronal: { u: 0, v: 2, normal: 1 },
  sagittal: { u: 1, v: 2, normal: 0 },
};

export const PLANE_NAMES = Object.keys(PLANES);

const ENDS = [["L", "R"], ["P", "A"], ["I", "S"]];

/** Length of a voxel's three edges in mm, from the columns of the affine. */
export function spacingOf(affine) {
  return [0, 1, 2].map((c) => Math.hypot(affine[0][c], affine[1][c], affine[2][c]) || 1);
}

/** Strides of a C-ordered [X, Y, Z] array. */
function stridesOf(shape) {
  return [shape[1] * shape[2], shape[2], 1];
}

/**
 * Whether screen left is the high end of the plane's horizontal axis.
 * Radiological: the patient's right is on screen left. The sagittal plane always looks to the left.
 */
export function flipped(plane, convention) {
  return plane === "sagittal" || convention === "radiological";
}

/** Letters at the plane's left, right, top and bottom edge. */
export function letters(plane, convention) {
  const { u, v } = PLANES[plane];
  const [low, high] = ENDS[u];
  const [left, right] = flipped(plane, convention) ? [high, low] : [low, high];
  return { left, right, top: ENDS[v][1], bottom: ENDS[v][0] };
}

/** Voxel indices (fractions allowed) to mm in the space of the affine. */
export function toMillimetres(affine, [x, y, z]) {
  return affine.slice(0, 3).map((row) => row[0] * x + row[1] * y + row[2] * z + row[3]);
}

/** Number of columns and rows of a plane, and its size in mm. */
export function planeSize(plane, shape, spacing) {
  const { u, v } = PLANES[plane];
  return { columns: shape[u], rows: shape[v], width: shape[u] * spacing[u], height: shape[v] * spacing[v] };
}

/** Put planes of such sizes into so many columns: the widths and heights of columns and rows, with their sums. */
export function gridOf(sizes, columns) {
  const widths = Array.from({ length: columns }, (_, c) => Math.max(...sizes.filter((_, i) => i % columns === c).map((s) => s.width)));
  const heights = Array.from({ length: Math.ceil(sizes.length / columns) }, (_, r) =>
    Math.max(...sizes.slice(r * columns, (r + 1) * columns).map((s) => s.height)));
  const [wide, high] = [widths, heights].map((lengths) => lengths.reduce((sum, length) => sum + length, 0));
  return { columns, widths, heights, wide, high };
}

/** Columns in which planes are largest in a room of such width and height, of two arrangements alike the wider one. */
export function largestColumns(sizes, width, height) {
  const scale = (columns) => {
    const { wide, high } = gridOf(sizes, columns);
    return Math.min(width / wide, height / high);
  };
  return sizes.map((_, i) => sizes.length - i).reduce((best, columns) => (scale(columns) > scale(best) ? columns : best));
}

/**
 * Write one slice through a look-up table into 32-bit pixels, row 0 being the top of the screen.
 * With `reach` above 0 each pixel is the maximum over as many slices on either side.
 */
export function extractSlice(pixels, data, table, plane, index, shape, convention, reach = 0) {
  const strides = stridesOf(shape);
  const { u, v, normal } = PLANES[plane];
  const columns = shape[u];
  const rows = shape[v];
  const flip = flipped(plane, convention);
  const step = flip ? -strides[u] : strides[u];
  let start = index * strides[normal] + (rows - 1) * strides[v] + (flip ? (columns - 1) * strides[u] : 0);
  let out = 0;
  if (reach > 0) {
    const through = strides[normal];
    const [first, last] = [Math.max(0, index - reach) - index, Math.min(shape[normal] - 1, index + reach) - index];
    for (let row = 0; row < rows; row += 1, start -= strides[v]) {
      for (let column = 0, at = start; column < columns; column += 1, at += step) {
        let most = 0;
        for (let k = first; k <= last; k += 1) most = Math.max(most, data[at + k * through]);
        pixels[out++] = table[most];
      }
    }
    return;
  }
  for (let row = 0; row < rows; row += 1, start -= strides[v]) {
    for (let column = 0, at = start; column < columns; column += 1, at += step) pixels[out++] = table[data[at]];
  }
}

/**
 * A picture's pixels, rows from the top and columns from the left, in the order of a viewer's slice: both its axes run
 * the other way on screen. The same call goes back.
 */
export function fromPicture(pixels, columns, rows) {
  const out = new Uint8Array(pixels.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      out[(columns - 1 - column) * rows + (rows - 1 - row)] = pixels[row * columns + column];
    }
  }
  return out;
}

/** A length of 1, 2 or 5 times a power of ten, at most `limit` mm: the scale bar. */
export function roundLength(limit) {
  const power = 10 ** Math.floor(Math.log10(limit));
  return [5, 2, 1].map((m) => m * power).find((length) => length <= limit) ?? power;
}
