// Look-up tables from a byte to a 32-bit pixel (little-endian ABGR), and the grey levels chosen from a histogram.

function pixel(r, g, b, a = 255) {
  return ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** Grey between `low` and `high` (0-255), the other way round where inverted. */
export function greyTable({ low, high, invert }) {
  const table = new Uint32Array(256);
  const width = Math.max(1, high - low);
  for (let value = 0; value < 256; value += 1) {
    const level = Math.round(255 * Math.min(1, Math.max(0, (value - low) / width)));
    const grey = invert ? 255 - level : level;
    table[value] = pixel(grey, grey, grey);
  }
  return table;
}

// Blue to nothing to orange: told apart by people with every common colour vision deficiency.
const BELOW = [46, 134, 222];
const ABOVE = [242, 132, 38];

/** Byte 128 is no difference and clear; `gain` says how soon a difference is in full colour. */
function divergingTable(gain = 2) {
  const table = new Uint32Array(256);
  for (let value = 0; value < 256; value += 1) {
    const amount = Math.min(1, (Math.abs(value - 128) / 127) * gain);
    const [r, g, b] = value < 128 ? BELOW : ABOVE;
    table[value] = pixel(r, g, b, Math.round(255 * amount));
  }
  return table;
}

/** Byte 0 is clear; then dark red to yellow, low values faint. */
function hotTable() {
  const table = new Uint32Array(256);
  for (let value = 1; value < 256; value += 1) {
    const t = value / 255;
    table[value] = pixel(Math.min(255, 130 + 250 * t), Math.round(220 * t * t), Math.round(40 * t), Math.round(255 * Math.min(1, 1.5 * t)));
  }
  return table;
}

/** Colours of categories by their byte; 0 is clear. Neither of two maps, both, only the first, only the second. */
export const CATEGORIES = [null, [158, 168, 178], [204, 121, 187], BELOW, ABOVE];

/** Bytes are numbers of categories. */
function categoryTable() {
  const table = new Uint32Array(256);
  CATEGORIES.forEach((colour, number) => { if (colour) table[number] = pixel(...colour, number === 1 ? 110 : 235); });
  return table;
}

export const OVERLAY_TABLES = { diverging: divergingTable, hot: hotTable, category: categoryTable };

/** What the colours of an overlay reach from and to: a difference, or a share of the largest value, times `scale`. */
export function overlayRange(map, gain = 2, scale = 1) { return map === "diverging" ? [-scale / gain, scale / gain] : [0, scale]; }

/** What a byte of an overlay stands for, in the same units. */
export function overlayValue(map, byte, scale = 1) { return scale * (map === "diverging" ? (2 * (byte - 128)) / 255 : byte / 255); }

/** The colours of an overlay from its lowest to its highest value, as a CSS background. */
export function gradientOf(map, gain = 2) {
  const table = OVERLAY_TABLES[map](gain);
  const [from, to] = map === "diverging" ? [128 - 127 / gain, 128 + 127 / gain] : [0, 255];
  const stops = Array.from({ length: 9 }, (_, i) => {
    const colour = table[Math.min(255, Math.max(0, Math.round(from + ((to - from) * i) / 8)))];
    return `rgba(${colour & 255}, ${(colour >> 8) & 255}, ${(colour >> 16) & 255}, ${(colour >>> 24) / 255})`;
  });
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

/** Byte difference `a - b`, halved and centred on 128, of two volumes of one shape. */
export function differenceOf(a, b) {
  const out = new Uint8Array(a.length);
  for (let i = 0; i < a.length; i += 1) out[i] = 128 + ((a[i] - b[i]) >> 1);
  return out;
}

/** Window presets, keys 1 to 5: percentiles of the voxels that are not background. */
export const PRESETS = [
  { name: "Full range", low: null, high: null },
  { name: "Brain", low: 1, high: 99.5 },
  { name: "High contrast", low: 10, high: 95 },
  { name: "Bright lesions", low: 50, high: 99.9 },
  { name: "Dark fluid", low: 0, high: 50 },
];

/** Grey levels {low, high} of a preset for this volume. */
export function presetWindow(data, { low, high }) {
  if (low === null) return { low: 0, high: 255 };
  const counts = new Float64Array(256);
  for (let i = 0; i < data.length; i += 1) counts[data[i]] += 1;
  counts[0] = 0;
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return { low: 0, high: 255 };
  const at = (percent) => {
    let seen = 0;
    for (let value = 0; value < 256; value += 1) {
      seen += counts[value];
      if (seen >= (total * percent) / 100) return value;
    }
    return 255;
  };
  const from = at(low);
  return { low: from, high: Math.max(from + 1, at(high)) };
}
