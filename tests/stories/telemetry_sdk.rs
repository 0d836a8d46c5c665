//! Real OpenTelemetry SDKs (Python's and Rust's) export traces, metrics and logs to a real address.

use crate::{
    callers::{House, text},
    databases::Fresh,
    rust_shop, story,
};
use opentelemetry_otlp::{Compression, Protocol};
use serde_json::json;
use std::time::Duration;
use tocsin::{
    domain::{people::Role, time::Timestamp},
    server::{router, tls},
};
use tokio::{
    net::TcpListener,
    process::Command,
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

const KEY: &str = "0123456789abcdef-sdk";
const WITHIN: Duration = Duration::from_secs(60);

story! {
    async fn pythons_sdk_exports_everything(fresh) {
        let python = std::env::var("TOCSIN_TEST_OPENTELEMETRY").expect("TOCSIN_TEST_OPENTELEMETRY names a Python with OpenTelemetry's SDK; `./dev test` installs one and sets it");
        let (house, url, server) = served(&fresh).await;
        for compression in ["gzip", "none"] {
            let run = Command::new(&python)
                .args(["tests/fixtures/otlp/shop.py", compression])
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", &url)
                .env("OTEL_EXPORTER_OTLP_HEADERS", format!("Authorization=Bearer%20{KEY}"))
                .kill_on_drop(true)
                .output();
            let said = timeout(WITHIN, run).await.expect("it ends in time").expect("it runs");
            let errors = String::from_utf8_lossy(&said.stderr).into_owned();
            assert!(said.status.success() && !errors.contains("Failed to export"), "{errors}");
        }
        server.abort();
        everything_is_there(&fresh, &house).await;
    }
}

story! {
    async fn rusts_sdk_exports_everything(fresh) {
        tls::install_crypto();
        let (house, url, server) = served(&fresh).await;
        for (protocol, compression) in [(Protocol::HttpBinary, Some(Compression::Gzip)), (Protocol::HttpJson, None)] {
            let url = url.clone();
            // Its exporters wait on threads of their own, and so does their end.
            let run = spawn_blocking(move || rust_shop::tell(&rust_shop::Door { url, key: KEY, protocol, compression }));
            timeout(WITHIN, run).await.expect("it ends in time").expect("it runs");
        }
        server.abort();
        everything_is_there(&fresh, &house).await;
    }
}

/// A house whose doors are open at an address of this machine.
async fn served(fresh: &Fresh) -> (House, String, JoinHandle<std::io::Result<()>>) {
    // SDKs go by the machine's clock.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970").as_micros();
    fresh.clock.set(Timestamp::from_micros(i64::try_from(now).expect("it is before 9999")));
    let house = House::of(fresh);
    house.integration(json!({"source": "otlp", "name": "sdk", "token": KEY})).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    let server = tokio::spawn(axum::serve(listener, router::build(house.app.clone())).into_future());
    (house, format!("http://{address}"), server)
}

/// What the shop says of itself, told twice.
async fn everything_is_there(fresh: &Fresh, house: &House) {
    fresh.clock.set(fresh.store.clock().now().plus_secs(120));
    let reader = house.program(Role::Viewer).await;
    let services = reader.items("/api/v1/telemetry/services").await;
    let of = |name: &str| services.iter().find(|row| row["service"] == name).unwrap_or_else(|| panic!("{name} in {services:?}"));
    assert_eq!((&of("web")["requests"], &of("pay")["requests"], &of("pay")["errors"]), (&json!(10), &json!(10), &json!(2)));
    let traces = reader.items("/api/v1/telemetry/traces?errors=true").await;
    assert_eq!((traces.len(), &traces[0]["spans"], &traces[0]["root"]["operation"]), (2, &json!(3), &json!("GET /cart")));
    assert_eq!(reader.items("/api/v1/telemetry/traces?attribute.order=2&attribute.service.version=7").await.len(), 2);
    let logs = reader.items(&format!("/api/v1/telemetry/logs?trace_id={}", text(&traces[0]["trace_id"]))).await;
    assert_eq!(
        (logs.len(), &logs[0]["text"], &logs[0]["severity"], &logs[0]["instance"]),
        (1, &json!("order 4 was refused"), &json!("ERROR"), &json!("pay-1"))
    );
    let gauges = reader.get("/api/v1/telemetry/gauges?service=web").await.is(200);
    let queue = gauges["rows"].as_array().expect("it is a list").iter().find(|row| row["metric"] == "queue.length").expect("it is there");
    assert_eq!((&queue["instance"], queue["values"].as_array().is_some_and(|values| values.contains(&json!(3.0)))), (&json!("web-1"), true));
}
