/** The sandbox's endpoints, and its stream of changes. */

/** An answer other than 200, with the server's message. */
export class ApiError extends Error {}

const get = (path, query) => ask(query ? `${path}?${new URLSearchParams(query)}` : path);
const post = (path, body) =>
  ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

export const fetchWorkspace = () => get("/sandbox/workspace");
export const fetchMessages = async (channel, viewer, latest) =>
  (await get("/sandbox/messages", { channel, viewer, latest })).messages;
export const fetchNews = async (viewer, after) => (await get("/sandbox/messages", { viewer, after })).messages;
export const fetchViews = async (viewer) => (await get("/sandbox/views", { viewer })).views;
export const fetchHome = async (viewer) => (await get("/sandbox/home", { viewer })).view;
export const fetchTraffic = async (after) => (await get("/sandbox/traffic", { after })).traffic;
export const fetchLog = async () => (await get("/sandbox/log")).rows;
export const fetchMetaStudio = () => get("/sandbox/metastudio");
export const countSockets = async () => (await get("/sandbox/sockets")).open;

export const sendCommand = (command, text, user, channel) =>
  post("/sandbox/commands", { command, text, user, channel });
export const sendAction = (action) => post("/sandbox/actions", action);
export const submitView = (viewer, view_id, values) =>
  post("/sandbox/views/submit", { viewer, view_id, values });
export const closeView = (viewer, view_id) => post("/sandbox/views/close", { viewer, view_id });
export const fetchOptions = (typed) => post("/sandbox/options", typed);
export const useShortcut = (viewer, callback_id, channel, message_ts) =>
  post("/sandbox/shortcuts", { viewer, callback_id, channel, message_ts });
export const openHome = (viewer) => post("/sandbox/home/open", { viewer });
export const troubleSlack = (trouble) => post("/sandbox/trouble", trouble);
export const troubleMetaStudio = (trouble) => post("/sandbox/metastudio/trouble", trouble);

/**
 * Listen for changes.
 *
 * After every (re)connection all kinds are reported once, because anything may have changed in between.
 * @param {Object<string, () => void>} listeners by kind: messages, views, home, traffic, log, sockets, workspace
 * @param {(isUp: boolean) => void} onState
 */
export function listen(listeners, onState) {
  const stream = new EventSource("/sandbox/stream");
  stream.addEventListener("open", () => {
    onState(true);
    Object.values(listeners).forEach((tell) => tell());
  });
  stream.addEventListener("error", () => onState(false));
  stream.addEventListener("message", (event) => listeners[JSON.parse(event.data).kind]?.());
}

/**
 * Wrap a task so that it never runs twice at the same time; calls during a run cause one more run.
 * @param {() => Promise<void>} task
 */
export function oneAtATime(task) {
  let running = null;
  let again = false;
  const run = async () => {
    do {
      again = false;
      await task().catch((error) => console.warn(`Not refreshed: ${error.message}`));
    } while (again);
    running = null;
  };
  return () => {
    if (running) again = true;
    else running = run();
    return running;
  };
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError("The sandbox cannot be reached. Is it still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(answer.error ?? `The sandbox answered ${response.status}.`);
  return answer;
}
