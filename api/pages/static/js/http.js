// Requests to this server: JSON, HTML, and server-sent events of a POST, which EventSource cannot do.

/** What went wrong, in one line; `status` is the answer's, undefined where there was none. */
export class Problem extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** The one line that says what went wrong, of a response that is no success. */
async function problemOf(response) {
  if (response.status === 401) location.assign(`/login?to=${encodeURIComponent(location.pathname + location.search)}`);
  try {
    return new Problem((await response.json()).detail, response.status);
  } catch {
    return new Problem(`The service answered with status ${response.status}: look at its log.`, response.status);
  }
}

async function send(url, options = {}) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The service does not answer: see that it runs, then ask again.");
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

const asJson = (body) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

export const getJson = async (url) => (await send(url)).json();
export const getHtml = async (url) => (await send(url)).text();
export const postJson = async (url, body) => (await send(url, asJson(body))).json();
export const postForHtml = async (url, body, signal) => (await send(url, { ...asJson(body), signal })).text();
export const remove = async (url) => { await send(url, { method: "DELETE" }); };

/**
 * The events of an answer, each `{name, data}`; the first one is `open` with the id of its conversation.
 * Aborting `signal` hangs up, which stops the model.
 */
export async function* postForEvents(url, body, signal) {
  const response = await send(url, { ...asJson(body), signal });
  yield { name: "open", data: { session: response.headers.get("X-Session-ID") } };
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let kept = "";
  let ended = false;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      kept += value;
      let end;
      while ((end = kept.indexOf("\n\n")) >= 0) {
        const event = parse(kept.slice(0, end));
        kept = kept.slice(end + 2);
        if (!event) continue;
        ended ||= event.name === "done" || event.name === "error" || event.name === "blind";
        yield event;
      }
    }
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The connection broke: see that the service runs, then ask again.");
  } finally {
    reader.cancel().catch(() => {});
  }
  if (!ended) throw new Problem("The answer ended too early: see that the service runs, then ask again.");
}

function parse(text) {
  let name = "message";
  const data = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).trim());
  }
  return data.length ? { name, data: JSON.parse(data.join("\n")) } : null;
}
