// Sends changes one after the other, of one field only the newest; what cannot be sent is tried until it is kept.
const RETRY_MS = 2000;

export function saver(status) {
  const pending = new Map();
  let sending = null;

  async function post({ url, body }) {
    for (;;) {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      }).catch(() => null);
      if (answer && answer.status < 500) return answer;
      status.textContent = "Not saved: the program does not answer. Start it again; this page keeps trying.";
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }

  async function send() {
    let told = "Saved";
    while (pending.size) {
      const [key, change] = pending.entries().next().value;
      pending.delete(key);
      const answer = await post(change);
      const body = await answer.json();
      if (answer.ok) told = change.then(body) || told;
      else told = `Not saved: ${typeof body.detail === "string" ? body.detail : answer.statusText}`;
    }
    status.textContent = told;
    sending = null;
  }

  addEventListener("beforeunload", (event) => {
    if (sending) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || !sending) return;
    event.preventDefault();
    sending.then(() => link.click());
  });

  return function save(key, url, body, then) {
    pending.set(key, { url, body, then });
    status.textContent = "Saving…";
    sending ??= send();
  };
}
