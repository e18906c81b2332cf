// The clock: what it follows, how well, and the control to let it follow another.

import { askJson } from "/ui/api.js";
import { OffsetChart } from "/ui/chart.js";
import { showDone, showRefusal } from "/ui/dialogs.js";
import { byId, h, say, sayFigures, sayPieces, sayState } from "/ui/dom.js";
import { duration, localTime, plural, rates, signed, timeSpan } from "/ui/words.js";

const MODES = ["auto", "builtin", "gstreamer", "system", "free-run", "grandmaster"];

export class Clock {
  constructor() {
    this.mode = "";
    this.chart = new OffsetChart(byId("chart"));
    this.choice = byId("clock-mode");
    this.button = byId("clock-set");
    this.choice.append(...MODES.map((mode) => h("option", {}, mode)));
    this.choice.addEventListener("change", () => this.mark());
    byId("clock-form").addEventListener("submit", (event) => this.follow(event));
  }

  /** Take up what the sender remembers of the offset. */
  async restore() {
    this.chart.restore(await askJson("GET", "/api/v1/clock/offsets"));
  }

  update(snapshot) {
    const clock = snapshot.clock;
    this.chart.add(snapshot.uptime_s, clock.offset_ns);
    sayState(byId("clock-state"), clock.state);
    say(byId("clock-by"), `for ${duration(clock.since_s)}${clock.provider ? ` by ${clock.provider}` : ""}`);
    say(byId("clock-why"), clock.why);
    say(byId("clock-choice"), clock.choice);
    sayFigures(byId("clock-figures"), figures(clock));
    const seen = rates(clock.messages_seen), sent = rates(clock.messages_sent);
    sayPieces(byId("clock-rates"), [seen && `PTP/s in  ${seen}`, sent && `PTP/s out  ${sent}`]);
    const change = clock.last_change;
    say(byId("clock-change"), change ? `changed ${localTime(change.time)}  ${change.text.split(". ")[0]}` : "");
    if (clock.mode !== this.mode) {
      // What somebody has just chosen here is not taken away under their hands.
      if (this.choice.value === this.mode || !this.mode) this.choice.value = clock.mode;
      this.mode = clock.mode;
      this.mark();
    }
  }

  mark() {
    this.button.disabled = this.choice.value === this.mode;
  }

  async follow(event) {
    event.preventDefault();
    const mode = this.choice.value, place = byId("clock-answer");
    this.button.disabled = true;
    try {
      const clock = await askJson("PATCH", "/api/v1/clock", { mode });
      const until = clock.provider ? `; ${clock.provider} goes on until another clock has locked` : "";
      showDone(place, [`The clock mode is "${mode}" now${until}. It counts until the sender ends.`]);
    } catch (error) {
      showRefusal(place, error);
      this.mark();
    }
  }
}

function figures(clock) {
  const span = (value) => (value === null ? "" : timeSpan(value));
  return [
    ["Grandmaster", clock.grandmaster ?? "none"],
    ["Domain", String(clock.domain)],
    ["Away", clock.grandmaster && clock.steps_removed !== null ? plural(clock.steps_removed, "step") : ""],
    ["Offset", span(clock.offset_ns)],
    ["Path delay", span(clock.path_delay_ns)],
    ["Rate", clock.media_time_ns === null ? "" : `${signed(clock.rate_ppm, 2)} ppm`],
    ["Accuracy", span(clock.accuracy_ns)],
    ["Stamps", clock.timestamping === "none" ? "" : clock.timestamping],
    ["Anchors", String(clock.anchors)],
  ];
}
