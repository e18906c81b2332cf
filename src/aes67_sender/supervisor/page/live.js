// Snapshots as they come; and what to do when they do not.

import { ask, Refused } from "/ui/api.js";

const SILENT_MS = 4000;
const AGAIN_MS = 1000;

/**
 * Watches the sender for as long as the page is seen. `on` has:
 * snapshot(object), config(), lost(sentence), back(), token() → a promise that is kept once the token is known.
 */
export class Live {
  constructor(on) {
    this.on = on;
    this.source = null;
    this.timer = 0;
    this.isLost = false;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.pause() : this.begin()));
    // A page in the back of the browser would hold one of the few connections to the sender.
    if (!document.hidden) this.begin();
  }

  pause() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  begin() {
    this.pause();
    const source = (this.source = new EventSource("/api/v1/events"));
    source.onmessage = (event) => {
      this.expect();
      if (this.isLost) this.on.back();
      this.isLost = false;
      this.on.snapshot(JSON.parse(event.data));
    };
    source.addEventListener("config", () => this.on.config());
    source.onerror = () => this.fail();
    this.expect();
  }

  expect() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fail(), SILENT_MS);
  }

  /** The browser does not tell why; so that is asked. */
  async fail() {
    this.pause();
    try {
      await ask("GET", "/api/v1/snapshot");
      this.tell("The sender is there, but tells nothing more. Perhaps too many pages are open.");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.code === 401) await this.on.token();
      else this.tell(error.code ? error.message : "The sender does not answer.");
    }
    if (!document.hidden) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.begin(), this.isLost ? AGAIN_MS : 0);
    }
  }

  tell(sentence) {
    this.isLost = true;
    this.on.lost(sentence);
  }
}
