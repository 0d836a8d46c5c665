// A trace from where it is listed to what is known of one span, and traces of odd shapes.
import { accessible, expect, fitsItsWidth, House, inside, test, unique, type Page } from "./house";
import { isRunning } from "./screens";

interface Span {
  id: number;
  parent?: number;
  service: string;
  name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind?: number;
  /** Milliseconds after the trace began, and how long. */
  at: number;
  for: number;
  error?: string;
  attributes?: Record<string, string>;
  events?: { at: number; name: string; attributes?: Record<string, string> }[];
}

const text = (attributes: Record<string, string>) => Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } }));
const nanos = (ms: number) => `${BigInt(Math.round(ms * 1000)) * 1000n}`;
const hex = (n: number, digits: number) => n.toString(16).padStart(digits, "0");

/** A trace id that no other test of this run uses. */
const traceId = () => hex(Number.parseInt(unique(), 36), 12).padStart(32, "7f3a9c1e52d04b8f");

/** Sends what an SDK would. */
class Sender {
  private constructor(
    readonly house: House,
    private readonly token: string,
  ) {}

  static async of(house: House): Promise<Sender> {
    return new Sender(house, await house.integration("otlp"));
  }

  private async post(path: string, body: unknown): Promise<void> {
    const answer = await fetch(`${this.house.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.token}` },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`POST ${path} → ${answer.status}: ${await answer.text()}`);
  }

  async spans(trace: string, began: number, spans: Span[]): Promise<void> {
    const services = [...new Set(spans.map(span => span.service))];
    const of = (service: string) => ({
      resource: { attributes: text({ "service.name": service, "service.instance.id": `${service}-1`, "service.version": "v2.40.3" }) },
      scopeSpans: [
        {
          spans: spans
            .filter(span => span.service === service)
            .map(span => ({
              traceId: trace,
              spanId: hex(span.id, 16),
              parentSpanId: span.parent === undefined ? "" : hex(span.parent, 16),
              name: span.name,
              kind: span.kind ?? 1,
              startTimeUnixNano: nanos(began + span.at),
              endTimeUnixNano: nanos(began + span.at + span.for),
              attributes: text(span.attributes ?? {}),
              events: (span.events ?? []).map(event => ({ timeUnixNano: nanos(began + event.at), name: event.name, attributes: text(event.attributes ?? {}) })),
              status: span.error === undefined ? {} : { code: 2, message: span.error },
            })),
        },
      ],
    });
    await this.post("/v1/traces", { resourceSpans: services.map(of) });
  }

  async logs(trace: string, began: number, lines: { at: number; service: string; span: number; severity: number; words: string }[]): Promise<void> {
    await this.post("/v1/logs", {
      resourceLogs: lines.map(line => ({
        resource: { attributes: text({ "service.name": line.service }) },
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: nanos(began + line.at),
                severityNumber: line.severity,
                severityText: line.severity >= 17 ? "ERROR" : "WARN",
                body: { stringValue: line.words },
                traceId: trace,
                spanId: hex(line.span, 16),
              },
            ],
          },
        ],
      })),
    });
  }
}

