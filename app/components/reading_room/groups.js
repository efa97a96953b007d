// Several images side by side: pairs, alternatives, rankings. What their places are called, and how they stand.

const SIDES = ["left", "right"];

/** Names of the images of a case, row by row, as answers call them; none where a case is one image. */
export function placesOf(question) {
  if (question.kind === "pair") return SIDES;
  if (question.kind !== "alternatives" && question.kind !== "ranking") return [];
  return Array.from({ length: question.images }, (_, i) => String(i + 1));
}

/** Columns in which so many images stand: 2 or 3 in one row, more in two. */
export const columnsOf = (count) => (count <= 3 ? count : Math.ceil(count / 2));

/** What a caption calls a place. */
export const captionOf = (place) => (SIDES.includes(place) ? place : `image ${place}`);

/** What readers count: images, or groups of them. */
export const nounOf = (room) => ({ pair: "pair", alternatives: "case", ranking: "case" })[room.questions[0].kind] ?? "image";

const STILL = 4;
/** CSS pixels by which a click may slip; what moves further looks around. */

/** Call `act` for each click of the main button that does not move, unless Shift is held. */
export function onStillClick(element, act) {
  let began = null;
  element.addEventListener("pointerdown", (event) => { began = event.button === 0 && !event.shiftKey ? event : null; });
  element.addEventListener("pointerup", (event) => {
    const still = began && Math.hypot(event.clientX - began.clientX, event.clientY - began.clientY) < STILL;
    began = null;
    if (still) act(event);
  });
}
