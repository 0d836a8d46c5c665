//! What goes wrong in the demo's company, in the words of those who see to it. The history and
//! the live part tell the same troubles, so that causes come again as they do in real life.

use super::company::{Sender, Service, service_of};
use crate::domain::severity::{AlertSeverity, Severity};

/// When a trouble likes to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// When people change things.
    Office,
    /// When people shop.
    Evening,
    /// When jobs run.
    Night,
    Always,
}

impl Rhythm {
    /// How likely an hour (UTC) is, as against the others.
    pub fn at(self, hour: u32, is_weekend: bool) -> f64 {
        let (weekday, weekend) = match (self, hour) {
            (Rhythm::Office, 8..=16) => (6.0, 0.5),
            (Rhythm::Office, _) => (0.5, 0.3),
            (Rhythm::Evening, 17..=21) => (4.0, 5.0),
            (Rhythm::Evening, 9..=16) => (1.5, 3.0),
            (Rhythm::Evening, _) => (0.4, 0.5),
            (Rhythm::Night, 0..=5) => (5.0, 4.0),
            (Rhythm::Night, _) => (0.4, 0.3),
            (Rhythm::Always, 8..=21) => (1.6, 1.0),
            (Rhythm::Always, _) => (1.0, 0.8),
        };
        if is_weekend { weekend } else { weekday }
    }
}

/// Something that goes wrong now and then, and how it is brought to an end.
pub struct Trouble {
    /// The label by which repeats are known.
    pub cause: &'static str,
    pub title: &'static str,
    /// The one that alerts first, then those that suffer.
    pub services: &'static [&'static str],
    /// The name of the alert.
    pub alert: &'static str,
    /// What the alert says below its title.
    pub detail: &'static str,
    pub alert_severity: AlertSeverity,
    pub severity: Severity,
    /// Why it is that severe.
    pub because: &'static str,
    pub provider: Option<&'static str>,
    pub sender: Sender,
    pub rhythm: Rhythm,
    /// How often it comes, as against the others.
    pub weight: u32,
    /// What people write while they look.
    pub looks: &'static [&'static str],
    pub decision: &'static str,
    pub mitigation: &'static str,
    pub end: &'static str,
}

impl Trouble {
    /// The service that alerts first.
    pub fn service(&self) -> &'static Service {
        self.services.first().and_then(|name| service_of(name)).expect("a test walks them all: every trouble has a service of the company")
    }

    pub fn runbook(&self) -> String {
        format!("https://wiki.example.com/runbooks/{}/{}", self.service().name, self.cause)
    }
}

use AlertSeverity::{Critical, Error, Warning};
use Rhythm::{Always, Evening, Night, Office};
use Sender::{Jobs, Metrics, Synthetics};
use Severity::{Sev1, Sev2, Sev3, Sev4, Sev5};

/// The one that is told wherever the demo is shown.
pub static STORY: &Trouble = &TROUBLES[0];

