// Latent codes as they travel: whole steps of 1/64, [d] little-endian int16 in base64; other numbers as float32.

export const STEPS_PER_UNIT = 64;

export function encodeCode(steps) {
  return btoa(String.fromCharCode(...new Uint8Array(steps.buffer, steps.byteOffset, steps.byteLength)));
}

export function decodeCode(text) {
  return new Int16Array(decodeBytes(text).buffer);
}

export function decodeFloats(text) {
  return new Float32Array(decodeBytes(text).buffer);
}

export function decodeBytes(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
