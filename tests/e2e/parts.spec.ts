// What is not on the first screen comes in parts, with a stylesheet of its own.
import { expect, test } from "./house";
import { Board, isRunning } from "./screens";

// The worker, once it is there, answers for the files that are held back here.
test.use({ serviceWorkers: "block" });

test("a page that comes later is not seen before its style is there", async ({ as }) => {
  const page = await as("viewer");
  let letIn = () => {};
  const held = new Promise<void>(done => (letIn = done));
  await page.route("**/later-*.css", async route => (await held, await route.continue()));
  const part = page.waitForResponse(/\/part-lists-\w+\.wasm$/);
  await Board.open(page);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Incidents" }).click();
  await (await part).finished();
  await expect(page.getByText("Loading the page…")).toBeVisible();
  await expect(page.locator(".list-head")).not.toBeAttached();
  letIn();
  await expect(page.locator(".list-head")).toHaveCSS("display", /^(flex|grid)$/);
});

test("a later stylesheet that does not come is said, and asked for again", async ({ as, watch }) => {
  watch.expects(/ERR_FAILED|Failed to fetch/);
  const page = await as("viewer");
  await page.route("**/later-*.css", route => route.abort());
  await Board.open(page);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Incidents" }).click();
  const again = page.getByRole("button", { name: "Try again" });
  await expect(again).toBeVisible();
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await again.click();
  await expect(page.locator(".list-head")).toHaveCSS("display", /^(flex|grid)$/);
});

test("what is pressed before the rest of the app could be fetched is done once it has come", async ({ as, house, watch }) => {
  watch.expects(/ERR_FAILED|Failed to fetch/);
  await house.firing();
  const page = await as("responder");
  await page.route("**/part-exchange-*.wasm", route => route.abort());
  await page.goto("/");
  // The app runs, and says that it hears nothing.
  await expect(page.locator(".connection")).toHaveAttribute("data-state", "offline");
  // The button is of the incident that needs somebody first, whichever journey opened that.
  const first = (await page.getByRole("region", { name: "Needs somebody now" }).innerText()).match(/INC-\d+/)![0];
  await page.getByRole("button", { name: "Acknowledge for 30 min" }).filter({ visible: true }).first().click();
  await expect(page.getByText(/^This waits on this page/)).toBeVisible();
  expect((await house.incident(first)).acknowledged).toBeNull();
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await expect.poll(async () => (await house.incident(first)).acknowledged).not.toBeNull();
});

test("what a page waits for is asked for beside the app, and once", async ({ as, house }) => {
  const { incident } = await house.firing();
  for (const [path, part] of [[`/incidents/${incident.ref}`, "triage"], ["/incidents", "lists"], ["/settings/integrations", "office"]] as const) {
    const page = await as("responder");
    const asked: string[] = [];
    page.on("request", request => asked.push(new URL(request.url()).pathname));
    await page.goto(path);
    await isRunning(page);
    const files = asked.filter(name => /^\/(part|later)-/.test(name));
    expect(files.filter((name, at) => files.indexOf(name) !== at), "nothing is fetched twice").toEqual([]);
    const html = await (await page.request.get(path, { headers: { accept: "text/html" } })).text();
    expect(html).toContain(`<link rel="preload" href="/part-${part}-`);
    expect(html).toContain(`<link rel="preload" href="/later-`);
    expect(html).not.toContain("<!--parts");
  }
  const board = await (await (await as("responder")).request.get("/", { headers: { accept: "text/html" } })).text();
  expect(board).not.toMatch(/part-|later-/);
});
