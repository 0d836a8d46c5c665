// The house under test: one real server per worker with a database of its own, people who sign
// in, senders who post alerts, and a watch over everything a page should not do.
import { test as base, expect, type Browser, type BrowserContext, type Page } from "@playwright/test";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export { expect };
export type { Page };

const binary = process.env.TOCSIN_BIN || resolve(import.meta.dirname, "../../target/debug/tocsin");

export type Role = "viewer" | "responder" | "commander" | "admin";

/** A port of the loopback interface that nobody uses now. */
export function freePort(): Promise<number> {
  return new Promise((found, lost) => {
    const server = createServer().once("error", lost);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address && typeof address === "object" ? found(address.port) : lost(new Error("no port"))));
    });
  });
}

/** Runs a program until `stop`; its output is kept for whoever looks for the reason of a failure. */
export class Running {
  private said = "";
  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
  ) {
    const keep = (bytes: Buffer) => (this.said = (this.said + bytes.toString()).slice(-20_000));
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    child.on("error", error => (this.said += String(error)));
  }

  static start(name: string, program: string, args: string[]): Running {
    return new Running(name, spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] }));
  }

  /** Waits until `url` answers with a 2xx. */
  async answers(url: string, withinMs = 30_000): Promise<void> {
    const until = Date.now() + withinMs;
    while (Date.now() < until) {
      if (this.child.exitCode !== null || this.child.pid === undefined) break;
      const answer = await fetch(url).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise(next => setTimeout(next, 50));
    }
    throw new Error(`${this.name} does not answer at ${url}. It said:\n${this.said}`);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) return;
    const ended = new Promise(done => this.child.once("exit", done));
    this.child.kill("SIGTERM");
    const impatient = setTimeout(() => this.child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(impatient);
  }
}

/** One server, and what can be done to it without a browser. */
export class House {
  private constructor(
    readonly url: string,
    private readonly server: Running,
    private readonly token: string,
    private readonly folder: string,
  ) {}

  static async open(): Promise<House> {
    const folder = mkdtempSync(join(tmpdir(), "tocsin-e2e-"));
    const database = `sqlite://${join(folder, "house.sqlite")}`;
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const server = Running.start("tocsin", binary, ["serve", "--demo", "--listen", `127.0.0.1:${port}`, "--database-url", database]);
    await server.answers(`${url}/readyz`);
    const made = spawnSync(binary, ["token", "create", "--name", "e2e", "--role", "admin", "--database-url", database], { encoding: "utf8" });
    if (made.status !== 0) throw new Error(`no token could be made: ${made.stderr}`);
    return new House(url, server, made.stdout.trim(), folder);
  }

  async close(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Calls the REST API as an admin; anything but a 2xx fails. */
  async rest<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} → ${answer.status}: ${text}`);
    return JSON.parse(text) as T;
  }

  /** Sends one line of JSON for each of these, as an admin. */
  async lines(path: string, lines: unknown[]): Promise<void> {
    const body = lines.map(line => JSON.stringify(line)).join("\n");
    const answer = await fetch(`${this.url}${path}`, { method: "POST", headers: { authorization: `Bearer ${this.token}` }, body });
    if (!answer.ok) throw new Error(`POST ${path} → ${answer.status}: ${await answer.text()}`);
  }

  /** How often a browser reported that a page broke its own policy. */
  async policyBreaches(): Promise<number> {
    const metrics = await (await fetch(`${this.url}/metrics`)).text();
    return Number(/^tocsin_csp_reports_total (\d+)$/m.exec(metrics)?.[1] ?? Number.NaN);
  }

  /** The key of a new integration. */
  async integration(source: string, name = `${source} ${unique()}`): Promise<string> {
    const { token } = await this.rest<{ token: string }>("POST", "/api/v1/integrations", { source, name });
    return token;
  }

  /** Posts what Alertmanager's webhook would. */
  async alertmanager(token: string, alerts: Alert[]): Promise<void> {
    const body = webhook(alerts);
    const answer = await fetch(`${this.url}/hooks/alertmanager/${token}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`the webhook was answered with ${answer.status}: ${await answer.text()}`);
  }

  /** Fires one alert through a new integration, and says which incident it opened. */
  async firing(draft: Partial<Alert> = {}): Promise<{ alert: Alert; incident: Incident; resolve: () => Promise<void> }> {
    const token = await this.integration("alertmanager");
    const service = draft.service ?? `service-${unique()}`;
    const alert: Alert = { name: "HighErrorRate", severity: "critical", summary: `Errors in ${service}`, ...draft, service };
    await this.alertmanager(token, [alert]);
    return { alert, incident: await this.incidentOf(service), resolve: () => this.alertmanager(token, [{ ...alert, status: "resolved" }]) };
  }

  async incidentOf(service: string): Promise<Incident> {
    const { items } = await this.rest<{ items: Incident[] }>("GET", "/api/v1/incidents?limit=500");
    const found = items.find(incident => incident.services.includes(service));
    if (!found) throw new Error(`no incident names the service ${service}`);
    return found;
  }

  incident(id: string): Promise<Incident> {
    return this.rest("GET", `/api/v1/incidents/${id}`);
  }

  async timeline(id: string): Promise<Entry[]> {
    const answer = await this.rest<Entry[] | { items: Entry[] }>("GET", `/api/v1/incidents/${id}/timeline?limit=500`);
    return Array.isArray(answer) ? answer : answer.items;
  }

  command(id: string, command: Record<string, unknown>): Promise<Incident> {
    return this.rest("POST", `/api/v1/incidents/${id}/commands`, command);
  }

  declare(draft: Record<string, unknown>): Promise<Incident> {
    return this.rest("POST", "/api/v1/incidents", draft);
  }
}

