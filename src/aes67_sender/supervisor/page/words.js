// Figures as short words, as the status in the terminal has them.

const US = 1e3, MS = 1e6, S = 1e9;
/** With a real minus. */
export const minus = (text) => text.replace("-", "\u2212");

/** Nanoseconds in the unit that suits: −310 ns, 5.2 µs, 1.2 ms, 3.0 s. */
export function timeSpan(ns) {
  if (ns === null || ns === undefined) return "–";
  const size = Math.abs(ns);
  if (size < US) return minus(`${ns.toFixed(0)} ns`);
  if (size < MS) return minus(`${(ns / US).toFixed(1)} µs`);
  if (size < S) return minus(`${(ns / MS).toFixed(1)} ms`);
  return minus(`${(ns / S).toFixed(1)} s`);
}

/** 12 s, 3:07, 2:03:07, 5 d 2:03. */
export function duration(seconds) {
  const whole = Math.floor(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60, hours = Math.floor(whole / 3600) % 24, days = Math.floor(whole / 86400);
  if (days) return `${days} d ${hours}:${two(minutes)}`;
  if (hours) return `${hours}:${two(minutes)}:${two(whole % 60)}`;
  return minutes ? `${minutes}:${two(whole % 60)}` : `${whole} s`;
}

export const FLOOR_DBFS = -60, HOT_DBFS = -9, CLIP_DBFS = -0.1;

/** A level to a tenth, or that there is none. */
export const level = (dbfs) => (dbfs > 2 * FLOOR_DBFS ? minus(dbfs.toFixed(1)) : "\u2212∞");

/** "hot" where programme peaks do not belong (EBU R 68), "clip" where it clips. */
export const tone = (dbfs) => (dbfs >= CLIP_DBFS ? "clip" : dbfs > HOT_DBFS ? "hot" : "");

/** How much of a meter a level fills, 0 to 1. */
export const share = (dbfs) => Math.min(1, Math.max(0, 1 - dbfs / FLOOR_DBFS));

export const signed = (number, digits) => {
  const text = number.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : minus(`${number > 0 ? "+" : ""}${text}`);
};

export const plural = (count, one, more = `${one}s`) => `${count} ${count === 1 ? one : more}`;

/** A number with thin spaces between its thousands. */
export const grouped = (number) => minus(String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, "\u202f"));

const SEVERITIES = ["error", "warning", "info"];

/** The worst first. */
export const bySeverity = (problems) =>
  [...problems].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));

/** The time of day here, with the date if that is not today's. */
export function localTime(time) {
  const then = new Date(time);
  if (Number.isNaN(then.getTime())) return time;
  const clock = then.toLocaleTimeString("sv");
  return then.toDateString() === new Date().toDateString() ? clock : `${then.toLocaleDateString("sv")} ${clock}`;
}

const MESSAGES = ["Announce", "Sync", "Follow_Up", "Delay_Req", "Delay_Resp", "Pdelay_Req", "Pdelay_Resp",
  "Pdelay_Resp_Follow_Up", "Management", "Signaling"];

/** PTP messages per second, as a conversation goes. */
export function rates(byType) {
  const place = (type) => (MESSAGES.includes(type) ? MESSAGES.indexOf(type) : MESSAGES.length);
  return Object.entries(byType)
    .sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1))
    .map(([type, rate]) => `${type} ${Number(rate.toFixed(rate < 5 ? 1 : 0))}`)
    .join("  ");
}
