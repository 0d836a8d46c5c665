// The service worker: it keeps the app's files, and the board as this browser's session last saw it,
// so that the app starts at once, with a bad network or with none. What the server says always wins:
// the kept board is shown while the network is being asked, and the app in it asks for what happened since.
//
// It answers for the app's own files and pages. Calls, streams, hooks, the brief, exports and whatever
// else is not named here it never touches.
"use strict";

/** Which build of the app this is, and its files: written by .ci/worker.mjs. */
const BUILD = "";
const FILES = [];

/** The first parts of the addresses at which the app draws a page; a test compares them with its routes. */
const PAGES = ["", "alerts", "changes", "debug", "declare", "executive", "incidents", "new-objective", "objectives", "services", "settings", "sign-in", "trends"];

const APP = `tocsin-app-${BUILD}`;
const KEPT = "tocsin-kept";
/** What is kept: the board, and when the server was last reached. */
const BOARD = "/";
const REACHED = "/reached";
const SHELL = "/shell";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** An older board is only shown once the network was tried. */
const FRESH = 24 * HOUR;
/** An older one is not shown at all. */
const OLDEST = 7 * 24 * HOUR;
/** Sent by the server with a board that may be kept: the mark of the session, and the build. */
const KEEP = "tocsin-keep";
/** When a kept board was asked for and answered, by this browser's clock. */
const TIMES = "tocsin-kept";

addEventListener("install", event => {
  // The browser can do these itself, without waking the worker.
  const route = (pathname, source) => ({ condition: { urlPattern: { pathname } }, source });
  const routes = [route("/api/*", "network"), ...["/tocsin-web-*", "/part-*", "/later-*"].map(path => route(path, "cache"))];
  const routed = Promise.resolve(event.addRoutes?.(routes)).catch(() => undefined);
  const kept = caches.open(APP).then(cache => cache.addAll([...FILES, new Request(SHELL, { cache: "no-cache" })]));
  // There is no skipWaiting: pages of an older build stay with its worker and its files until the last is closed.
  event.waitUntil(Promise.all([routed, kept]));
});

addEventListener("activate", event => event.waitUntil(begin()));

async function begin() {
  // Other pages wait for the network; they need not wait for the worker as well.
  await registration.navigationPreload?.enable();
  await clients.claim();
  await refresh();
  if (!(await caches.match(BOARD, { cacheName: KEPT }))) await tidy();
}

addEventListener("message", event => {
  // A page that is left says so: what was on the board then is worth more than what was when it was opened.
  if (event.data === "keep") event.waitUntil(refresh());
});

let isLeaving = false;

/** When a form was last sent: the page that it leads back to says what became of it. */
let sentAt = 0;

addEventListener("fetch", event => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.mode === "navigate" && request.method === "POST") {
    sentAt = Date.now();
    return event.waitUntil(forget());
  }
  if (request.method !== "GET") return;
  if (FILES.includes(url.pathname) || /-[0-9a-f]{16}(_bg)?\.(js|wasm|css)$/.test(url.pathname)) return event.respondWith(file(request));
  if (request.mode === "navigate" && PAGES.includes(url.pathname.split("/")[1])) event.respondWith(page(event, url));
});

