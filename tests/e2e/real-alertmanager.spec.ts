// The real thing: Debian's Prometheus and Alertmanager, a target that fails and comes back, and
// the page that people look at.
import { expect, test, unique } from "./house";
import { Monitoring, Target } from "./prometheus";
import { Board, IncidentPage } from "./screens";

test.describe.configure({ timeout: 120_000 });

test("a failing target becomes an incident on the page, through Prometheus and Alertmanager, until it is back", async ({ as, house }) => {
  const service = `shop-${unique()}`;
  const [monitoring, target] = [new Monitoring(), await Target.make()];
  try {
    await target.start();
    const page = await as("responder");
    const board = await Board.open(page);
    const alertmanager = await monitoring.alertmanager(`${house.url}/hooks/alertmanager/${await house.integration("alertmanager")}`);
    await monitoring.prometheus(target, service, `static_configs: [{ targets: ["${alertmanager}"] }]`);

    await target.stop();
    await expect(board.row({ title: service })).toBeVisible({ timeout: 40_000 });
    await board.row({ title: service }).click();
    const screen = new IncidentPage(page);
    await expect(page.getByRole("heading", { level: 1 })).toContainText(service);
    await screen.verb(/^Acknowledge/).click();
    const incident = await house.incidentOf(service);
    await expect.poll(async () => (await house.incident(incident.id)).acknowledged).not.toBeNull();

    await target.start();
    // Somebody works on it, so it stays open and says that the signal is back; now it can be resolved without a reason.
    await expect(screen.entry(/alert resolved/i)).toBeVisible({ timeout: 40_000 });
    await screen.verb(/^Resolve/).click();
    await expect.poll(async () => (await house.incident(incident.id)).state).toBe("resolved");
    await expect(page.getByRole("main").getByText("Resolved", { exact: true }).first()).toBeVisible();
  } finally {
    await monitoring.stop();
    await target.stop();
  }
});

test("Prometheus can point straight at Tocsin, and an incident nobody touched resolves by itself", async ({ as, house }) => {
  const service = `shop-${unique()}`;
  const [monitoring, target] = [new Monitoring(), await Target.make()];
  try {
    const page = await as("viewer");
    const board = await Board.open(page);
    const key = await house.integration("prometheus");
    await monitoring.prometheus(target, service, `{ path_prefix: /hooks/prometheus/${key}, static_configs: [{ targets: ["${new URL(house.url).host}"] }] }`);
    await expect(board.row({ title: service })).toBeVisible({ timeout: 40_000 });
    const incident = await house.incidentOf(service);
    expect(incident.state).toBe("triage");

    await IncidentPage.open(page, incident);
    await target.start();
    await expect.poll(async () => (await house.incident(incident.id)).state, { timeout: 40_000 }).toBe("resolved");
    await expect(page.getByRole("main").getByText(/Resolved/).first()).toBeVisible();
  } finally {
    await monitoring.stop();
    await target.stop();
  }
});
