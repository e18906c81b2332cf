// Peak meters with the held peak, one for each channel: a bar, and its figure in dBFS.

import { h, say } from "/ui/dom.js";
import { FLOOR_DBFS, level, minus, share, tone } from "/ui/words.js";

const HOLD_S = 2;
/** Figures change so often; bars with every snapshot. */
const FIGURES_S = 0.24;
const SCALE_DBFS = [-60, -40, -20, -9, 0];

/** What is not seen is not drawn: 64 streams have 512 meters. */
const seen = new WeakSet();
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) seen.add(target);
    else seen.delete(target);
  }
});

export class Meters {
  constructor(label) {
    this.label = label;
    this.channels = [];
    this.names = "";
    this.figuresS = 0;
    this.rows = h("div", { class: "meter-rows" });
    this.element = h("div", { class: "meters", hidden: true, role: "group", "aria-label": `Levels of ${label} in dBFS` }, scale(), this.rows);
    watcher.observe(this.element);
  }

  /** `peaks` per channel in dBFS; empty: nothing to measure. */
  update(peaks, nowS, names = []) {
    const named = names.join("\n");
    if (this.channels.length !== peaks.length || this.names !== named) {
      this.names = named;
      this.channels = peaks.map((_, index) => channel(names[index] || String(index + 1)));
      this.rows.replaceChildren(...this.channels.map((each) => each.element));
      this.element.hidden = !peaks.length;
    }
    const figures = Math.abs(nowS - this.figuresS) >= FIGURES_S;
    if (figures) this.figuresS = nowS;
    const visible = seen.has(this.element);
    peaks.forEach((peak, index) => this.channels[index].update(peak ?? -144, nowS, visible, figures));
  }
}

function scale() {
  const marks = SCALE_DBFS.map((dbfs) => {
    const mark = h("span", {}, minus(String(dbfs)));
    mark.style.left = `${share(dbfs) * 100}%`;
    return mark;
  });
  return h("div", { class: "scale", "aria-hidden": "true" }, h("span"), h("div", {}, ...marks), h("span", { class: "unit" }, "dBFS"));
}

function channel(name) {
  const cover = h("i", { class: "cover" }), mark = h("i", { class: "hold" });
  const bar = h("div", { class: "bar" }, cover, mark), figure = h("span", { class: "figure" });
  const limits = { "aria-valuemin": FLOOR_DBFS, "aria-valuemax": 0 };
  const element = h("div", { class: "meter", role: "meter", "aria-label": `Channel ${name}`, ...limits },
    h("span", { class: "channel", title: name }, name), bar, figure);
  let held = -144, heldS = -Infinity, covered = -1, marked = -1;
  return {
    element,
    update(peak, nowS, visible, figures) {
      if (peak >= held || nowS - heldS > HOLD_S || nowS < heldS) [held, heldS] = [peak, nowS];
      if (!visible) return;
      const filled = share(peak), at = share(held);
      if (filled !== covered) cover.style.transform = `scaleX(${1 - filled})`;
      if (at !== marked) {
        mark.style.transform = `translateX(${at * 100}%)`;
        mark.dataset.tone = at ? tone(held) : "none";
      }
      [covered, marked] = [filled, at];
      if (!figures) return;
      say(figure, level(held));
      figure.dataset.tone = tone(held);
      element.setAttribute("aria-valuenow", Math.max(FLOOR_DBFS, Math.min(0, held)).toFixed(1));
      element.setAttribute("aria-valuetext", `${level(held)} dBFS`);
    },
  };
}