/** A file is named by its content, so that one of any build is the right one. */
async function file(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

async function page(event, url) {
  const askedAt = Date.now();
  const fresh = Promise.resolve(event.preloadResponse).then(answer => answer ?? fetch(event.request));
  const isBoard = url.pathname === BOARD && url.search === "";
  // The body can be read once, and the page may need it.
  const copy = fresh.then(answer => answer.clone());
  const board = isBoard && event.request.cache === "default" && askedAt - sentAt > MINUTE ? await mine() : undefined;
  event.waitUntil(after(copy, isBoard, askedAt, event).catch(() => undefined));
  if (board && age(board) < FRESH) return board;
  try {
    return await fresh;
  } catch {
    return without(url);
  }
}

/** Behind the page: keeps the board for the next time, and sees whether the worker itself is still wanted. */
async function after(copy, isBoard, askedAt, event) {
  const answer = await copy;
  const before = await mine();
  if (answer.status < 500) await (await caches.open(KEPT)).put(REACHED, new Response(String(Date.now())));
  const isNewer = isBoard && (await keep(answer, askedAt));
  if (isNewer && before) {
    // Whoever looks at a board of the build before takes the new one, unless they have begun to do something.
    (await opened(event.resultingClientId))?.postMessage("newer");
  }
  const worker = await fetch("/sw.js", { method: "HEAD", cache: "no-store" });
  if (worker.status === 404 || worker.status === 410) await leave();
}

/** The page that an answer became, which takes its moment. */
async function opened(id) {
  for (let tries = 0; tries < 50; tries++) {
    const client = await clients.get(id);
    if (client) return client;
    await new Promise(done => setTimeout(done, 100));
  }
  return undefined;
}

/** Asks for the board as it is now, at most once a minute, and for nobody when nobody is signed in. */
async function refresh() {
  const askedAt = Date.now();
  const board = await mine();
  if ((board && age(board) < MINUTE) || !(await mark())) return;
  const answer = await fetch(BOARD, { headers: { accept: "text/html" }, redirect: "manual", cache: "no-store" }).catch(() => undefined);
  if (answer) await keep(answer, askedAt);
}

/** Keeps a board that may be kept; says whether it is of another build than the one that was. */
async function keep(answer, askedAt) {
  const answeredAt = Date.now();
  // A proxy's words about a server that is down say nothing about whose board it is.
  if (isLeaving || answer.status >= 500) return false;
  const named = answer.headers.get(KEEP);
  if (!answer.ok || !named) {
    await forget();
    return false;
  }
  const before = await caches.match(BOARD, { cacheName: KEPT });
  if (before && times(before)[0] > askedAt) return false;
  const said = `${askedAt} ${answeredAt}`;
  const text = (await answer.text()).replace("<html ", `<html data-kept="${said}" `);
  const headers = new Headers(answer.headers);
  for (const name of ["content-encoding", "content-length"]) headers.delete(name);
  headers.set(TIMES, said);
  await (await caches.open(KEPT)).put(BOARD, new Response(text, { headers }));
  const [, build] = named.split(" ");
  // From here on nothing needs the files of another build.
  if (build === BUILD) await tidy();
  return Boolean(before) && before.headers.get(KEEP)?.split(" ")[1] !== build;
}

/** The kept board, if it is this session's; anybody else's is gone at once. */
async function mine() {
  const [board, whose] = await Promise.all([caches.match(BOARD, { cacheName: KEPT }), mark()]);
  if (!board) return undefined;
  if (whose && board.headers.get(KEEP)?.split(" ")[0] === whose && age(board) < OLDEST) return board;
  await forget();
  return undefined;
}

/** The mark of the session that the browser has now. Where the worker cannot read cookies, nothing is shown that was kept. */
async function mark() {
  const cookies = (await self.cookieStore?.getAll()) ?? [];
  return cookies.find(({ name }) => name === "tocsin-kept" || name === "__Host-tocsin-kept")?.value;
}

const times = board => (board.headers.get(TIMES) ?? "").split(" ").map(Number);

/** How long ago a board was kept. A clock that was set back tells nothing, so the network is tried. */
function age(board) {
  const age = Date.now() - times(board)[1];
  return age >= 0 ? age : FRESH;
}

/** What is shown without a network: the app, with what was kept for this session, else with when the server was last reached. */
async function without(url) {
  const board = await mine();
  if (board && url.pathname === BOARD && url.search === "") return board;
  if (board) {
    const text = await board.text();
    const data = text.indexOf('<script type="application/json" id="first-screen">');
    const [head] = text.split('<div id="app">', 1);
    const waiting = '<div class="doorstep"><p class="loading" role="status">Tocsin is loading…</p></div>';
    if (data > 0) return new Response(`${head}<div id="app">${waiting}</div>${text.slice(data)}`, { headers: board.headers });
  }
  const [shell, reached] = await Promise.all([caches.match(SHELL), caches.match(REACHED, { cacheName: KEPT })]);
  if (!shell) return Response.error();
  const at = await reached?.text();
  const text = await shell.text();
  return new Response(at ? text.replace("<html ", `<html data-reached="${at}" `) : text, { headers: shell.headers });
}

async function forget() {
  await (await caches.open(KEPT)).delete(BOARD);
}

/** Removes the files of other builds. */
async function tidy() {
  const names = (await caches.keys()).filter(name => name.startsWith("tocsin-app-") && name !== APP);
  await Promise.all(names.map(name => caches.delete(name)));
}

/** The server has no worker any more. */
async function leave() {
  isLeaving = true;
  await Promise.all((await caches.keys()).map(name => caches.delete(name)));
  await registration.unregister();
}