pub static TROUBLES: [Trouble; 24] = [
    Trouble {
        cause: "provider-b-timeouts",
        title: "Card payments fail at checkout in the EU",
        services: &["payments", "checkout"],
        alert: "CardPaymentsFailing",
        detail: "38 % of card payments through provider-b time out after 10 s. Orders are lost while this lasts.",
        alert_severity: Critical,
        severity: Sev1,
        because: "EU cards are 41 % of orders, and there is no other way to pay by card",
        provider: Some("provider-b"),
        sender: Metrics,
        rhythm: Evening,
        weight: 5,
        looks: &[
            "Success of EU card payments fell from 99.6 % to 61 % within two minutes. US cards are fine.",
            "All failing calls go to provider-b; p95 of authorise is at its 10 s timeout. provider-a answers in 240 ms.",
            "payments v2.41.0 went out ten minutes before. Its diff does not touch the provider client, still suspicious.",
            "provider-b's own status page is green. Their support confirms elevated latency in Frankfurt, no estimate.",
            "About 4,100 orders did not go through so far. Baskets are kept, customers can try again.",
            "The first decline in provider-b's log is two minutes older than our alert, and older than the deploy on the second instance.",
        ],
        decision: "Send EU cards through provider-a until provider-b is back. The fee is higher, lost orders are dearer.",
        mitigation: "Routing switched to provider-a; success of EU cards is back at 99.1 %",
        end: "provider-b reports recovery, 20 minutes of their traffic at 5 % without a timeout. Routing is as before.",
    },
    Trouble {
        cause: "bad-deploy",
        title: "Checkout answers 500 for baskets with a voucher",
        services: &["checkout"],
        alert: "CheckoutErrorRatioHigh",
        detail: "7 % of POST /basket/confirm answer 500 over 5 minutes, burning the budget 14 times too fast.",
        alert_severity: Critical,
        severity: Sev2,
        because: "a fifth of all baskets carry a voucher this week, and removing it is the only way around",
        provider: None,
        sender: Metrics,
        rhythm: Office,
        weight: 7,
        looks: &[
            "Started within a minute of the last deploy reaching half of the instances.",
            "Stack trace ends in voucher rounding: a null currency for vouchers made before June.",
            "Reproduced with voucher SUMMER10 in staging. It is not the voucher service.",
            "Only baskets with more than one voucher fail, about 7 % of all.",
        ],
        decision: "Roll back now, look for the cause afterwards.",
        mitigation: "Rolled back; error ratio under 0.1 % since the last instance restarted",
        end: "The fix is merged with a test for vouchers without a currency. Nothing failed for half an hour.",
    },
    Trouble {
        cause: "index-lag",
        title: "Search index is 40 minutes behind",
        services: &["search", "catalogue"],
        alert: "SearchIndexStale",
        detail: "The newest document in the index is 40 minutes old, the goal is 5 minutes.",
        alert_severity: Error,
        severity: Sev2,
        because: "new prices do not show in search while the campaign is running",
        provider: None,
        sender: Metrics,
        rhythm: Office,
        weight: 6,
        looks: &[
            "The indexer consumes 300 documents a second, the catalogue writes 900 since the price import began.",
            "One shard is red-hot: all campaign articles hash to the same partition.",
            "Restarting the consumer did not help, lag grows by 8 minutes every 10.",
        ],
        decision: "Pause the price import, let the index catch up, then import in slices.",
        mitigation: "Import paused; lag is falling by 3 minutes each minute",
        end: "Index is 20 seconds behind, import resumed at a third of its pace without new lag.",
    },
    Trouble {
        cause: "mail-provider-throttles",
        title: "Password-reset mails delayed",
        services: &["notifications", "identity", "mail"],
        alert: "MailQueueOld",
        detail: "The oldest mail in the queue `transactional` waits for 26 minutes.",
        alert_severity: Error,
        severity: Sev2,
        because: "people who are locked out cannot get back in, and support has no workaround for them",
        provider: Some("mail-relay-1"),
        sender: Jobs,
        rhythm: Always,
        weight: 6,
        looks: &[
            "The relay answers 421 to two thirds of our connections: too many from one address.",
            "Marketing began a newsletter to 1.2 million people at the top of the hour, through the same pool.",
            "Reset mails wait behind the newsletter; there is no priority between the two.",
        ],
        decision: "Stop the newsletter until the queue is empty. Marketing knows.",
        mitigation: "Newsletter paused; transactional mails leave within 40 seconds",
        end: "Queue empty, newsletter continues at 20 a second through its own pool.",
    },
    Trouble {
        cause: "thumbnail-backlog",
        title: "Thumbnails slow to appear",
        services: &["media"],
        alert: "ThumbnailBacklog",
        detail: "18,400 images wait for their thumbnails, p95 of the wait is 22 minutes.",
        alert_severity: Warning,
        severity: Sev3,
        because: "articles show a grey box until then, and can still be bought",
        provider: None,
        sender: Jobs,
        rhythm: Office,
        weight: 7,
        looks: &[
            "A supplier uploaded 20,000 images at once, each 40 megapixels.",
            "Workers are at their memory limit and restart every few minutes.",
            "Half of the backlog is the same supplier; fresh uploads of others wait behind it.",
        ],
        decision: "Give the supplier's batch a queue of its own.",
        mitigation: "Batch moved to the slow queue; fresh uploads take 30 seconds again",
        end: "Backlog worked off, workers have 512 MB more.",
    },
    Trouble {
        cause: "vat-ids",
        title: "Invoice PDFs fail for some VAT ids",
        services: &["billing"],
        alert: "InvoiceRenderFailures",
        detail: "43 invoices of the last hour could not be rendered.",
        alert_severity: Warning,
        severity: Sev3,
        because: "business customers get their invoice late; no order is lost",
        provider: None,
        sender: Jobs,
        rhythm: Office,
        weight: 5,
        looks: &[
            "All of them have a VAT id from Northern Ireland (XI); the check refuses the prefix.",
            "The validation library was updated on Tuesday. The old version accepted XI.",
        ],
        decision: "Skip the check for XI, render the failed invoices again tonight.",
        mitigation: "Check relaxed for XI; new invoices render",
        end: "All 43 were rendered and sent again.",
    },
    Trouble {
        cause: "gateway-latency",
        title: "Gateway p95 above 300 ms in {region}",
        services: &["gateway"],
        alert: "GatewayLatencyHigh",
        detail: "p95 of all routes is 410 ms in {region}, the goal is 300 ms.",
        alert_severity: Warning,
        severity: Sev3,
        because: "every page is a little slower, conversions do not move yet",
        provider: None,
        sender: Metrics,
        rhythm: Evening,
        weight: 8,
        looks: &[
            "Traffic is 1.4 times the usual evening; the autoscaler is at its maximum of 24.",
            "Two nodes run at 95 % CPU, the others at 60 %: long connections do not move.",
            "Route /suggest takes a third of the time. Its cache ratio dropped from 92 % to 48 %.",
        ],
        decision: "Raise the maximum to 36 and drain the two hot nodes.",
        mitigation: "36 instances, p95 at 190 ms",
        end: "Stayed under 220 ms through the peak. A task about the suggest cache is written.",
    },
    Trouble {
        cause: "certificate",
        title: "Certificate of partner API ends in 3 days",
        services: &["edge"],
        alert: "CertificateExpiresSoon",
        detail: "partners.shop.example: notAfter is in 71 hours, renewal failed twice.",
        alert_severity: Warning,
        severity: Sev4,
        because: "nobody notices anything for three days",
        provider: None,
        sender: Metrics,
        rhythm: Night,
        weight: 3,
        looks: &[
            "Renewal fails at the DNS challenge: the token of the zone was rotated last week.",
            "Same cause as in spring; the token still lives in one place only.",
        ],
        decision: "Renew by hand today, move the token to the vault this week.",
        mitigation: "Renewed by hand, valid for 90 days",
        end: "Renewal runs with the new token; checked with a dry run.",
    },
    Trouble {
        cause: "ledger-replica-lag",
        title: "Ledger replica is behind by minutes",
        services: &["ledger", "reports"],
        alert: "PostgresReplicaLag",
        detail: "Replica ledger-2 is 340 s behind its primary.",
        alert_severity: Error,
        severity: Sev3,
        because: "balances in the back office are old, bookings are right",
        provider: None,
        sender: Metrics,
        rhythm: Night,
        weight: 6,
        looks: &[
            "The monthly report scans two years of bookings on the replica and holds replay back.",
            "Disk of the replica is at 100 % busy, 3 ms reads became 40 ms.",
            "hot_standby_feedback is off, so the query would be cancelled soon anyway.",
        ],
        decision: "Cancel the report and run it on the analytics copy.",
        mitigation: "Report cancelled; lag falls by 20 s each second",
        end: "Lag under 1 s. The report's connection string points at the analytics copy now.",
    },
    Trouble {
        cause: "connection-pool",
        title: "Identity runs out of database connections",
        services: &["identity", "checkout"],
        alert: "ConnectionPoolExhausted",
        detail: "All 80 connections of identity are in use, 212 requests wait for one.",
        alert_severity: Critical,
        severity: Sev2,
        because: "one sign-in of eight fails, and checkout needs a sign-in",
        provider: None,
        sender: Metrics,
        rhythm: Evening,
        weight: 5,
        looks: &[
            "Waiting requests began with the evening mail: 90,000 people open the app at once.",
            "Sessions are written on every request since v95, that doubled the writes.",
            "The database itself is idle, it is only the pool.",
        ],
        decision: "Double the pool on half of the instances first.",
        mitigation: "Pool at 160; nobody waits",
        end: "Writing sessions at most once a minute again (v96.1). Pool stays at 120.",
    },
    Trouble {
        cause: "robot-checkout",
        title: "Shop robots cannot finish an order in {region}",
        services: &["checkout", "gateway"],
        alert: "SyntheticOrderFailed",
        detail: "3 of 3 robots in {region} failed at step 4 of 6, “choose delivery”.",
        alert_severity: Error,
        severity: Sev3,
        because: "robots fail and real orders go through; it may become worse",
        provider: None,
        sender: Synthetics,
        rhythm: Always,
        weight: 6,
        looks: &[
            "The delivery list is empty for the robots' postcode only. Real orders are at their usual rate.",
            "The carrier's API has no slots for tomorrow, the page shows nothing instead of the next day.",
        ],
        decision: "Let the page fall back to the next free day.",
        mitigation: "Feature flag `next-free-day` is on; robots finish",
        end: "All robots green for 30 minutes.",
    },
    Trouble {
        cause: "disk-full",
        title: "Disk of {region} log collector fills up",
        services: &["edge"],
        alert: "DiskWillFillIn4Hours",
        detail: "/var/log on collector-{region} is 91 % full and will be full in 4 hours.",
        alert_severity: Warning,
        severity: Sev4,
        because: "logs would be lost, customers notice nothing",
        provider: None,
        sender: Metrics,
        rhythm: Night,
        weight: 6,
        looks: &["Debug logging of risk is on since yesterday, 60 GB a day.", "Rotation ran, compression did not: the cron job died last night."],
        decision: "Switch debug logging off, compress by hand.",
        mitigation: "Down to 54 %",
        end: "Rotation and compression ran through by themselves.",
    },
    Trouble {
        cause: "risk-model",
        title: "Risk refuses too many orders",
        services: &["risk", "payments"],
        alert: "RiskRefusalsHigh",
        detail: "4.8 % of orders are refused as fraud, usual is 0.9 %.",
        alert_severity: Error,
        severity: Sev2,
        because: "honest customers are turned away, and support cannot let them through",
        provider: None,
        sender: Metrics,
        rhythm: Office,
        weight: 3,
        looks: &[
            "The model of this morning weighs a new device three times as much.",
            "A phone maker's update changed the user agent: everybody has a new device today.",
            "Shadow scores of yesterday's model look normal.",
        ],
        decision: "Go back to yesterday's model for the weekend.",
        mitigation: "Yesterday's model serves; refusals at 1.0 %",
        end: "312 orders were let through by hand, their customers got a voucher.",
    },
    Trouble {
        cause: "duplicate-webhooks",
        title: "Duplicate webhooks from one partner",
        services: &["gateway", "subscriptions"],
        alert: "DuplicateWebhooks",
        detail: "Partner 2207 delivers each event 4 to 9 times.",
        alert_severity: Warning,
        severity: Sev4,
        because: "nothing is booked twice, it only costs us load",
        provider: Some("partner-2207"),
        sender: Jobs,
        rhythm: Always,
        weight: 4,
        looks: &["They retry because our answer takes 11 s and they wait for 10.", "The slow part is writing the audit row inside the request."],
        decision: "Answer first, write the audit row afterwards.",
        mitigation: "Answer takes 40 ms; duplicates ended",
        end: "No duplicate for two hours.",
    },
    Trouble {
        cause: "renewals-stuck",
        title: "Subscription renewals stopped half way",
        services: &["subscriptions", "billing"],
        alert: "RenewalsStalled",
        detail: "No renewal for 25 minutes, 8,200 are due today.",
        alert_severity: Error,
        severity: Sev3,
        because: "renewals can be done later today without anybody noticing",
        provider: None,
        sender: Jobs,
        rhythm: Night,
        weight: 5,
        looks: &[
            "The job holds a lock from the run before, which was killed by the node's upgrade.",
            "One customer with 4,000 seats makes its transaction larger than the limit.",
        ],
        decision: "Release the lock by hand and go on from the last id.",
        mitigation: "Renewals run, 300 a minute",
        end: "All 8,200 done, none twice.",
    },
    Trouble {
        cause: "cache-stampede",
        title: "Product pages slow after cache flush",
        services: &["catalogue", "edge"],
        alert: "CatalogueLatencyHigh",
        detail: "p99 of GET /product is 3.4 s, cache ratio is 31 %.",
        alert_severity: Error,
        severity: Sev3,
        because: "pages are slow for everybody and still load",
        provider: None,
        sender: Metrics,
        rhythm: Office,
        weight: 6,
        looks: &[
            "Somebody flushed the whole cache instead of one prefix.",
            "Every miss renders the page anew, ten at once for the same article.",
            "Ratio climbs by itself, 2 % a minute.",
        ],
        decision: "Let one request per article through, the others wait for it.",
        mitigation: "Request coalescing is on; p99 at 600 ms",
        end: "Cache ratio at 93 %. The flush command asks twice from now on.",
    },
    Trouble {
        cause: "dns-resolver",
        title: "Name lookups time out in {region}",
        services: &["gateway", "payments", "search"],
        alert: "DnsErrorsHigh",
        detail: "2 % of lookups in {region} take longer than 5 s.",
        alert_severity: Critical,
        severity: Sev1,
        because: "every service in the region calls others by name; a tenth of all requests fails",
        provider: None,
        sender: Metrics,
        rhythm: Always,
        weight: 2,
        looks: &[
            "Errors all over the region, nothing in common but the resolver.",
            "resolver-2 drops packets: its connection table is full at 262,144.",
            "Lookups through resolver-1 are fine; clients choose one at random.",
            "The new log agent looks up its target for every line.",
        ],
        decision: "Take resolver-2 out, stop the log agent, then look further.",
        mitigation: "resolver-2 is out; lookups take 2 ms",
        end: "Agent caches its target. resolver-2 is back with a larger table.",
    },
    Trouble {
        cause: "fx-rates",
        title: "Exchange rates are older than an hour",
        services: &["billing", "checkout"],
        alert: "FxRatesStale",
        detail: "The last rate of fx-rates is 74 minutes old.",
        alert_severity: Warning,
        severity: Sev4,
        because: "rates move by less than 0.1 % today",
        provider: Some("fx-rates"),
        sender: Jobs,
        rhythm: Night,
        weight: 5,
        looks: &["Their endpoint answers 200 with an empty list.", "It is a bank holiday there; the feed stays empty until tomorrow."],
        decision: "Keep the last rates, they are allowed to be a day old.",
        mitigation: "Alert knows the holiday calendar now",
        end: "Fresh rates arrived.",
    },
    Trouble {
        cause: "image-import",
        title: "Import skips images over 20 MB",
        services: &["catalogue", "media"],
        alert: "ImportSkipsImages",
        detail: "61 images of the nightly import were skipped.",
        alert_severity: Warning,
        severity: Sev4,
        because: "61 of 9,000 articles have no picture",
        provider: None,
        sender: Jobs,
        rhythm: Night,
        weight: 4,
        looks: &["The limit was meant for uploads by hand; the import goes the same way since v208."],
        decision: "Raise the limit for the import alone.",
        mitigation: "Limit is 60 MB for imports",
        end: "The 61 came with the next import.",
    },
    Trouble {
        cause: "report-timeout",
        title: "Daily sales report did not arrive",
        services: &["reports"],
        alert: "ReportMissing",
        detail: "sales-daily is two hours late.",
        alert_severity: Warning,
        severity: Sev5,
        because: "the numbers are in the warehouse, only the mail is late",
        provider: None,
        sender: Jobs,
        rhythm: Night,
        weight: 6,
        looks: &["Query ran into its limit of 30 minutes, it usually takes 22."],
        decision: "Give it an hour.",
        mitigation: "Started again with a limit of an hour",
        end: "Report was sent, three hours late.",
    },
    Trouble {
        cause: "node-pressure",
        title: "Payments restarts for lack of memory",
        services: &["payments"],
        alert: "ContainerOomKilled",
        detail: "payments was killed 5 times within 10 minutes in {region}.",
        alert_severity: Error,
        severity: Sev2,
        because: "payments that are under way when an instance dies have to be repeated by the customer",
        provider: None,
        sender: Metrics,
        rhythm: Evening,
        weight: 4,
        looks: &[
            "Memory grows by 40 MB a minute since the last deploy, before it was flat.",
            "Heap profile: receipts are kept in a map that nobody empties.",
            "Three of six instances restarted, never two at once so far.",
        ],
        decision: "Roll back to the version before, fix forward tomorrow.",
        mitigation: "Rolled back; memory is flat",
        end: "Fix is out since the afternoon, flat for four hours under full load.",
    },
    Trouble {
        cause: "push-tokens",
        title: "Push messages bounce on older phones",
        services: &["notifications"],
        alert: "PushBounces",
        detail: "12 % of push messages bounce with `invalid token`.",
        alert_severity: Warning,
        severity: Sev4,
        because: "order news also goes by mail",
        provider: Some("push-relay"),
        sender: Synthetics,
        rhythm: Always,
        weight: 4,
        looks: &["Only app versions below 5.2; the relay switched the old endpoint off today, as announced in January."],
        decision: "Move the old versions to the new endpoint.",
        mitigation: "New endpoint serves all versions; bounces at 0.4 %",
        end: "Bounces stayed low for a day of traffic.",
    },
    Trouble {
        cause: "sign-in-loop",
        title: "Sign-in loops for customers with two accounts",
        services: &["identity"],
        alert: "SignInLoops",
        detail: "1,900 sign-ins of the last 10 minutes began again more than 3 times.",
        alert_severity: Error,
        severity: Sev3,
        because: "few customers have two accounts; a private window helps",
        provider: None,
        sender: Synthetics,
        rhythm: Office,
        weight: 4,
        looks: &[
            "The cookie of the old domain wins over the new one, and each side clears the other.",
            "Began with the rollout of accounts.shop.example to 20 %.",
        ],
        decision: "Take the rollout back to zero.",
        mitigation: "Rollout at 0 %; no loop for ten minutes",
        end: "Cookie has a new name; rollout goes on next week.",
    },
    Trouble {
        cause: "provider-a-declines",
        title: "provider-a declines a third of US cards",
        services: &["payments"],
        alert: "ProviderDeclinesHigh",
        detail: "34 % of US cards are declined with code 91 by provider-a, usual is 6 %.",
        alert_severity: Critical,
        severity: Sev2,
        because: "US customers can pay by wallet, a fifth of them does",
        provider: Some("provider-a"),
        sender: Metrics,
        rhythm: Evening,
        weight: 3,
        looks: &[
            "Code 91 is “issuer not available”: it is behind provider-a, with one large bank.",
            "provider-b has the same bank and the same declines.",
            "The bank's own page speaks of maintenance until 06:00 UTC.",
        ],
        decision: "Offer the wallet first for cards of this bank.",
        mitigation: "Wallet first; orders of these customers are back at 80 %",
        end: "The bank is back, declines at 6 %.",
    },
];

