// The settings of a stream that can be changed here. Nobody's typing is overwritten by what comes from the sender.

import { h } from "/ui/dom.js";

export class StreamForm {
  /** `patch(fields)` is kept with true once the fields are changed. */
  constructor(id, patch) {
    this.patch = patch;
    this.settings = null;
    const labelled = (key, text, control) => {
      control.id = `${key}-${id}`;
      return h("div", { class: `field ${key}` }, h("label", { for: control.id }, text), control);
    };
    this.name = h("input", { type: "text", required: true, maxlength: 100, autocomplete: "off" });
    this.source = h("select");
    this.gain = h("input", { type: "number", step: "0.1", inputmode: "decimal", required: true });
    this.fader = h("input", { type: "range", min: -60, max: 20, step: 0.5, "aria-label": "Gain in dB", input: () => this.slide() });
    this.apply = h("button", { type: "submit", disabled: true }, "Apply");
    this.undo = h("button", { type: "button", disabled: true, click: () => this.fill() }, "Undo");
    this.gain.addEventListener("input", () => (this.fader.value = this.gain.value));
    const gain = labelled("gain", "Gain in dB", this.gain);
    gain.append(this.fader);
    this.element = h("form", { class: "settings", novalidate: true },
      labelled("name", "Name", this.name), labelled("source", "Source", this.source), gain,
      h("div", { class: "buttons" }, this.apply, this.undo));
    this.element.addEventListener("input", () => this.mark());
    this.element.addEventListener("submit", (event) => this.send(event));
  }

  configure(settings, sources) {
    const touched = this.settings !== null && Object.keys(this.changes()).length > 0;
    const chosen = this.source.value;
    this.settings = settings;
    const offered = sources.map((source) => source.id).join("\n");
    if (this.source.dataset.offered !== offered) {
      this.source.dataset.offered = offered;
      this.source.replaceChildren(...sources.map(({ id, kind }) => h("option", { value: id }, `${id} (${kind})`)));
      if (touched) this.source.value = chosen;
    }
    if (touched) this.mark();
    else this.fill();
  }

  fill() {
    if (!this.settings) return;
    this.name.value = this.settings.name;
    this.source.value = this.settings.source;
    this.gain.value = this.fader.value = String(this.settings.gain_db);
    this.mark();
  }

  slide() {
    this.gain.value = this.fader.value;
  }

  changes() {
    const changed = {};
    if (this.name.value !== this.settings.name) changed.name = this.name.value;
    if (this.source.value !== this.settings.source) changed.source = this.source.value;
    // What is no number goes as it is: the sender says what is wrong with it.
    const gain = this.gain.value.trim() === "" ? null : Number(this.gain.value);
    if (gain !== this.settings.gain_db) changed.gain_db = gain;
    return changed;
  }

  mark() {
    const changed = this.settings !== null && Object.keys(this.changes()).length > 0;
    this.apply.disabled = this.undo.disabled = !changed;
  }

  async send(event) {
    event.preventDefault();
    const changed = this.changes();
    this.apply.disabled = true;
    if (await this.patch(changed)) Object.assign(this.settings, changed);
    this.mark();
  }
}