export interface Incident {
  id: string;
  ref: string;
  title: string;
  state: string;
  severity: string | null;
  acknowledged: { by: unknown; until: string | null } | null;
  services: string[];
  roles: Record<string, { holder: { person: { name: string } } | null } | undefined>;
  version: number;
}

export interface Entry {
  seq: number;
  kind: string;
  text: string;
  happened_at: string;
  recorded_at: string;
  pinned: boolean;
}

export interface Alert {
  name: string;
  service: string;
  severity: string;
  summary: string;
  status?: "firing" | "resolved";
  labels?: Record<string, string>;
  generatorURL?: string;
  startsAt?: string;
}

/** Alertmanager's webhook, version 4. */
export function webhook(alerts: Alert[]): unknown {
  const startedAt = new Date().toISOString();
  const firing = alerts.some(alert => alert.status !== "resolved");
  return {
    version: "4",
    groupKey: `{}:{alertname="${alerts[0]?.name}"}`,
    truncatedAlerts: 0,
    status: firing ? "firing" : "resolved",
    receiver: "tocsin",
    groupLabels: { alertname: alerts[0]?.name },
    commonLabels: {},
    commonAnnotations: {},
    externalURL: "http://alertmanager.example:9093",
    alerts: alerts.map(alert => {
      const labels = { alertname: alert.name, service: alert.service, severity: alert.severity, ...alert.labels };
      const resolved = alert.status === "resolved";
      // The sender's clock decides the order of firing and resolve.
      alert.startsAt ??= startedAt;
      return {
        status: alert.status ?? "firing",
        labels,
        annotations: { summary: alert.summary },
        startsAt: alert.startsAt,
        endsAt: resolved ? new Date().toISOString() : "0001-01-01T00:00:00Z",
        generatorURL: alert.generatorURL ?? "http://prometheus.example:9090/graph",
        fingerprint: fingerprint(JSON.stringify(labels)),
      };
    }),
  };
}

/** A stable 16-digit number for equal labels, as senders make them. */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

let counter = 0;
/** A word that no other test of this run uses. */
export function unique(): string {
  return `${process.pid.toString(36)}${(counter++).toString(36)}`;
}

/** Everything a page does that it should not. */
export class Watch {
  private readonly faults: string[] = [];
  private readonly expected: RegExp[] = [];

  /** A fault that this test brings about on purpose. */
  expects(fault: RegExp): void {
    this.expected.push(fault);
  }

