//! A real outage log, told again through parser and store.

use crate::{people_at_work::*, story};
use serde_json::Value;
use tocsin::{
    domain::{incident::State, time::Timestamp},
    server::{
        sources::{self, Request},
        store::{AlertFilter, IncidentFilter, Receipt},
    },
};

const LOG: &str = include_str!("../fixtures/outage-log.jsonl");

/// Delivers the log line by line, with the clock at each line's receipt.
async fn replay(fresh: &crate::databases::Fresh) -> Receipt {
    let source = sources::find("alertmanager").expect("there is an adapter for Alertmanager");
    let mut sum = Receipt::default();
    for line in LOG.lines() {
        let line: Value = serde_json::from_str(line).expect("the log is JSON lines");
        let received_at = line["received_at"].as_str().and_then(Timestamp::parse).expect("each line says when");
        fresh.clock.set(received_at);
        let body = line["body"].to_string();
        let request = Request { body: body.as_bytes(), header: &|_| None, received_at, new_key: &String::new };
        let parsed = (source.parse)(&request).expect("each body is Alertmanager's");
        let receipt = fresh.store.intake(delivery(received_at, parsed.signals)).await.expect("the store works");
        sum.opened += receipt.opened;
        sum.repeated += receipt.repeated;
        sum.resolved += receipt.resolved;
        sum.ignored += receipt.ignored;
        sum.incidents_opened += receipt.incidents_opened;
        sum.incidents_resolved += receipt.incidents_resolved;
    }
    sum
}

story! {
    async fn forty_seven_outages_open_and_forty_seven_close(fresh) {
        let sum = replay(&fresh).await;
        assert_eq!((sum.opened, sum.resolved), (47, 47));
        assert_eq!(sum.incidents_opened, sum.incidents_resolved);
        assert!(sum.ignored > 0, "many lines are keep-alives that recover nothing");
        let open = AlertFilter { open: Some(true), ..AlertFilter::for_actor(admin()) };
        assert_eq!(fresh.store.alerts(&open, None, 10).await.unwrap().items.len(), 0);
        let incidents = fresh.store.incidents(&IncidentFilter::for_actor(admin()), None, 100).await.unwrap();
        assert!(incidents.items.iter().all(|incident| incident.state == State::Resolved && incident.impact.iter().all(|window| window.to.is_some())));
        assert!(fresh.store.verify(true).await.unwrap().faults.is_empty());
        // The same log once more, as after a sender's restart: everything in it is late.
        let again = replay(&fresh).await;
        assert_eq!((again.opened, again.resolved, again.incidents_opened), (0, 0, 0));
    }
}
