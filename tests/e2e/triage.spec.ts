import { expect, nameOn, test } from "./house";
import { Board, choose, IncidentPage } from "./screens";

test("acknowledging takes two taps from the board", async ({ as, house, isMobile }) => {
  const { incident } = await house.firing();
  const page = await as("responder");
  const board = await Board.open(page);
  const tap = (target: ReturnType<Board["row"]>) => (isMobile ? target.tap() : target.click());
  await tap(board.row(incident));
  await tap(new IncidentPage(page).verb(/^Acknowledge/));
  await expect(page.getByText(/acknowledged/i).first()).toBeVisible();
  await expect.poll(async () => (await house.incident(incident.id)).acknowledged).not.toBeNull();
});

test("acknowledging works by keyboard alone", async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("responder");
  await IncidentPage.open(page, incident);
  const verb = new IncidentPage(page).verb(/^Acknowledge/);
  for (let presses = 0; presses < 80 && !(await verb.evaluate(button => button === document.activeElement)); presses++) await page.keyboard.press("Tab");
  await expect(verb).toBeFocused();
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await house.incident(incident.id)).acknowledged).not.toBeNull();
});

test("the answers propose a severity, and another one asks for a reason and keeps both", async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("responder");
  const screen = await IncidentPage.open(page, incident);
  await screen.verb(/^Set severity/).click();
  for (const answer of ["Customers", "Some", "Clumsy"]) await choose(screen.dialog, answer);
  await expect(screen.dialog.getByText(/Because some customers are hurt/)).toBeVisible();
  await expect(screen.dialog.getByRole("button", { name: "Set SEV3" })).toBeVisible();
  await screen.dialog.getByLabel("Severity", { exact: true }).selectOption("sev2");
  await screen.dialog.getByRole("button", { name: "Set SEV2" }).click();
  await expect(screen.dialog.getByRole("alert")).toContainText(/reason/i);
  await screen.dialog.getByLabel("Why").fill("A big customer called");
  await screen.dialog.getByRole("button", { name: "Set SEV2" }).click();
  await expect.poll(async () => (await house.incident(incident.id)).severity).toBe("SEV2");
  await expect(screen.entry("A big customer called")).toContainText(/SEV3/);
});

test("a viewer sees what could be done, and why they cannot", async ({ as, house }) => {
  const { incident } = await house.firing();
  const page = await as("viewer");
  const screen = await IncidentPage.open(page, incident);
  const verb = screen.verb(/^Acknowledge/);
  await expect(verb).toBeVisible();
  await expect(verb).toBeDisabled();
  await expect(screen.actions).toContainText(/responder/i);
});

test("who has it is on everybody's screen", async ({ as, house }) => {
  const { incident } = await house.firing();
  const [mine, theirs] = [await as("responder"), await as("commander")];
  await IncidentPage.open(theirs, incident);
  const screen = await IncidentPage.open(mine, incident);
  await screen.verb(/^Acknowledge/).click();
  await expect(new IncidentPage(theirs).entry(/acknowledged/i)).toContainText(nameOn(mine));
});