/// Work that was announced: title, services, what was done.
pub static MAINTENANCE: [(&str, &[&str], &str); 5] = [
    ("Ledger database moves to the new cluster", &["ledger", "reports"], "Switched over in 40 seconds of read-only; row counts agree."),
    ("Kernel update of all gateways", &["gateway"], "One region after another, no request lost."),
    ("Search moves to index version 9", &["search"], "Both indexes served side by side for an hour, then the old one was dropped."),
    ("Payments rotates the keys of provider-a", &["payments"], "Old and new key were valid together for ten minutes."),
    ("Mail pool moves to new addresses", &["mail", "notifications"], "Addresses warmed up over three nights."),
];

/// Rehearsals: title, services, what was learned.
pub static DRILLS: [(&str, &[&str], &str); 4] = [
    ("Drill: eu-west is gone", &["gateway", "checkout", "payments"], "Failover took 9 minutes; the runbook misses the step for the mail pool."),
    ("Drill: restore the ledger from last night's backup", &["ledger"], "Restored in 52 minutes, the goal is 60."),
    ("Drill: provider-b is down", &["payments"], "Routing switched in 3 minutes. Two people could not find the switch."),
    ("Drill: hand over command at shift change", &["checkout"], "Scribe and commander changed within a minute; the summary helped."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_stays_within_the_company_and_has_words() {
        for trouble in &TROUBLES {
            assert!(!trouble.services.is_empty() && trouble.services.iter().all(|name| service_of(name).is_some()), "{}", trouble.title);
            assert!(!trouble.looks.is_empty() && trouble.weight > 0, "{}", trouble.title);
            assert!(trouble.alert.chars().all(char::is_alphanumeric), "{}", trouble.alert);
        }
        let announced = MAINTENANCE.iter().chain(&DRILLS);
        assert!(announced.clone().all(|(_, services, _)| services.iter().all(|name| service_of(name).is_some())));
    }

    #[test]
    fn severe_troubles_are_rare() {
        let weight = |severity| TROUBLES.iter().filter(|trouble| trouble.severity == severity).map(|trouble| trouble.weight).sum::<u32>();
        assert!(weight(Sev1) * 6 < weight(Sev2) + weight(Sev3) + weight(Sev4) + weight(Sev5));
        assert!(Severity::ALL.into_iter().all(|severity| weight(severity) > 0));
    }

    #[test]
    fn every_service_has_trouble_at_times() {
        for service in &super::super::company::SERVICES {
            assert!(TROUBLES.iter().any(|trouble| trouble.services.contains(&service.name)), "{}", service.name);
        }
    }
}
