import { expect, test, unique } from "./house";
import { choose, IncidentPage } from "./screens";

test("answers become a severity, and the button says what it will do", async ({ as, house }) => {
  const page = await as("responder");
  await page.goto("/declare");
  const title = `Sign-in fails ${unique()}`;
  await page.getByRole("textbox", { name: "What is broken?" }).fill(title);
  for (const answer of ["Customers", "Many", "None"]) await choose(page, answer);
  await page.getByRole("button", { name: /^Declare SEV1/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: new RegExp(title) })).toBeVisible();
  const { items } = await house.rest<{ items: { title: string; severity: string; state: string }[] }>("GET", "/api/v1/incidents?limit=500");
  expect(items.filter(incident => incident.title === title)).toMatchObject([{ severity: "SEV1", state: "active" }]);
});

test("not sure yet starts triage", async ({ as, house }) => {
  const page = await as("responder");
  await page.goto("/declare");
  const title = `Odd numbers in the report ${unique()}`;
  await page.getByRole("textbox", { name: "What is broken?" }).fill(title);
  await page.getByRole("button", { name: /Not sure yet/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: new RegExp(title) })).toBeVisible();
  const { items } = await house.rest<{ items: { title: string; severity: string | null; state: string }[] }>("GET", "/api/v1/incidents?limit=500");
  expect(items.filter(incident => incident.title === title)).toMatchObject([{ severity: null, state: "triage" }]);
});

test("an address fills the form beforehand", async ({ as }) => {
  const page = await as("responder");
  await page.goto("/declare?title=Search%20is%20slow&service=search");
  await expect(page.getByRole("textbox", { name: "What is broken?" })).toHaveValue("Search is slow");
  await expect(page.getByRole("list", { name: "Services named" })).toContainText("search");
});

test("an incident declared by a program is on the page", async ({ as, house }) => {
  const incident = await house.declare({ title: `Backup missed ${unique()}`, severity: "SEV4", services: ["backup"] });
  const page = await as("viewer");
  await IncidentPage.open(page, incident);
  await expect(page.getByText("SEV4").first()).toBeVisible();
});

test("whether somebody broke in is asked unless no data is at risk, and answers share a row where they fit", async ({ as }, info) => {
  const page = await as("responder");
  await page.goto("/declare");
  const breach = page.getByRole("group", { name: /^Did somebody break in\?/ });
  const data = page.getByRole("group", { name: /^Is data at risk\?/ });
  await expect(data).toBeVisible();
  await expect(breach).toBeVisible();
  await choose(data, "No");
  await expect(breach).toHaveCount(0);
  await choose(data, "Perhaps");
  await expect(breach).toBeVisible();
  if (info.project.name !== "phone") return;
  const tops = await data.locator("label").evaluateAll(labels => new Set(labels.map(label => Math.round(label.getBoundingClientRect().top))).size);
  expect(tops).toBe(1);
});
