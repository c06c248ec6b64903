// Sends changes one after the other; what cannot be sent is tried again until it is kept.
const RETRY_MS = 2000;

export function saver(status) {
  let queue = Promise.resolve();
  let waiting = 0;
  addEventListener("beforeunload", (event) => {
    if (waiting > 0) event.preventDefault();
  });

  async function post(url, body) {
    for (;;) {
      try {
        const answer = await fetch(url, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(body),
        });
        if (answer.ok) return await answer.json();
        const { detail } = await answer.json().catch(() => ({ detail: answer.statusText }));
        throw Object.assign(new Error(typeof detail === "string" ? detail : answer.statusText), { isFinal: answer.status < 500 });
      } catch (error) {
        if (error.isFinal) throw error;
        status.textContent = "Not saved: the program does not answer. Start it again; this page keeps trying.";
        await new Promise((done) => setTimeout(done, RETRY_MS));
      }
    }
  }

  return function save(url, body, then) {
    waiting += 1;
    queue = queue
      .then(() => post(url, body))
      .then((answer) => {
        status.textContent = "Saved";
        then(answer);
      })
      .catch((error) => {
        status.textContent = `Not saved: ${error.message}`;
      })
      .finally(() => {
        waiting -= 1;
      });
  };
}