/** A payment whose provider does not answer, twice. */
const aPayment = (word: string): Span[] => {
  const of = (service: string) => `${service}-${word}`;
  const call = (id: number, at: number): Span => ({
    id,
    parent: 6,
    service: of("payments"),
    name: "provider call",
    kind: 3,
    at,
    for: 2000,
    error: "deadline exceeded",
    attributes: { "peer.service": "provider-b", "server.address": "eu.api.provider-b.example", "deadline.ms": "2000", "correlation.id": "c-91d4e07a", "card.region": "EU" },
    events: [
      { at, name: "connection reused" },
      { at: at + 2, name: "request sent", attributes: { bytes: "1200" } },
      { at: at + 2000, name: "deadline exceeded" },
    ],
  });
  return [
    { id: 1, service: of("edge"), name: "POST /checkout/pay", kind: 2, at: 0, for: 4310, error: "", attributes: { "http.response.status_code": "502" } },
    { id: 2, parent: 1, service: of("checkout"), name: "POST /pay", kind: 2, at: 2, for: 4300, error: "payment failed" },
    { id: 3, parent: 2, service: of("checkout"), name: "load basket", at: 4, for: 22 },
    { id: 5, parent: 2, service: of("checkout"), name: "reserve stock", at: 70, for: 42 },
    { id: 6, parent: 2, service: of("payments"), name: "POST /charge", kind: 2, at: 113, for: 4188 },
    { id: 7, parent: 6, service: of("payments"), name: "SELECT customer", kind: 3, at: 114, for: 8, attributes: { "db.system": "postgresql" } },
    { id: 8, parent: 6, service: of("risk"), name: "score", kind: 2, at: 122, for: 61 },
    { id: 81, parent: 8, service: of("risk"), name: "load rules", at: 123, for: 4 },
    call(9, 183),
    { id: 10, parent: 6, service: of("payments"), name: "wait before retry", at: 2183, for: 88 },
    call(11, 2271),
    { id: 12, parent: 6, service: of("payments"), name: "INSERT attempt", at: 4272, for: 11 },
    { id: 13, parent: 2, service: of("checkout"), name: "queue failure notice", kind: 4, at: 4290, for: 5 },
    { id: 14, parent: 13, service: of("mail"), name: "queue failure notice", kind: 5, at: 4276, for: 8 },
    { id: 15, parent: 1, service: of("edge"), name: "write access log", at: 4304, for: 4 },
    ...Array.from({ length: 12 }, (_, n): Span => ({ id: 100 + n, parent: 2, service: of("catalogue"), name: "GET /prices", kind: 2, at: 26 + n, for: 20 + n })),
  ];
};

async function paid(house: House): Promise<{ trace: string; word: string }> {
  const [sender, trace, word, began] = [await Sender.of(house), traceId(), unique(), Date.now() - 60_000];
  await sender.spans(trace, began, aPayment(word));
  await sender.logs(trace, began, [
    { at: 2184, service: `payments-${word}`, span: 9, severity: 13, words: "provider-b try 1 gave up" },
    { at: 4272, service: `payments-${word}`, span: 11, severity: 17, words: "provider-b try 2 gave up" },
  ]);
  return { trace, word };
}

async function opened(page: Page, trace: string): Promise<void> {
  await page.goto(`/debug/traces/${trace}`);
  await isRunning(page);
}

const tree = (page: Page) => page.getByRole("tree", { name: /^Spans/ });

test("where the time of a trace went is said, and its rows show it", async ({ as, house }) => {
  const { trace, word } = await paid(house);
  const page = await as("responder");
  await opened(page, trace);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Two tries at provider-b take 4.00 of 4.31 s; both time out.");
  const facts = page.getByRole("list", { name: "Facts" });
  await expect(facts).toContainText(`edge-${word} · POST /checkout/pay`);
  await expect(facts).toContainText("4 errors");
  await expect(facts).toContainText("all at or above provider-b");
  const rows = tree(page).getByRole("treeitem");
  await expect(rows.filter({ hasText: "GET /prices" })).toContainText("+11");
  await rows.filter({ hasText: "queue failure notice" }).locator(".trace__fold").click();
  await expect(rows.filter({ hasText: "mail" })).toContainText("clock 14 ms off");
  await expect(rows.filter({ hasText: /^\s*provider-b/ })).toHaveCount(2);
  await expect(page.getByText(/folded$/).first()).toBeAttached();
  await fitsItsWidth(page);
  await accessible(page);

  // A group unfolds where it stands.
  const prices = rows.filter({ hasText: "GET /prices" }).first();
  await expect(prices).toHaveAttribute("aria-expanded", "false");
  await prices.click();
  await expect(rows.filter({ hasText: "GET /prices" })).toHaveCount(13);
});