  async over(context: BrowserContext): Promise<void> {
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", event => console.error(`the policy blocked ${event.violatedDirective} ${event.blockedURI}`));
    });
    context.on("console", message => {
      if (message.type() === "error") this.note(`console: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", error => this.note(`script: ${error.error()}`));
    context.on("requestfailed", request => {
      const why = request.failure()?.errorText ?? "";
      // A page that is left takes its stream with it.
      if (why !== "net::ERR_ABORTED") this.note(`request: ${request.method()} ${request.url()} ${why}`);
    });
    context.on("response", response => {
      if (response.status() >= 500) this.note(`answer: ${response.status()} ${response.url()}`);
    });
  }

  private note(fault: string): void {
    this.faults.push(fault);
  }

  verdict(): string[] {
    return this.faults.filter(fault => !this.expected.some(expected => expected.test(fault)));
  }
}

/** Opens a page of a new browser profile, signed in. */
async function signIn(browser: Browser, house: House, watch: Watch, who: Role | { name: string } | undefined): Promise<Page> {
  const context = await browser.newContext({ baseURL: house.url });
  await watch.over(context);
  const page = await context.newPage();
  if (who === undefined) return page;
  const call = async (path: string, data: unknown) => {
    const answer = await context.request.post(`/api/fn/${path}`, { data, headers: { accept: "application/json", origin: house.url, "x-tocsin": "1" } });
    if (!answer.ok()) throw new Error(`${path} → ${answer.status()}: ${await answer.text()}`);
    return answer.json();
  };
  const people: { id: string; name: string; role: Role }[] = (await call("session/doorstep", {})).demo_people;
  const person = people.find(person => (typeof who === "string" ? person.role === who : person.name === who.name));
  if (!person) throw new Error(`the demo has nobody like ${JSON.stringify(who)}`);
  await call("session/demo-sign-in", { person: person.id });
  names.set(page, person.name);
  return page;
}

const names = new WeakMap<Page, string>();
/** The name of whoever is signed in on a page. */
export const nameOn = (page: Page): string => names.get(page) ?? "";

interface Fixtures {
  watch: Watch;
  /** A page of somebody's own browser; without `who` nobody is signed in. */
  as: (who?: Role | { name: string }) => Promise<Page>;
}

export const test = base.extend<Fixtures, { house: House }>({
  house: [
    async ({}, use) => {
      const house = await House.open();
      await use(house);
      const breaches = await house.policyBreaches();
      await house.close();
      expect(breaches, "breaches of the content security policy that browsers reported").toBe(0);
    },
    { scope: "worker" },
  ],
  watch: async ({}, use) => {
    const watch = new Watch();
    await use(watch);
    expect(watch.verdict(), "what the pages should not have done").toEqual([]);
  },
  as: async ({ browser, house, watch }, use) => {
    const opened: Page[] = [];
    await use(async who => {
      const page = await signIn(browser, house, watch, who);
      opened.push(page);
      return page;
    });
    for (const page of opened) await page.context().close();
  },
});

/** Journeys in a house that nobody else works in. */
export const inside = (build: () => Promise<House>) =>
  test.extend<{}, { house: House }>({
    house: [
      async ({}, use) => {
        const house = await build();
        await use(house);
        await house.close();
      },
      { scope: "worker", timeout: 120_000 },
    ],
  });

/** What axe finds wrong on a page, in both themes. */
export async function accessible(page: Page): Promise<void> {
  const { readFileSync } = await import("node:fs");
  const source = readFileSync(join(import.meta.dirname, "node_modules/axe-core/axe.min.js"), "utf8");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // By the debugger, not by a script element: the page's policy allows no foreign script.
    if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(source);
    const violations = await page.evaluate(async () => {
      // @ts-expect-error axe was put there above
      const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
      return violations.map((found: { id: string; help: string; nodes: { target: string[]; failureSummary?: string }[] }) => `${found.id}: ${found.help}\n  ${found.nodes.map(node => `${node.target.join(" ")} ${node.failureSummary ?? ""}`).join("\n  ")}`);
    });
    expect(violations, `axe, ${colorScheme}`).toEqual([]);
  }
}

/** Nothing makes the page scroll sideways, and no bar that is fixed to the screen leaves it. */
export async function fitsItsWidth(page: Page): Promise<void> {
  const wide = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const beyond = (selector: string, edge: number) => [...document.querySelectorAll(selector)].filter(element => element.getBoundingClientRect().right > edge + 1);
    // What is fixed makes no page scroll: what leaves the screen there is just gone.
    const gone = beyond(".verbs *, .debug__actions *, .rail *", clientWidth);
    const rail = document.querySelector(".rail")?.getBoundingClientRect();
    if (rail) gone.push(...beyond(".rail__words", rail.right));
    if (gone.length > 0) return [`a bar leaves the ${clientWidth} px of the screen`, ...gone.slice(0, 5).map(element => element.outerHTML.slice(0, 120))];
    if (scrollWidth <= clientWidth) return [];
    const over = beyond("body *", clientWidth);
    return [`the page is ${scrollWidth} px wide in ${clientWidth} px`, ...over.slice(0, 5).map(element => element.outerHTML.slice(0, 120))];
  });
  expect(wide).toEqual([]);
}
