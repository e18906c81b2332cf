// A card for each stream: state, figures, meters, and what can be done to it.

import { ask, askJson, streamPath } from "/ui/api.js";
import { confirm, showDone, showRefusal } from "/ui/dialogs.js";
import { byId, h, keepInStep, say, sayFigures, sayPieces, sayState } from "/ui/dom.js";
import { Meters } from "/ui/meters.js";
import { StreamForm } from "/ui/stream_form.js";
import { grouped, plural, signed } from "/ui/words.js";

export class Streams {
  constructor() {
    this.cards = new Map();
  }

  /** Texts with `figures`; without, only the meters move. */
  update(snapshot, config, figures) {
    const make = (stream) => {
      const card = new StreamCard(stream);
      if (config) card.configure(config);
      return card;
    };
    keepInStep(byId("stream-cards"), this.cards, snapshot.streams, (stream) => stream.id, make, snapshot.uptime_s, figures);
    if (!figures) return;
    const streams = snapshot.streams, sending = streams.filter((stream) => stream.state === "sending").length;
    const missed = streams.reduce((sum, stream) => sum + stream.missed + stream.send_errors, 0);
    say(byId("streams-sum"), `${sending} of ${plural(streams.length, "stream")} sending, ${grouped(missed)} packets missed`);
  }

  configure(config) {
    for (const card of this.cards.values()) card.configure(config);
  }
}

class StreamCard {
  constructor(stream) {
    this.id = stream.id;
    this.stream = null;
    this.settings = null;
    const title = `stream-${stream.id}`;
    this.name = h("h3", { id: title });
    this.state = h("span", { class: "state" });
    this.muted = h("span", { class: "tag warn", hidden: true }, "muted");
    this.gain = h("span", { class: "tag", hidden: true });
    this.way = h("p", { class: "pieces" });
    this.mute = h("button", { type: "button", "aria-pressed": "false", click: () => this.toggleMute() }, "Mute");
    this.onOff = h("button", { type: "button", click: () => this.toggle() }, "Stop");
    this.meters = new Meters(stream.name || stream.id);
    this.silent = h("p", { class: "silent dim", hidden: true });
    this.figures = h("dl", { class: "figures small" });
    this.answer = h("div", { class: "answer", role: "status" });
    this.form = new StreamForm(stream.id, (patch) => this.patch(patch));
    this.sdp = h("pre", { class: "sdp", hidden: true, tabindex: "0", "aria-label": "SDP" });
    this.element = h("article", { class: "card", "aria-labelledby": title },
      h("div", { class: "card-head" },
        h("div", { class: "title" }, this.name, this.state, this.muted, this.gain),
        h("div", { class: "buttons" }, this.mute, this.onOff)),
      this.way, this.answer, this.meters.element, this.silent, this.figures,
      h("details", {}, h("summary", {}, "Settings and SDP"),
        this.form.element,
        h("div", { class: "buttons" },
          h("button", { type: "button", click: () => this.copySdp() }, "Copy SDP"),
          h("a", { class: "button", href: streamPath(stream.id, "/sdp"), download: `${stream.id}.sdp` }, "Download SDP"),
          h("button", { type: "button", click: () => this.showSdp() }, "Show SDP")),
        this.sdp));
  }

  update(stream, nowS, texts) {
    const changed = stream.state !== this.stream?.state || stream.name !== this.stream.name;
    this.stream = stream;
    this.meters.update(stream.peaks_dbfs, nowS, this.settings?.channel_names);
    if (!texts && !changed) return;
    say(this.name, stream.name || stream.id);
    sayState(this.state, stream.state);
    this.element.classList.toggle("off", stream.state !== "sending");
    sayPieces(this.way, [`${stream.address}:${stream.port}`, stream.format, `from ${stream.source}`]);
    say(this.onOff, stream.state === "stopped" ? "Send" : "Stop");
    this.onOff.setAttribute("aria-label", `${this.onOff.textContent} ${stream.name || stream.id}`);
    this.silent.hidden = stream.peaks_dbfs.length > 0;
    say(this.silent, stream.state === "stopped" ? "Nothing is sent." : "Waiting for the clock, or for the engine.");
    const lost = stream.missed + stream.send_errors, late = stream.lateness_us;
    sayFigures(this.figures, [
      ["Packets", grouped(stream.packets)],
      ["Missed", grouped(lost), lost ? "bad" : ""],
      ["Late µs p50/p99/max", [late.p50, late.p99, late.max].map((value) => value.toFixed(0)).join(" / ")],
      ["Lead µs", signed(stream.lead_us.p50, 0)],
    ]);
  }

  /** What only the config tells: gain, mute, names of channels; and what the form can offer. */
  configure(config) {
    this.settings = config.streams.find((each) => each.id === this.id) ?? null;
    if (!this.settings) return;
    const { mute, gain_db: gainDb } = this.settings;
    this.mute.setAttribute("aria-pressed", String(mute));
    this.mute.setAttribute("aria-label", `Mute ${this.settings.name}`);
    this.muted.hidden = !mute;
    this.gain.hidden = !gainDb;
    say(this.gain, `${signed(gainDb, 1)} dB`);
    this.form.configure(this.settings, config.sources);
  }

  async toggle() {
    const { name, id, address, port, state } = this.stream;
    if (state === "stopped") return this.patch({ enabled: true });
    if (await confirm(`Stop sending ${name || id} to ${address}:${port}? Its receivers will fall silent.`, "Stop it")) {
      return this.patch({ enabled: false });
    }
  }

  toggleMute() {
    return this.patch({ mute: this.mute.getAttribute("aria-pressed") !== "true" });
  }

  /** Change some settings; true if that was done. What is wrong stands on the card, and nothing typed is lost. */
  async patch(fields) {
    try {
      const { applied } = await askJson("PATCH", streamPath(this.id), fields);
      showDone(this.answer, applied);
      return true;
    } catch (error) {
      showRefusal(this.answer, error);
      return false;
    }
  }

  async fetchSdp() {
    try {
      return await (await ask("GET", streamPath(this.id, "/sdp"))).text();
    } catch (error) {
      showRefusal(this.answer, error);
      return null;
    }
  }

  async copySdp() {
    const text = await this.fetchSdp();
    if (text === null) return;
    try {
      await navigator.clipboard.writeText(text);
      showDone(this.answer, ["The SDP is in the clipboard."]);
    } catch {
      // Browsers give pages from other computers no clipboard without https.
      this.show(text);
      getSelection().selectAllChildren(this.sdp);
      showDone(this.answer, ["This browser gives the page no clipboard: the text is selected, copy it by hand."]);
    }
  }

  async showSdp() {
    if (!this.sdp.hidden) {
      this.sdp.hidden = true;
      return;
    }
    const text = await this.fetchSdp();
    if (text !== null) this.show(text);
  }

  show(text) {
    say(this.sdp, text);
    this.sdp.hidden = false;
  }
}
