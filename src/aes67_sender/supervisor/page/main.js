// Puts the parts together: what comes from the sender goes to each of them.

import { askJson, Refused } from "/ui/api.js";
import { Clock } from "/ui/clock.js";
import { askForToken } from "/ui/dialogs.js";
import { byId, say, sayState } from "/ui/dom.js";
import { Live } from "/ui/live.js";
import { showMasters, showProblems, showSessions } from "/ui/lists.js";
import { Sources } from "/ui/sources.js";
import { Streams } from "/ui/streams.js";
import { duration } from "/ui/words.js";

/** Texts change so often, meters with every snapshot: nobody reads faster. */
const TEXTS_MS = 240;
const SESSIONS_MS = 3000;

const clock = new Clock(), streams = new Streams(), sources = new Sources();
let config = null, textsMs = -Infinity, lostSince = null;

function show(snapshot) {
  const nowMs = performance.now();
  const texts = nowMs - textsMs >= TEXTS_MS;
  streams.update(snapshot, config, texts);
  sources.update(snapshot, texts);
  if (!texts) return;
  textsMs = nowMs;
  byId("main").hidden = false;
  say(byId("name"), snapshot.name);
  sayState(byId("state"), snapshot.state);
  say(byId("uptime"), `up ${duration(snapshot.uptime_s)}`);
  say(byId("connection"), "Live");
  const worst = snapshot.problems.some((problem) => problem.severity === "error") ? "! " : "";
  if (document.title !== `${worst}${snapshot.name}`) document.title = `${worst}${snapshot.name}`;
  clock.update(snapshot);
  showProblems(snapshot.problems);
  showMasters(snapshot.clock.masters);
}

/** Do what needs the sender; where it does not answer, that is shown anyway. */
async function quietly(errand) {
  try {
    await errand();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
}

const learnConfig = () => quietly(async () => {
  config = await askJson("GET", "/api/v1/config");
  streams.configure(config);
});

const learnSessions = () => quietly(async () => showSessions(await askJson("GET", "/api/v1/discovered")));

function learn() {
  return Promise.all([learnConfig(), learnSessions(), quietly(() => clock.restore())]);
}

new Live({
  snapshot: show,
  config: learnConfig,
  lost(sentence) {
    lostSince ??= new Date().toLocaleTimeString("sv");
    document.body.classList.add("lost");
    say(byId("connection"), `${sentence} No news since ${lostSince}. Asking again …`);
  },
  back() {
    lostSince = null;
    document.body.classList.remove("lost");
    learn();
  },
  async token() {
    await askForToken();
    await learn();
  },
});
learn();
setInterval(() => {
  if (!document.hidden && lostSince === null) learnSessions();
}, SESSIONS_MS);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) quietly(() => clock.restore());
});
