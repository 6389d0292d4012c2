/** The page at /admin: signs in, and shows who is connected; everything goes through /api/v1. @module */

const at = (id) => document.getElementById(id);
let events = null;

function show(id, isShown) {
  at(id).hidden = !isShown;
}

function complain(text) {
  at("trouble").textContent = text;
  show("trouble", text !== "");
}

async function call(method, path, body) {
  const response = await fetch(`/api/v1${path}`, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = response.status === 204 ? null : await response.json();
  return { ok: response.ok, status: response.status, answer };
}

function row({ names, account, address, version, since }) {
  const line = document.createElement("tr");
  for (const text of [names.join(", "), account, address, version, ""]) {
    line.insertCell().textContent = text;
  }
  const time = document.createElement("time");
  time.dateTime = time.title = since;
  time.textContent = new Date(since).toLocaleString();
  line.lastElementChild.append(time);
  return line;
}

async function refresh() {
  const { ok, status, answer } = await call("GET", "/agents");
  if (status === 401) return signedOut();
  if (!ok) return complain(answer.detail);
  complain("");
  at("agents").tBodies[0].replaceChildren(...answer.items.map(row));
  show("agents", answer.items.length > 0);
  show("nobody", answer.items.length === 0);
}

function signedOut() {
  events?.close();
  events = null;
  show("overview", false);
  show("sign-in", true);
  at("sign-in").elements.name.focus();
}

async function begin() {
  const { ok, status, answer } = await call("GET", "/me");
  if (status === 401) return signedOut();
  if (!ok) return complain(answer.detail);
  at("who").textContent = `Signed in as ${answer.name} (${answer.role}).`;
  show("sign-in", false);
  show("overview", true);
  await refresh();
  events = new EventSource("/api/v1/events");
  for (const type of ["agent.connected", "agent.replaced", "agent.gone", "gap"]) {
    events.addEventListener(type, () => run(refresh));
  }
  // The list may have changed while the line was down; and the session may be over.
  events.addEventListener("open", () => run(refresh));
  events.addEventListener("error", () => run(refresh));
}

function run(work) {
  work().catch(() => complain("The relay does not answer."));
}

at("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const { name, password } = at("sign-in").elements;
  run(async () => {
    const { ok, answer } = await call("POST", "/sessions", {
      name: name.value,
      password: password.value,
    });
    password.value = "";
    if (!ok) return complain(answer.detail);
    complain("");
    await begin();
  });
});

at("sign-out").addEventListener("click", () => {
  run(async () => {
    await call("DELETE", "/sessions/current");
    signedOut();
  });
});

run(begin);
