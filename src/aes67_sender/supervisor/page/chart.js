// The clock's offset over the last minutes.

import { say, byId } from "/ui/dom.js";
import { timeSpan } from "/ui/words.js";

const SPANS_S = [60, 120, 300, 600];
const GAP_S = 3;
const LEAST_NS = 100;
const TICKS = 4;

/** The closest round scale around both values and zero. */
function makeScale(low, high) {
  low = Math.min(low, 0);
  high = Math.max(high, 0);
  if (high - low < LEAST_NS) [low, high] = [Math.min(low, -LEAST_NS), Math.max(high, LEAST_NS)];
  const power = 10 ** Math.floor(Math.log10((high - low) / TICKS));
  let step = power;
  for (const factor of [1, 2, 5, 10, 20]) {
    step = factor * power;
    if (Math.ceil(high / step) - Math.floor(low / step) <= TICKS) break;
  }
  return { low: Math.floor(low / step) * step, high: Math.ceil(high / step) * step, step };
}

export class OffsetChart {
  constructor(canvas) {
    this.canvas = canvas;
    this.samples = [];
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** All that the sender remembers: pairs of uptime in s and offset in ns. */
  restore(samples) {
    this.samples = samples;
    this.draw();
  }

  add(atS, offsetNs) {
    const last = this.samples.at(-1);
    if (last && atS < last[0]) this.samples = [];
    else if (last && atS - last[0] < 0.9) return;
    this.samples.push([atS, offsetNs]);
    while (this.samples[0][0] < atS - SPANS_S.at(-1)) this.samples.shift();
    this.draw();
  }

  draw() {
    const known = this.samples.filter(([, value]) => value !== null).map(([, value]) => value);
    this.tell(known);
    this.canvas.hidden = !known.length;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this.canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    pen.font = `11px ${style.fontFamily}`;

    const nowS = this.samples.at(-1)?.[0] ?? 0;
    const ageS = nowS - (this.samples[0]?.[0] ?? 0);
    const spanS = SPANS_S.find((span) => ageS <= span) ?? SPANS_S.at(-1);
    const scale = makeScale(...range(known));
    const labels = [];
    for (let tick = scale.low; tick <= scale.high + scale.step / 2; tick += scale.step) {
      labels.push([tick, Math.abs(tick) < scale.step / 2 ? "0" : timeSpan(tick)]);
    }
    const left = Math.max(...labels.map(([, text]) => pen.measureText(text).width)) + 10;
    const box = { left, right: width - 2, top: 7, bottom: height - 20 };
    const x = (atS) => box.right - ((nowS - atS) / spanS) * (box.right - box.left);
    const y = (value) => box.top + ((scale.high - value) / (scale.high - scale.low)) * (box.bottom - box.top);

    pen.lineWidth = 1;
    pen.textBaseline = "middle";
    for (const [tick, text] of labels) {
      pen.strokeStyle = colour(text === "0" ? "--axis" : "--grid");
      line(pen, box.left, Math.round(y(tick)) + 0.5, box.right, Math.round(y(tick)) + 0.5);
      pen.fillStyle = colour("--dim");
      pen.textAlign = "right";
      pen.fillText(text, box.left - 6, y(tick));
    }
    const quarters = width > 420 ? [0, 1, 2, 3, 4] : [0, 2, 4];
    for (const quarter of quarters) {
      const backS = (spanS * (4 - quarter)) / 4;
      pen.textAlign = quarter === 0 ? "left" : quarter === 4 ? "right" : "center";
      pen.fillText(backS ? `\u2212${minutes(backS)}` : "now", x(nowS - backS), height - 7);
    }
    pen.save();
    pen.beginPath();
    pen.rect(box.left, 0, box.right - box.left, box.bottom + 2);
    pen.clip();
    pen.strokeStyle = colour("--line");
    pen.lineWidth = 1.5;
    pen.lineJoin = "round";
    pen.beginPath();
    let before = null;
    for (const [atS, value] of this.samples) {
      if (value === null) {
        before = null;
        continue;
      }
      if (before === null || atS - before > GAP_S) pen.moveTo(x(atS), y(value));
      else pen.lineTo(x(atS), y(value));
      before = atS;
    }
    pen.stroke();
    pen.restore();
  }

  tell(known) {
    if (!known.length) {
      say(byId("chart-title"), "Offset: none while nothing is followed");
      return;
    }
    const rms = Math.sqrt(known.reduce((sum, value) => sum + value * value, 0) / known.length);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    say(byId("chart-title"), `Offset  ${timeSpan(low)} to ${timeSpan(high)}, rms ${timeSpan(rms)}`);
  }
}

/** What the scale must hold; rare outliers need not fit if the rest would be squeezed otherwise. */
function range(known) {
  if (!known.length) return [0, 0];
  const ordered = [...known].sort((a, b) => a - b);
  const beyond = Math.floor(ordered.length * 0.02);
  const most = [ordered[beyond], ordered.at(-1 - beyond)], all = [ordered[0], ordered.at(-1)];
  const size = ([low, high]) => Math.max(high, 0) - Math.min(low, 0);
  return size(all) > 4 * Math.max(size(most), LEAST_NS) ? most : all;
}

function line(pen, fromX, fromY, toX, toY) {
  pen.beginPath();
  pen.moveTo(fromX, fromY);
  pen.lineTo(toX, toY);
  pen.stroke();
}

const minutes = (seconds) => {
  const whole = Math.floor(seconds / 60), rest = Math.round(seconds % 60);
  if (!whole) return `${rest} s`;
  return rest ? `${whole}:${String(rest).padStart(2, "0")} min` : `${whole} min`;
};