test("keys walk the rows and a span says everything that is known of it", async ({ as, house }, info) => {
  const { trace } = await paid(house);
  const page = await as("responder");
  await opened(page, trace);
  await expect(tree(page)).toBeVisible();
  await tree(page).focus();
  await page.keyboard.press("Home");
  for (let n = 0; n < 2; n++) await page.keyboard.press("e");
  await expect(tree(page).getByRole("treeitem", { selected: true })).toContainText("provider call");
  await expect(page, "the keys of other pages rest here").toHaveURL(new RegExp(trace));
  await page.keyboard.press("ArrowDown");
  await expect(tree(page).getByRole("treeitem", { selected: true })).toContainText("provider-b");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await expect(tree(page).getByRole("treeitem", { selected: true })).toHaveAttribute("aria-expanded", "false");
  await page.keyboard.press("ArrowRight");
  await expect(tree(page).getByRole("treeitem", { selected: true })).toHaveAttribute("aria-expanded", "true");
  await page.keyboard.press("Enter");

  const panel = page.getByRole("region", { name: /provider call/ });
  await expect(panel).toContainText("deadline exceeded");
  await expect(panel).toContainText("starts at");
  await expect(panel).toContainText("183 ms, lasts 2.00 s");
  await expect(panel).toContainText("all on the critical path");
  await expect(panel).toContainText("c-91d4e07a");
  await expect(panel).toContainText("request sent");
  await expect(panel).toContainText("provider-b try 1 gave up");
  await expect(panel).toContainText("v2.40.3", { useInnerText: false });
  await expect(page).toHaveURL(/span=0000000000000009/);
  await fitsItsWidth(page);
  await accessible(page);

  // The address leads to the same span again.
  await page.reload();
  await isRunning(page);
  await expect(panel).toContainText("connection reused");
  if (info.project.name === "phone") await expect(tree(page)).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
  await expect(tree(page)).toBeVisible();
  await expect(page).not.toHaveURL(/span=/);
});

test("of five thousand spans only those that are seen are in the page", async ({ as, house }) => {
  test.slow();
  const [sender, trace, began] = [await Sender.of(house), traceId(), Date.now() - 60_000];
  const spans = Array.from({ length: 5_000 }, (_, n): Span => {
    // Sixty beneath the first, and what is left beneath those.
    const parent = n === 0 ? undefined : n <= 60 ? 1 : (n % 60) + 2;
    return { id: n + 1, parent, service: `s${n % 9}`, name: `op ${n}`, at: n / 10, for: n === 0 ? 5_000 : 400, error: n === 3_777 ? "no" : undefined };
  });
  for (let n = 0; n < spans.length; n += 2_500) await sender.spans(trace, began, spans.slice(n, n + 2_500));
  const page = await as("responder");
  await opened(page, trace);
  await expect(page.getByRole("list", { name: "Facts" })).toContainText("5,000 spans");
  await tree(page).focus();
  await page.keyboard.press("e");
  await expect(tree(page).getByRole("treeitem", { selected: true })).toHaveAttribute("data-failed", "");
  // What lies above is unfolded: enough to scroll through.
  await page.keyboard.press("ArrowLeft");
  for (let n = 0; n < 6; n++) {
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowRight");
  }
  const scrolled = await tree(page).evaluate(async element => {
    const frame = () => new Promise(next => requestAnimationFrame(next));
    element.scrollIntoView({ block: "start" });
    // The sentence and the small map are drawn once: nothing of them changes while rows come and go.
    let drawnAnew = 0;
    const once = [...document.querySelectorAll("h1, svg.trace__map")];
    const observer = new MutationObserver(seen => (drawnAnew += seen.length));
    once.forEach(node => observer.observe(node, { subtree: true, childList: true, attributes: true, characterData: true }));
    const height = element.querySelector("[role=treeitem]")?.getBoundingClientRect().height ?? 1;
    const [rows, empty]: [number[], number[]] = [[], []];
    for (let step = 0; step < 90; step++) {
      element.scrollTop += 160;
      await frame();
      await frame();
      rows.push(element.querySelectorAll("[role=treeitem]").length);
      const { left, top, width } = element.getBoundingClientRect();
      if (!document.elementFromPoint(left + width / 3, top + element.clientHeight / 2)?.closest("[role=treeitem]")) empty.push(step);
    }
    observer.disconnect();
    return { rows: Math.max(...rows), seen: Math.ceil(element.clientHeight / height), empty, drawnAnew, once: once.length, by: element.scrollTop };
  });
  expect(scrolled.by, "there is enough to scroll through").toBeGreaterThan(5_000);
  expect(scrolled.rows, "rows in the page").toBeLessThanOrEqual(scrolled.seen + 20);
  expect(scrolled.empty, "a row stands wherever one looks").toEqual([]);
  expect([scrolled.once, scrolled.drawnAnew]).toEqual([2, 0]);
});

