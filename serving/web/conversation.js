/* One conversation as this tab knows it: what the service keeps of it, and the turn that runs. */

import * as api from "./api.js";
import { valuesOf, withoutValue, withValue } from "./wishes.js";

const PAGE = 100;
const MAX_WAIT_S = 30; // a service that is busy for longer is told as an error
const channel = new BroadcastChannel("chatedit"); // other tabs of this browser

/**
 * Fires `change` whenever anything to show is another.
 *
 * `state` and `turns` are as the service gives them; `running` is the turn on its way (`words`, `beliefState`, `step`,
 * `numSteps`, `preview`, `waiting`: why nothing happens, `isBehind` another window's turn) or null; `note` what the last
 * move answered, `failure` what the last turn or move came to nothing for (`text`, and `turn` to try again), `pair` two
 * versions side by side.
 */
export class Conversation extends EventTarget {
  constructor(id, ontology) {
    super();
    Object.assign(this, { id, ontology, state: null, turns: [], running: null, note: "", failure: null, pair: null });
    this.timings = new Map(); // turn -> seconds until understood, first preview, done; of this tab only
    this.listener = ({ data }) => data.thread === id && this.refresh().catch(() => {});
    channel.addEventListener("message", this.listener);
  }

  /** Hear of other tabs no more. A turn that runs is left as by a reload: `open` goes on with it. */
  close() {
    this.isClosed = true;
    channel.removeEventListener("message", this.listener);
    this.abort?.abort();
  }

  /** Load everything, and go on with the turn that a reload interrupted. */
  async open() {
    await this.refresh();
    const left = JSON.parse(sessionStorage.getItem(this.pendingName));
    if (left) this.run(left);
  }

  /** Ask the service where the conversation stands. */
  async refresh() {
    const path = `v1/threads/${this.id}`;
    const [state, turns] = await Promise.all([api.get(`${path}/state`), this.newTurns()]);
    if (this.state && state.turn.id !== this.state.turn.id) this.pair = null;
    Object.assign(this, { state, turns });
    this.changed();
  }

  /** Say something. */
  say(words) {
    return this.run({ kind: "say", words, key: api.newKey() });
  }

  /** Ask for a value, or take it back, without words. */
  want(value, isWanted) {
    const name = value.charAt(0).toUpperCase() + value.slice(1);
    const words = isWanted ? `${name}, please.` : `Take back ${value}.`; // as the service will put it
    return this.run({ kind: isWanted ? "add" : "remove", value, words, key: api.newKey() });
  }

  /** Try once more what came to nothing. */
  retry() {
    // `state: null`: what it is made from may be another by now
    if (this.failure?.turn) return this.run({ ...this.failure.turn, state: null, key: api.newKey() });
    return undefined;
  }

  /** End the turn that runs; its words are given back. */
  async cancel() {
    const running = this.running;
    if (!running || running.isCancelled) return;
    running.isCancelled = true;
    this.changed();
    if (running.isBehind) return this.abort.abort(); // what runs on the service is the other window's turn
    try {
      const { is_cancelled: isCancelled } = await api.post(`v1/threads/${this.id}/cancel`);
      if (isCancelled && !running.waiting) return; // the turn itself says so
    } catch {
      // not reachable: then nothing of it will be asked for again
    }
    if (this.running === running) this.abort.abort();
  }

  /** Undo, redo, or go to a version. */
  undo = () => this.canUndo && this.move("undo");
  redo = () => this.canRedo && this.move("redo");
  goTo = (version) => this.move("branch", { version });

  /** Two versions side by side; null for one again. */
  compare = (one, other) => one !== other && this.move("compare", { one, other });

  endComparison() {
    this.pair = null;
    this.note = "";
    this.changed();
  }

  async move(what, body = {}) {
    if (this.running) return;
    try {
      const outcome = await api.post(`v1/threads/${this.id}/${what}`, body, api.newKey());
      Object.assign(this, { note: outcome.reply, failure: null });
      await this.refresh();
      this.pair = outcome.comparison;
      channel.postMessage({ thread: this.id });
    } catch (error) {
      this.failure = { text: messageOf(error) };
    }
    this.changed();
  }

  /** Run a turn to its end, across lost connections and a busy service. */
  async run(turn) {
    if (this.running) return;
    sessionStorage.setItem(this.pendingName, JSON.stringify(turn));
    Object.assign(this, { note: "", failure: null, pair: null });
    this.running = { words: turn.words, beliefState: null, step: 0, numSteps: 0, preview: null, waiting: "" };
    this.abort = new AbortController();
    this.changed();
    try {
      const outcome = await this.untilAnswered(turn);
      if (outcome) this.ended(turn, outcome);
    } catch (error) {
      if (this.isClosed && !this.running.isCancelled) return;
      const isCancelled = this.abort.signal.aborted;
      this.failure = { text: isCancelled ? "Cancelled. The picture stays as it was." : messageOf(error), turn, isCancelled };
    }
    sessionStorage.removeItem(this.pendingName);
    await this.refresh().catch(() => {});
    this.running = null;
    channel.postMessage({ thread: this.id });
    this.changed();
  }

