// Debian's real Prometheus and Alertmanager, small and impatient, on loopback ports of their own.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, Running } from "./house";

const prometheus = process.env.PROMETHEUS || "/usr/bin/prometheus";
const alertmanager = process.env.ALERTMANAGER || "/usr/bin/prometheus-alertmanager";

/** Something to scrape that can fail and come back. */
export class Target {
  private server: Server | undefined;
  private constructor(readonly port: number) {}

  static async make(): Promise<Target> {
    return new Target(await freePort());
  }

  start(): Promise<void> {
    return new Promise((ready, failed) => {
      this.server = createServer((_, answer) => answer.setHeader("content-type", "text/plain; version=0.0.4").end("shop_orders_total 1\n"))
        .once("error", failed)
        .listen(this.port, "127.0.0.1", ready);
    });
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    // Prometheus keeps its connection open.
    server.closeAllConnections();
    await new Promise(closed => server.close(closed));
  }
}

/** What has been started; ended in the reverse order. */
export class Monitoring {
  private readonly folder = mkdtempSync(join(tmpdir(), "tocsin-monitoring-"));
  private readonly running: Running[] = [];

  /** An Alertmanager that posts to `webhook`; the answer is its address. */
  async alertmanager(webhook: string): Promise<string> {
    const port = await freePort();
    const config = join(this.folder, "alertmanager.yml");
    writeFileSync(
      config,
      `route:
  receiver: tocsin
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: tocsin
    webhook_configs:
      - url: ${webhook}
        send_resolved: true
`,
    );
    const address = `127.0.0.1:${port}`;
    const process = Running.start("alertmanager", alertmanager, [`--config.file=${config}`, `--storage.path=${join(this.folder, "alertmanager")}`, `--web.listen-address=${address}`, "--cluster.listen-address="]);
    this.running.push(process);
    await process.answers(`http://${address}/-/ready`);
    return address;
  }

  /** A Prometheus that scrapes `target` as `job` and tells `alerting` (the YAML of one alertmanager) when it is down. */
  async prometheus(target: Target, service: string, alerting: string): Promise<void> {
    const port = await freePort();
    const config = join(this.folder, "prometheus.yml");
    const rules = join(this.folder, "rules.yml");
    writeFileSync(
      rules,
      `groups:
  - name: shop
    rules:
      - alert: TargetDown
        expr: up{job="shop"} == 0
        for: 0s
        labels:
          severity: critical
          service: ${service}
        annotations:
          summary: "{{ $labels.job }} of ${service} does not answer"
`,
    );
    writeFileSync(
      config,
      `global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
rule_files: [${rules}]
alerting:
  alertmanagers:
    - ${alerting}
scrape_configs:
  - job_name: shop
    static_configs:
      - targets: ["127.0.0.1:${target.port}"]
`,
    );
    const address = `127.0.0.1:${port}`;
    const process = Running.start("prometheus", prometheus, [`--config.file=${config}`, `--storage.tsdb.path=${join(this.folder, "prometheus")}`, `--web.listen-address=${address}`]);
    this.running.push(process);
    await process.answers(`http://${address}/-/ready`);
  }

  async stop(): Promise<void> {
    for (const process of this.running.reverse()) await process.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
