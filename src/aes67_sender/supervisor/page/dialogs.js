// Questions that are answered before anything is done, and answers of the sender beside what was asked.

import { ask, Refused } from "/ui/api.js";
import { byId, h, say } from "/ui/dom.js";

/** Ask before something that is heard; whether the answer was yes. */
export function confirm(text, yes) {
  const dialog = byId("question");
  say(byId("question-text"), text);
  say(byId("question-yes"), yes);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

let asking = null;

/** Ask for the token until it is the right one. Once at a time: several may find out that it is wanted. */
export function askForToken() {
  asking ??= tokenGiven().finally(() => (asking = null));
  return asking;
}

async function tokenGiven() {
  const dialog = byId("token"), form = dialog.querySelector("form"), input = byId("token-input");
  const insist = (event) => event.preventDefault();
  dialog.addEventListener("cancel", insist);
  if (!dialog.open) dialog.showModal();
  await new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      try {
        await ask("POST", "/api/v1/session", { token: input.value });
        resolve();
      } catch (error) {
        showRefusal(byId("token-answer"), error);
        input.select();
      }
    };
  });
  input.value = "";
  byId("token-answer").replaceChildren();
  dialog.removeEventListener("cancel", insist);
  dialog.close();
}

/** What was done, in the sender's sentences; gone after a while. */
export function showDone(place, sentences) {
  place.replaceChildren(h("p", { class: "done" }, sentences.join(" ")));
  clearTimeout(place.timer);
  place.timer = setTimeout(() => place.replaceChildren(), 8000);
}

/** Every problem with its remedy; stays until the next answer. Throws an error that is no refusal on. */
export function showRefusal(place, error) {
  if (!(error instanceof Refused)) throw error;
  clearTimeout(place.timer);
  place.replaceChildren(...error.problems.map((problem) => problemText(problem, "p", "refused")));
}

/** A problem and its hint. */
export function problemText(problem, tag, kind) {
  const hint = problem.hint ? h("span", { class: "hint" }, `→ ${problem.hint}`) : null;
  return h(tag, { class: kind }, h("span", { class: "text" }, problem.text), hint && " ", hint);
}