test("a call that succeeds when tried again is a result of its own", async ({ as, house }) => {
  const [sender, trace, word, began] = [await Sender.of(house), traceId(), unique(), Date.now() - 60_000];
  const call = (id: number, at: number, error?: string): Span => ({
    id,
    parent: 1,
    service: `pay-${word}`,
    name: "POST /v1/charge",
    kind: 3,
    at,
    for: 100,
    error,
    attributes: { "peer.service": "provider-b" },
  });
  await sender.spans(trace, began, [
    { id: 1, service: `pay-${word}`, name: "POST /charge", kind: 2, at: 0, for: 260 },
    call(2, 10, "connection reset"),
    call(3, 120),
  ]);
  await sender.spans(traceId(), began, [{ id: 1, service: `pay-${word}`, name: "POST /charge", kind: 2, at: 0, for: 40, error: "declined" }]);
  const page = await as("viewer");
  await page.goto(`/debug/traces?service=pay-${word}`);
  await isRunning(page);
  const rows = page.getByRole("table", { name: /^Traces/ }).locator("tbody tr");
  await expect(rows).toHaveCount(2);
  await expect(rows.first(), "what failed in the end stands first, however short").toContainText("1 error");
  await expect(rows.last()).toContainText("ok, retried");
  await rows.last().getByRole("link").click();
  const facts = page.getByRole("list", { name: "Facts" });
  await expect(facts).toContainText("ok, retried");
  await expect(facts).toContainText("1 failed call succeeded when tried again");
});

test("what failing calls carry more often stands first among a span's attributes", async ({ as, house }) => {
  const [sender, word, began] = [await Sender.of(house), unique(), Date.now() - 60_000];
  const failing = traceId();
  for (let n = 0; n < 40; n++) {
    const failed = n < 12;
    const region = failed || n % 14 === 0 ? "EU" : "US";
    await sender.spans(n === 0 ? failing : traceId(), began + n * 100, [
      { id: 1, service: `pay-${word}`, name: "POST /charge", kind: 2, at: 0, for: 50, error: failed ? "declined" : undefined, attributes: { "a.first": "x", "card.region": region } },
    ]);
  }
  const page = await as("viewer");
  await page.goto(`/debug/traces/${failing}?span=0000000000000001`);
  await isRunning(page);
  const panel = page.getByRole("region", { name: /POST \/charge/ });
  await expect(panel).toContainText(/100 % of 12 that fail, 7\.1 % of 28 others/);
  await expect(panel).toContainText(/Over-represented first: 12 that fail against 28 others of this operation/);
  await expect(panel.locator(".trace__part").first().locator("dt").first()).toHaveText("card.region");
  await fitsItsWidth(page);
  await accessible(page);
});

