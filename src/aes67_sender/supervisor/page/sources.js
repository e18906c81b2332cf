// The sources of sound, and the engine.

import { byId, h, keepInStep, say, sayFigures, sayState } from "/ui/dom.js";
import { Meters } from "/ui/meters.js";
import { signed } from "/ui/words.js";

/** They follow the media clock and have no pace of their own. */
const DRIVEN = new Set(["tone", "silence", "file"]);

export class Sources {
  constructor() {
    this.rows = new Map();
  }

  update(snapshot, figures) {
    const make = (source) => new SourceRow(source);
    keepInStep(byId("source-cards"), this.rows, snapshot.sources, (source) => source.id, make, snapshot.uptime_s, figures);
    if (!figures) return;
    const { realtime, cpu_percent: cpu, restarts } = snapshot.engine;
    say(byId("engine"), `Engine ${realtime ? "real-time" : "no real-time priority"}  CPU ${cpu.toFixed(1)} %  ${restarts} restarts`);
  }
}

class SourceRow {
  constructor(source) {
    this.name = h("h3", {}, source.id);
    this.kind = h("span", { class: "dim" });
    this.state = h("span", { class: "state" });
    this.why = h("p", { class: "dim" });
    this.figures = h("dl", { class: "figures small" });
    this.meters = new Meters(source.id);
    this.element = h("article", { class: "feed", "aria-label": `Source ${source.id}` },
      h("div", { class: "title" }, this.name, this.kind, this.state), this.why, this.meters.element, this.figures);
  }

  update(source, nowS, texts) {
    this.meters.update(source.peaks_dbfs, nowS);
    if (!texts && this.kind.textContent) return;
    say(this.kind, source.kind);
    sayState(this.state, source.state);
    say(this.why, source.why);
    const live = !DRIVEN.has(source.kind);
    sayFigures(this.figures, [
      ["Pace", live ? `${signed(source.ratio_ppm, 1)} ppm` : ""],
      ["Latency", live ? `${source.fill_ms.toFixed(1)} ms` : ""],
      ["Jitter", live ? `${source.jitter_ms.toFixed(1)} ms` : ""],
      ["Xruns", live || source.xruns ? String(source.xruns) : "", source.xruns ? "bad" : ""],
      ["Restarts", live || source.restarts ? String(source.restarts) : "", source.restarts ? "bad" : ""],
    ]);
  }
}
