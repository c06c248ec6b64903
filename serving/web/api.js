/* The service's HTTP API, as any client sees it. */

const KEY = "chatedit.key";

/** What the service refused, in its own words (application/problem+json). */
export class Refused extends Error {
  constructor(problem, retryAfterS) {
    super(sentence(problem.detail || problem.title || "The service answered with an error."));
    this.name = (problem.type || "").split(":").pop();
    this.status = problem.status;
    this.retryAfterS = retryAfterS;
  }
}

/** The service did not answer, or its answer broke off. */
export class Disconnected extends Error {}

/** Keep an API key for this browser; an empty one forgets it. */
export function useKey(key) {
  if (key) localStorage.setItem(KEY, key);
  else localStorage.removeItem(KEY);
}

/** A key that makes a request repeatable: it is done once, however often it is sent. */
export const newKey = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("-");

/** A picture's URL by the way this page came, whatever name the service has for itself. */
export function here(url) {
  const at = url.indexOf("/v1/");
  return at < 0 ? url : new URL(url.slice(at + 1), document.baseURI).href;
}

/** JSON of a GET. */
export const get = (path, options) => json(path, options);

/** JSON that a POST answers with. */
export const post = (path, body = {}, key) => json(path, { method: "POST", body: JSON.stringify(body), key });

/** Upload the bytes of a picture's file. */
export const upload = (blob) => json("v1/images", { method: "POST", body: blob, type: "application/octet-stream" });

/** Delete. */
export const remove = (path) => request(path, { method: "DELETE" });

/** Bytes of a GET. */
export const bytes = async (path) => (await request(path)).blob();

/**
 * Run a turn and hear of it while it runs.
 * @param {string} path @param {string} method @param {any} body @param {string} key
 * @param {(kind: string, data: any) => void} onEvent
 * @param {AbortSignal} signal
 * @returns {Promise<any>} the outcome
 */
export async function stream(path, method, body, key, onEvent, signal) {
  const accept = "text/event-stream";
  const response = await request(path, { method, body: JSON.stringify(body), key, accept, signal });
  for await (const [kind, data] of events(response, signal)) {
    if (kind === "response") return data;
    if (kind === "error") throw new Refused(data, 0);
    onEvent(kind, data);
  }
  throw new Disconnected();
}

async function json(path, options) {
  return (await request(path, options)).json();
}

async function request(path, { method = "GET", body, key, type = "application/json", accept, signal } = {}) {
  const headers = {};
  const secret = localStorage.getItem(KEY);
  if (secret) headers.Authorization = `Bearer ${secret}`;
  if (body !== undefined) headers["Content-Type"] = type;
  if (accept) headers.Accept = accept;
  if (key) headers["Idempotency-Key"] = key;
  let response;
  try {
    response = await fetch(new URL(path, document.baseURI), { method, body, headers, signal });
  } catch (error) {
    throw signal?.aborted ? error : new Disconnected();
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  if (problem === null && response.status >= 500) throw new Disconnected(); // a proxy, while the service starts
  throw new Refused(problem ?? { status: response.status }, Number(response.headers.get("Retry-After")) || 0);
}

async function* events(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      throw signal?.aborted ? error : new Disconnected();
    });
    if (done) return;
    const blocks = (waiting + value).split("\n\n");
    waiting = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s)));
      if (fields.event) yield [fields.event, JSON.parse(fields.data)];
    }
  }
}

function sentence(words) {
  const text = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