test("an incident leads to its trace and the trace back to where it is named", async ({ as, house, watch }) => {
  watch.expects(/status of 404/);
  const { trace, word } = await paid(house);
  const incident = await house.declare({ title: "Payments time out", severity: "SEV2", services: [`payments-${word}`] });
  const page = await as("responder");
  await opened(page, trace);
  await page.getByRole("button", { name: `Pin to ${incident.ref}` }).click();
  const named = page.getByRole("list", { name: "Incidents that name this trace" });
  await named.getByRole("link", { name: `On the timeline of ${incident.ref}` }).click();
  await expect(page).toHaveURL(new RegExp(`/incidents/${incident.ref}#entry-\\d+`));
  const entry = page.getByRole("region", { name: "Timeline" }).getByRole("link", { name: /Two tries at provider-b/ });
  await entry.click();
  await expect(page, "in this window, as it lies on this server").toHaveURL(new RegExp(`/debug/traces/${trace}`));
  await expect(named).toContainText(incident.ref);

  // A line that somebody pastes leads there too, and so does an alert.
  const other = traceId();
  await house.command(incident.id, { command: "note", text: `ERROR trace_id=${other} gave up` });
  await page.goto(`/incidents/${incident.ref}`);
  await page.getByRole("link", { name: `Trace ${other.slice(0, 8)}`, exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/debug/traces/${other}`));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("This trace is not here");
});

test("orphans, circles, several roots and a missing time are shown as they came", async ({ as, house }) => {
  const [sender, trace, began] = [await Sender.of(house), traceId(), Date.now() - 60_000];
  await sender.spans(trace, began, [
    { id: 1, service: "edge", name: "GET /", at: 0, for: 100 },
    { id: 2, parent: 999, service: "mail", name: "send", at: 20, for: 30 },
    { id: 3, parent: 4, service: "x", name: "one", at: 10, for: 20 },
    { id: 4, parent: 3, service: "x", name: "two", at: 12, for: 20 },
    { id: 5, service: "cron", name: "tick", at: 50, for: 5 },
  ]);
  const page = await as("responder");
  await opened(page, trace);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("edge GET / takes 100 of 100 ms.");
  const note = page.getByRole("note");
  await expect(note).toContainText("1 span hangs under a parent that is missing.");
  await expect(note).toContainText("2 spans have no parent: the trace has several roots.");
  await expect(note).toContainText("1 circle of parents was cut");
  await expect(tree(page).getByRole("treeitem").filter({ hasText: "parent missing" })).toBeVisible();
  await expect(tree(page).getByText("circle cut")).toBeVisible();
  await accessible(page);
});

test("a trace that is not kept says so", async ({ as, watch }) => {
  watch.expects(/status of 404/);
  const page = await as("viewer");
  await opened(page, "00000000000000000000000000000abc");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("This trace is not here");
  await expect(page.getByRole("button", { name: "Look again" })).toBeVisible();
  await accessible(page);
});

// The graph is of the whole house: what others send may need more layers than find room.
const alone = inside(() => House.open());

alone("traces are listed, errors first, searched, and lead to their page", async ({ as, house }, info) => {
  const { trace, word } = await paid(house);
  const [sender, began] = [await Sender.of(house), Date.now() - 50_000];
  await sender.spans(traceId(), began, [{ id: 1, service: `checkout-${word}`, name: "GET /basket", kind: 2, at: 0, for: 9_000 }]);
  const page = await as("responder");
  await page.goto(`/debug/traces?service=checkout-${word}`);
  await isRunning(page);
  const list = page.getByRole("table", { name: /^Traces/ });
  await expect(list.locator("tbody tr")).toHaveCount(2);
  await expect(list.locator("tbody tr").first(), "errors stand first").toContainText("4 errors");
  const search = page.getByRole("searchbox", { name: /^Search traces/ });
  await search.fill("card.region=EU");
  await search.press("Enter");
  await search.blur();
  await fitsItsWidth(page);
  await search.fill(">5s");
  await search.press("Enter");
  await expect(list.locator("tbody tr")).toHaveCount(1);
  await expect(list.locator("tbody tr")).toContainText("GET /basket");

  const graph = page.getByRole("region", { name: "Dependencies" });
  if (info.project.name === "desk") {
    await expect(graph.getByRole("button", { name: new RegExp(`^payments-${word}`) })).toBeAttached();
    for (const node of await graph.locator(".graph__node").all()) {
      const words = (await node.locator(".graph__name").textContent())?.trim() ?? "";
      expect(words, "a name is whole for whoever listens or searches").not.toContain("…");
      await expect(node).toHaveAccessibleName(new RegExp(`^${words.replaceAll(/[.*+?^$()[\]{}|\\]/g, "\\$&")}(,|$)`));
    }
    await graph.getByRole("button", { name: "as a table" }).click();
  }
  await expect(graph.getByRole("table")).toContainText("provider-b");
  await accessible(page);

  await search.fill(trace);
  await search.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/^Two tries at provider-b/);
});

test("an alert that names a trace leads to it", async ({ as, house }) => {
  const { trace } = await paid(house);
  const { incident } = await house.firing({ labels: { trace_id: trace } });
  const page = await as("responder");
  await page.goto(`/incidents/${incident.ref}`);
  await isRunning(page);
  await page.getByRole("link", { name: `Trace ${trace.slice(0, 8)}` }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/^Two tries at provider-b/);
});
