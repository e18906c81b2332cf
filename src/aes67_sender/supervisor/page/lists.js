// Problems, PTP masters, and the sessions that are announced on the network.

import { problemText } from "/ui/dialogs.js";
import { byId, h, keepInStep, say, sayPieces } from "/ui/dom.js";
import { bySeverity, plural } from "/ui/words.js";

/** Fill a list anew whenever its content is another. */
function refill(list, items, make) {
  const content = JSON.stringify(items);
  if (list.dataset.content === content) return;
  list.dataset.content = content;
  list.replaceChildren(...make());
}

export function showProblems(problems) {
  const sorted = bySeverity(problems);
  refill(byId("problem-list"), sorted, () => {
    if (!sorted.length) return [h("li", { class: "fine" }, "All is well.")];
    return sorted.map((problem) => {
      const item = problemText(problem, "li", problem.severity);
      item.prepend(h("span", { class: "severity" }, problem.severity), " ");
      return item;
    });
  });
  const badge = byId("problem-count");
  say(badge, problems.length ? plural(problems.length, "problem") : "Problems");
  badge.dataset.severity = sorted[0]?.severity ?? "";
}

function pieces(texts) {
  const line = h("p", { class: "pieces" });
  sayPieces(line, texts);
  return line;
}

const domain = (master) => (master.version > 1 ? `domain ${master.domain}` : `PTPv${master.version}`);

export function showMasters(masters) {
  refill(byId("master-list"), masters, () => {
    if (!masters.length) return [h("li", { class: "dim" }, "None is heard.")];
    return masters.map((master) =>
      h("li", { class: master.followed ? "followed" : "" },
        h("p", {}, h("span", { class: "mono" }, master.grandmaster), " ", master.followed ? h("span", { class: "tag good" }, "followed") : null),
        pieces([
          domain(master), master.address,
          master.priority1 === null ? "" : `priority ${master.priority1}/${master.priority2 ?? "–"}`,
          master.clock_class === null ? "" : `class ${master.clock_class}`,
          master.steps_removed === null ? "" : `${plural(master.steps_removed, "step")} away`,
        ]),
        master.note ? h("p", { class: "note" }, master.note) : null));
  });
}

const sessions = new Map();

/** An opened SDP stays open while others come and go. */
export function showSessions(found) {
  const list = byId("session-list");
  if (!found.length) {
    sessions.clear();
    list.replaceChildren(h("li", { class: "dim" }, "None is announced."));
    return;
  }
  if (!sessions.size) list.replaceChildren();
  keepInStep(list, sessions, found, (session) => session.identity, makeSession);
}

function makeSession() {
  const name = h("span", { class: "session-name" }), ours = h("span", { class: "tag good", hidden: true }, "ours");
  const facts = h("p", { class: "pieces" }), clock = h("p", { class: "dim mono" });
  const sdp = h("pre", { class: "sdp", tabindex: "0", "aria-label": "SDP" });
  const element = h("li", {}, h("p", {}, name, " ", ours), facts, clock, h("details", {}, h("summary", {}, "SDP"), sdp));
  return {
    element,
    update(session) {
      say(name, session.name || session.identity);
      ours.hidden = !session.ours;
      sayPieces(facts, [
        session.port === null ? session.address : `${session.address}:${session.port}`, session.format,
        session.packet_time_ms === null ? "" : `${session.packet_time_ms} ms`,
        `from ${session.origin}`, `by ${session.sources.join(", ")}`,
      ]);
      say(clock, session.clock);
      say(sdp, session.sdp);
    },
  };
}