  ended(turn, outcome) {
    if (outcome.error) {
      const isCancelled = outcome.error.type === "EditCancelled";
      const text = isCancelled ? "Cancelled. The picture stays as it was." : outcome.reply;
      this.failure = { text, turn, isCancelled };
      return;
    }
    const { startedAt, understoodS, previewS } = this.running;
    this.timings.set(outcome.turn.id, { understoodS, previewS, doneS: seconds(startedAt) });
    if (outcome.comparison) this.pair = outcome.comparison;
    if (outcome.turn.user !== turn.words && turn.kind === "say") this.note = outcome.reply; // words that only moved
  }

  async untilAnswered(turn) {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.attempt(turn);
      } catch (error) {
        // another tab is changing what this state was made from: make it anew afterwards, as another request
        if (error.name === "ThreadBusy" && turn.state) Object.assign(turn, { state: null, key: api.newKey() });
        const waitS = this.waitBefore(error, attempt);
        if (waitS === null || this.abort.signal.aborted) throw error;
        this.changed();
        await sleep(waitS, this.abort.signal);
      }
    }
  }

  /** Seconds to wait before the same request goes out again; null where that would not help. */
  waitBefore(error, attempt) {
    if (error instanceof api.Disconnected) {
      this.running.waiting = "The connection is lost. Trying again until it is back…";
      return Math.min(8, 0.5 * 2 ** attempt);
    }
    if (error instanceof api.Refused && error.name === "ThreadBusy") {
      const waiting = "Another window is working on this conversation. Waiting for it…";
      Object.assign(this.running, { waiting, isBehind: true });
      return 0.4;
    }
    if (error instanceof api.Refused && error.retryAfterS > 0 && error.retryAfterS <= MAX_WAIT_S) {
      this.running.waiting = `${error.message} Trying again in ${error.retryAfterS} s…`;
      return error.retryAfterS;
    }
    return null;
  }

  async attempt(turn) {
    this.running.startedAt = performance.now();
    const path = `v1/threads/${this.id}`;
    const hear = (kind, data) => this.hear(kind, data);
    if (turn.kind === "say") {
      return api.stream(`${path}/turns`, "POST", { utterance: turn.words }, turn.key, hear, this.abort.signal);
    }
    if (!turn.state) {
      const { belief_state: now } = await api.get(`${path}/state`, { signal: this.abort.signal }); // of other tabs, too
      const isHeld = valuesOf(now).includes(turn.value);
      if (isHeld === (turn.kind === "add")) return null; // another tab, or this one before a reload, has done it
      turn.state = turn.kind === "add" ? withValue(this.ontology, now, turn.value) : withoutValue(now, turn.value);
      sessionStorage.setItem(this.pendingName, JSON.stringify(turn));
    }
    return api.stream(`${path}/state`, "PUT", { belief_state: turn.state }, turn.key, hear, this.abort.signal);
  }

  hear(kind, data) {
    const running = this.running;
    Object.assign(running, { waiting: "", isBehind: false });
    if (kind === "state") {
      running.beliefState = data.belief_state;
      running.understoodS = seconds(running.startedAt);
    } else if (kind === "progress") {
      Object.assign(running, { step: data.step, numSteps: data.num_steps });
      if (data.preview) running.preview = api.here(data.preview.url);
      if (data.preview) running.previewS ??= seconds(running.startedAt);
    } else if (kind === "image") {
      running.preview = api.here(data.image.url);
    }
    this.changed();
  }

  async newTurns() {
    const known = this.turns.filter((turn) => turn.id < this.turns.length);
    let cursor = known.length > 0 ? String(known.length - 1) : null;
    const turns = [...known];
    do {
      const from = cursor === null ? "" : `&cursor=${cursor}`;
      const page = await api.get(`v1/threads/${this.id}/turns?limit=${PAGE}${from}`);
      turns.push(...page.items);
      cursor = page.next;
    } while (cursor !== null);
    return turns;
  }

  get pendingName() {
    return `chatedit.pending.${this.id}`;
  }

  /** Turns from the photo to where the conversation stands. */
  get lineage() {
    const path = [];
    for (let id = this.state.turn.id; id !== null && id !== undefined; id = this.turns[id]?.parent) {
      if (this.turns[id]) path.unshift(this.turns[id]);
    }
    return path;
  }

  /** The turn that made each version, with the version it was made from. */
  get versions() {
    const seen = new Set();
    return this.turns
      .filter((turn) => !seen.has(turn.version) && seen.add(turn.version))
      .map((turn) => ({ ...turn, from: turn.parent === null ? null : this.turns[turn.parent].version }));
  }

  get canUndo() {
    return this.state.turn.version !== 0;
  }

  get canRedo() {
    return this.state.can_redo;
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** What an error says to people. */
export function messageOf(error) {
  if (error instanceof api.Disconnected) return "The service does not answer. Is it running? Then try again.";
  if (!(error instanceof api.Refused)) return `Something went wrong in this page (${error.message}). Reload it.`;
  if (error.retryAfterS <= MAX_WAIT_S) return error.message;
  const minutes = Math.ceil(error.retryAfterS / 60);
  return `${error.message} Try again in ${minutes === 1 ? "a minute" : `${minutes} minutes`}.`;
}

const seconds = (since) => (performance.now() - since) / 1000;

function sleep(timeS, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, timeS * 1000);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
