// From a POST to everybody who watches: 1,000 open live streams, each on a connection of its own.
// The reference is the least that can be done here: a process that writes the same frame to each.
import { fork } from "node:child_process";
import { createServer } from "node:http";
import { connect } from "node:net";
import { quantile } from "./table.mjs";

/** Opens `count` listeners, posts `posts` times, and answers the time from each POST to each listener, in milliseconds. */
async function latencies({ events, headers = "", post }, count, posts) {
  const { host, hostname, port, pathname } = new URL(events);
  const sent = new Map();
  const took = [];
  let open = 0;
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(Number(port), hostname);
    let rest = "";
    let begun = false;
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n${headers}\r\n`);
    socket.on("data", bytes => {
      const now = performance.now();
      if (!begun) {
        begun = true;
        open += 1;
      }
      rest += bytes.toString("latin1");
      for (const [mark] of rest.matchAll(/bench-mark-\d{6}(?=")/g)) {
        // It stands in several frames; the first one counts.
        if (!socket.seen?.has(mark)) {
          (socket.seen ??= new Set()).add(mark);
          took.push(now - sent.get(mark));
        }
      }
      rest = rest.slice(-20);
    });
    return socket;
  });
  for (let tries = 0; open < count; tries++) {
    if (tries > 3000) throw new Error(`only ${open} of ${count} listeners are connected`);
    await new Promise(next => setTimeout(next, 10));
  }
  for (let number = 0; number < posts; number++) {
    const mark = `bench-mark-${String(number).padStart(6, "0")}`;
    sent.set(mark, performance.now());
    await post(mark);
    await new Promise(next => setTimeout(next, 100));
  }
  await new Promise(next => setTimeout(next, 1000));
  for (const socket of sockets) socket.destroy();
  if (took.length < count * posts) throw new Error(`${took.length} of ${count * posts} frames arrived`);
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99) };
}

export async function toListeners(server, alert, count, posts) {
  const post = async mark => {
    const body = JSON.stringify([alert(mark)]);
    const answer = await fetch(server.post, { method: "POST", headers: { "content-type": "application/json" }, body });
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    await answer.arrayBuffer();
  };
  return latencies({ events: `${server.url}/api/v1/stream`, headers: `Authorization: Bearer ${server.bearer}\r\n`, post }, count, posts);
}

export async function toNothingButListeners(frame, count, posts) {
  const child = fork(import.meta.filename, ["serve"]);
  const port = await new Promise(told => child.once("message", told));
  const url = `http://127.0.0.1:${port}`;
  const post = async mark => (await fetch(url, { method: "POST", body: `data: ${frame(mark)}\n\n` })).arrayBuffer();
  try {
    return await latencies({ events: `${url}/`, post }, count, posts);
  } finally {
    child.kill();
  }
}

if (process.argv[2] === "serve" && process.send) {
  const listening = new Set();
  const server = createServer((request, answer) => {
    if (request.method === "GET") {
      answer.writeHead(200, { "content-type": "text/event-stream" });
      answer.write(": hello\n\n");
      listening.add(answer);
      answer.on("close", () => listening.delete(answer));
      return;
    }
    let body = "";
    request.on("data", bytes => (body += bytes));
    request.on("end", () => {
      for (const listener of listening) listener.write(body);
      answer.end();
    });
  });
  server.listen(0, "127.0.0.1", () => process.send(server.address().port));
}
