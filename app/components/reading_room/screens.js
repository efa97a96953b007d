// The reading room's screens beside the case itself: plain text, one thing to do, one key to do it.

import { make } from "../volume_viewer/viewer/dom.js";
import { nounOf } from "./groups.js";

/** How many images, pairs or cases there are, in the singular where it is one. */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

const SMALLEST = { width: 900, height: 600 };

/** A centred card with a heading, content and buttons. */
export function card(heading, content, buttons = []) {
  return make("div.rr-card", {}, make("h1", {}, heading), ...content, make("div.rr-actions", {}, ...buttons));
}

/** A large button; `key` is shown beside its text. */
export function action(text, act, key = "Enter", kind = "primary") {
  const label = key ? [text, make("kbd", {}, key)] : [text];
  return make(`button.rr-button.rr-${kind}`, { type: "button", onclick: act }, ...label);
}

export const paragraphs = (text) => text.split(/\n+/).map((line) => make("p", {}, line));

const takeBack = (undo) => (undo ? [action("Take back the last answer", undo, "U", "quiet")] : []);

/** Instructions, keys and the display check. `begin(seen)` is told whether all grey steps can be told apart. */
export function welcome({ room, progress }, keys, begin, undo) {
  const small = innerWidth < SMALLEST.width || innerHeight < SMALLEST.height;
  return card(room.title, [
    ...(room.round > 1 ? [make("p.rr-round", {}, `This is reading ${room.round} of ${room.rounds}. Please rate every ${nounOf(room)} independently of your earlier reading.`)] : []),
    ...paragraphs(room.instructions),
    make("p", {}, `${extent(progress, nounOf(room))} ${limit(room)}`),
    keyTable(keys),
    make("h2", {}, "Your display"),
    make("p", {}, "All sixteen steps should be distinguishable, with a darker and a lighter dot visible at the two ends. If not, dim the room and increase the brightness."),
    greySteps(),
    ...(small ? [make("p.rr-warning", {}, "This window is small. Please enlarge it, or use a larger screen, before you start.")] : []),
  ], [
    action("I see all steps: start", () => begin(true)),
    action("I do not see all of them, start anyway", () => begin(false), null, "quiet"),
    ...takeBack(undo),
  ]);
}

/** How much there is to read, or how much is left. */
function extent(progress, noun) {
  const { total, done, practice_total: practice, practice_done: practised } = progress;
  if (done + practised) return `${doneSoFar(progress, noun)} You continue where you stopped.`;
  const first = practice === 1 ? `The first ${noun} is for practice and does not count` : `The first ${practice} ${noun}s are for practice and do not count`;
  const all = practice ? `${first}; ${counted(total, noun)} ${total === 1 ? "follows" : "follow"}.` : `There ${total === 1 ? "is" : "are"} ${counted(total, noun)}.`;
  return `${all} You may stop at any time and continue another day with the same link.`;
}

function limit(room) {
  if (!room.time_cap_s) return "There is no time limit.";
  return `Each ${nounOf(room)} is shown for at most ${counted(room.time_cap_s, "second")}; you can answer after that.`;
}

function keyTable(keys) {
  return make("dl.rr-keys", {}, ...keys.flatMap(([key, what]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, what)]));
}

function greySteps() {
  const steps = Array.from({ length: 16 }, (_, i) => {
    const grey = i * 17;
    const dot = i === 0 ? 13 : i === 15 ? 242 : null;
    const step = make("i", { style: `background: rgb(${grey},${grey},${grey})` });
    if (dot !== null) step.append(make("b", { style: `background: rgb(${dot},${dot},${dot})` }));
    return step;
  });
  return make("div.rr-greys", { role: "img", "aria-label": "sixteen grey steps from black to white" }, ...steps);
}

export function consent(room, agree, decline) {
  return card("Consent", paragraphs(room.consent), [action("I agree", agree), action("I do not agree", decline, null, "quiet")]);
}

export function declined(back) {
  return card("You do not take part", [
    make("p", {}, "No answer and nothing about your display was recorded. You can close this window."),
    make("p", {}, "Should you change your mind, the same link leads back here."),
  ], [action("Back to the consent", back, null, "quiet")]);
}

const doneSoFar = ({ done, total }, noun) => `${done} of ${counted(total, noun)} ${done === 1 ? "is" : "are"} done, and everything is saved.`;

export function breakTime(room, progress, go) {
  return card("Time for a short break", [
    make("p", {}, doneSoFar(progress, nounOf(room))),
    make("p", {}, "Look away from the screen for a minute. You may also close this window and come back another day with the same link."),
  ], [action("Go on", go)]);
}

export function paused(room, progress, go) {
  return card("Paused", [
    make("p", {}, doneSoFar(progress, nounOf(room))),
    make("p", {}, "You may close this window and come back another day with the same link."),
  ], [action("Go on", go)]);
}

export function feedback({ room, feedback: text, state }, go) {
  const noun = nounOf(room);
  const next = state === "practice" ? `Only practice ${noun}s are explained.` : `Practice is over: the next ${noun} counts, and is not explained.`;
  return card(text, [make("p", {}, next)], [action(`Next ${noun}`, go)]);
}

export function done(room, progress, undo) {
  return card("Thank you", [
    make("p", {}, `${progress.total === 1 ? `The ${nounOf(room)} is` : `All ${counted(progress.total, nounOf(room))} are`} done, and every answer is saved. You can close this window.`),
    make("p", {}, "Please do not discuss the images until the study is closed."),
  ], takeBack(undo));
}

/** opensAt: when the next reading may begin, in the browser's own time on screen. */
export function waiting(room, opensAt, undo) {
  const when = new Date(opensAt).toLocaleString("en-GB", { dateStyle: "full", timeStyle: "short" });
  return card("The next reading comes later", [
    make("p", {}, `Thank you: reading ${room.round - 1} of ${room.rounds} is done, and every answer is saved.`),
    make("p", {}, "The next reading opens on ", make("strong", {}, when), ". Use the same link then; this page will open it automatically."),
    make("p", {}, "You will see the images again in a different order. Please do not discuss them until then."),
    ...(undo ? [make("p", {}, "You can still change the last answer; the waiting time then starts again.")] : []),
  ], takeBack(undo));
}

export function closed() {
  return card("This study is closed", [make("p", {}, "This study no longer accepts answers. Thank you.")]);
}

export function elsewhere(take) {
  return card("Open in another tab", [
    make("p", {}, "This study is being read in another tab or browser, so nothing can be answered here."),
  ], [action("Continue here", take)]);
}

export function stopped(text) {
  return card("Reading room", [make("p", {}, text)]);
}
