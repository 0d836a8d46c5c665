use super::{span::*, *};
use crate::domain::telemetry::panels::Attribute;

const MS: i64 = 1_000_000;

/// A span with times in milliseconds; the name reads `service operation`.
pub(super) fn a_span(id: &str, parent: &str, name: &str, start: i64, duration: i64) -> TraceSpan {
    let (service, operation) = name.split_once(' ').unwrap_or((name, ""));
    TraceSpan {
        id: id.to_owned(),
        parent: (!parent.is_empty()).then(|| parent.to_owned()),
        service: service.to_owned(),
        operation: operation.to_owned(),
        start_ns: Some(1_000_000_000_000 * MS + start * MS),
        duration_ns: Some(duration * MS),
        ..TraceSpan::default()
    }
}

fn failing(span: TraceSpan, said: &str) -> TraceSpan {
    TraceSpan { error: true, status: Some(said.to_owned()), ..span }
}

fn calling(span: TraceSpan, peer: &str) -> TraceSpan {
    let attributes = vec![Attribute { name: "peer.service".to_owned(), value: peer.to_owned() }];
    TraceSpan { kind: SpanKind::Client, attributes, ..span }
}

/// The trace of the picture: a payment whose provider does not answer.
pub(super) fn a_payment() -> Vec<TraceSpan> {
    let status = Attribute { name: "http.response.status_code".to_owned(), value: "502".to_owned() };
    let edge = TraceSpan { error: true, attributes: vec![status], kind: SpanKind::Server, ..a_span("e", "", "edge POST /checkout/pay", 0, 4310) };
    let mut spans = vec![
        edge,
        failing(a_span("c", "e", "checkout POST /pay", 2, 4300), "upstream"),
        a_span("b", "c", "checkout load basket", 4, 22),
        a_span("r", "c", "checkout reserve stock", 70, 42),
        a_span("p", "c", "payments POST /charge", 112, 4190),
        a_span("s", "p", "payments SELECT customer", 114, 8),
        a_span("k", "p", "risk score", 122, 62),
        failing(calling(a_span("1", "p", "payments provider call", 184, 2000), "provider-b"), "deadline exceeded"),
        a_span("w", "p", "payments wait before retry", 2184, 88),
        failing(calling(a_span("2", "p", "payments provider call", 2272, 2000), "provider-b"), "deadline exceeded"),
        a_span("i", "p", "payments INSERT attempt", 4274, 11),
    ];
    spans.extend((0..12).map(|n| a_span(&format!("g{n}"), "c", "catalogue GET /prices", 26 + n, 20 + n)));
    spans
}

fn of(spans: &[TraceSpan]) -> Waterfall {
    let made = Waterfall::new(spans);
    assert!(holds(&made, spans).is_ok(), "{:?}", holds(&made, spans));
    made
}

/// What is true of every waterfall, whatever was received.
pub(super) fn holds(made: &Waterfall, spans: &[TraceSpan]) -> Result<(), String> {
    let mut seen = vec![0; spans.len()];
    for (at, item) in made.items.iter().enumerate() {
        if let What::Span(span) = item.what {
            seen[span] += 1;
        }
        if item.end <= at || item.end > made.items.len() {
            return Err(format!("row {at} ends at {}", item.end));
        }
        match item.parent {
            None if item.depth != 0 => return Err(format!("row {at} has a depth and no parent")),
            Some(parent) if parent >= at || made.items[parent].end < item.end || made.items[parent].depth + 1 != item.depth => {
                return Err(format!("row {at} does not lie within its parent {parent}"));
            }
            _ => {}
        }
    }
    let (kept, twice) = (seen.iter().filter(|n| **n == 1).count(), seen.iter().any(|n| *n > 1));
    if twice || kept + made.oddities.repeats != spans.len() || kept != made.spans {
        return Err(format!("{kept} of {} spans are shown, {:?}", spans.len(), made.oddities));
    }
    let own: i64 = made.items.iter().filter(|item| !matches!(item.what, What::Group(_))).map(|item| item.critical_self_ns).sum();
    let whole = made.main.and_then(|main| made.items[main].duration_ns).unwrap_or(0);
    if made.main.is_some_and(|main| made.items[main].start_ns.is_some()) && own != whole {
        return Err(format!("the critical path is {own} of {whole} ns"));
    }
    if let Some(item) = made.items.iter().find(|item| item.self_ns < 0) {
        return Err(format!("a self time is below zero: {item:?}"));
    }
    Ok(())
}

fn names(made: &Waterfall, spans: &[TraceSpan]) -> Vec<String> {
    made.rows(&made.opened_at_first()).iter().map(|row| format!("{}{}", "  ".repeat(made.items[*row].depth), made.name(&made.items[*row], spans))).collect()
}

#[test]
fn errors_and_the_critical_path_are_open_and_siblings_are_folded() {
    let spans = a_payment();
    let made = of(&spans);
    assert_eq!(
        names(&made, &spans),
        [
            "edge POST /checkout/pay",
            "  checkout POST /pay",
            "    checkout load basket",
            "    catalogue GET /prices",
            "    checkout reserve stock",
            "    payments POST /charge",
            "      payments SELECT customer",
            "      risk score",
            "      payments provider call",
            "        provider-b",
            "      payments wait before retry",
            "      payments provider call",
            "        provider-b",
            "      payments INSERT attempt",
        ]
    );
    assert_eq!((made.hides(3), made.group(3)), (11, (12, 306 * MS, 31 * MS)));
    assert_eq!(made.sentence(&spans), "Two tries at provider-b take 4.00 of 4.31 s; both time out.");
    let facts: Vec<String> = made.facts(&spans, Some(240 * MS)).iter().map(|fact| format!("{} | {}", fact.figure, fact.words)).collect();
    assert_eq!(
        facts,
        [
            "edge · POST /checkout/pay | root, answered 502",
            "4.31 s | root, usual 240 ms",
            "23 spans | deepest 5",
            "6 services | 1 from outside",
            "4 errors | all at or above provider-b",
        ]
    );
}

#[test]
fn keys_lead_from_error_to_error_and_along_the_critical_path() {
    let spans = a_payment();
    let made = of(&spans);
    let failed = |span: usize| spans[span].error;
    let second = made.next_error(Some(0), failed).expect("there is one");
    assert_eq!(made.name(&made.items[second], &spans), "checkout POST /pay");
    let last = made.row_of(9).expect("it is there");
    assert_eq!(made.next_error(Some(last), failed), Some(0), "from the top again");
    let mut at = None;
    let mut way = vec![];
    for _ in 0..9 {
        at = made.next_critical(at);
        way.push(made.name(&made.items[at.expect("there is one")], &spans));
    }
    assert!(way.contains(&"provider-b".to_owned()) && !way.contains(&"checkout load basket".to_owned()), "{way:?}");

    let mut opened = Opened::default();
    opened.clone_from(&made.opened_at_first());
    let member = made.row_of(15).expect("it is in the group");
    assert!(!made.rows(&opened).contains(&member));
    made.reveal(member, &mut opened);
    assert!(made.rows(&opened).contains(&member));
}

#[test]
fn orphans_hang_under_a_row_that_says_so() {
    let spans = vec![a_span("a", "", "edge GET /", 0, 100), a_span("b", "gone", "mail send", 20, 30), a_span("c", "b", "mail smtp", 22, 10)];
    let made = of(&spans);
    assert_eq!(names(&made, &spans), ["edge GET /", "parent missing", "  mail send"]);
    assert_eq!(made.oddities.words(), ["1 span hangs under a parent that is missing."]);

    let alone = of(&spans[1..]);
    assert_eq!(alone.main, Some(1), "where no root came, the longest orphan is what it is about");
    assert_eq!(alone.facts(&spans[1..], None)[0].words, "its parent is missing, ok");
}

#[test]
fn several_roots_are_listed_and_the_longest_is_what_it_is_about() {
    let spans = vec![a_span("a", "", "cron tick", 0, 5), a_span("b", "", "cron run", 10, 900)];
    let made = of(&spans);
    assert_eq!((made.main, made.items.len()), (Some(1), 2));
    assert_eq!(made.sentence(&spans), "cron run takes 900 of 900 ms.");
    assert_eq!(made.oddities.words(), ["2 spans have no parent: the trace has several roots."]);
}

#[test]
fn a_circle_is_cut_above_its_first_span() {
    let spans = vec![
        a_span("r", "", "edge GET /", 0, 100),
        a_span("b", "c", "x two", 20, 10),
        a_span("a", "b", "x one", 10, 40),
        a_span("c", "a", "x three", 30, 5),
        a_span("s", "s", "y itself", 50, 5),
        a_span("t", "s", "y beneath", 51, 2),
    ];
    let made = of(&spans);
    let cut: Vec<String> = made.items.iter().filter(|item| item.is_cut).map(|item| made.name(item, &spans)).collect();
    assert_eq!((cut, made.oddities.circles), (vec!["x one".to_owned(), "y itself".to_owned()], 2));
    assert_eq!(made.rows(&Opened::all(&made)).len(), 6, "each has its row");
}

#[test]
fn what_came_twice_is_shown_once_and_two_sides_of_a_call_may_share_an_id() {
    let twice = vec![a_span("a", "", "edge GET /", 0, 100), a_span("a", "", "edge GET /", 0, 100)];
    let made = of(&twice);
    assert_eq!((made.items.len(), made.oddities.repeats), (1, 1));

    let side = |kind, name: &str, start, duration| TraceSpan { kind, ..a_span("b", "a", name, start, duration) };
    let spans = vec![
        a_span("a", "", "edge GET /", 0, 100),
        side(SpanKind::Server, "pay POST /", 20, 60),
        side(SpanKind::Client, "edge call pay", 10, 80),
        a_span("c", "b", "pay SELECT", 30, 20),
    ];
    let made = of(&spans);
    assert_eq!(names(&made, &spans), ["edge GET /", "  edge call pay", "    pay POST /", "      pay SELECT"]);
}

#[test]
fn a_span_without_a_time_has_no_bar_and_takes_no_part() {
    let mut spans = vec![a_span("a", "", "edge GET /", 0, 100), a_span("b", "a", "x one", 0, 10), a_span("c", "a", "x two", 5, 0)];
    spans[1].start_ns = None;
    spans[2].duration_ns = None;
    let made = of(&spans);
    assert_eq!((made.oddities.untimed, made.duration_ns()), (2, 100 * MS));
    assert_eq!(made.items[0].critical_self_ns, 100 * MS);

    let none = vec![TraceSpan { start_ns: None, duration_ns: None, ..a_span("a", "", "edge GET /", 0, 0) }];
    let made = of(&none);
    assert_eq!(made.sentence(&none), "edge GET / has no duration: where its time went cannot be said.");
    assert_eq!(of(&[]).sentence(&[]), "No span of this trace is here.");
}

#[test]
fn a_clock_that_is_off_is_said_and_not_moved() {
    let server = |start, duration| TraceSpan { kind: SpanKind::Server, ..a_span("b", "a", "mail send", start, duration) };
    let client = TraceSpan { kind: SpanKind::Client, ..a_span("a", "", "pay send", 0, 30) };
    let skew = |called: TraceSpan| of(&[client.clone(), called]).items[1].skew_ns;
    assert_eq!(skew(server(-14, 8)), Some(14 * MS), "answered before it was asked");
    assert_eq!(skew(server(40, 8)), Some(18 * MS), "answered after the answer had come");
    assert_eq!(skew(server(5, 20)), None);
    assert_eq!(skew(server(5, 200)), None, "it went on after the caller had what it wanted");
    let made = of(&[client.clone(), server(-14, 8)]);
    assert_eq!(made.items[1].start_ns, server(-14, 8).start_ns, "drawn as received");
}

#[test]
fn the_critical_path_follows_what_ended_last() {
    // Two in parallel, of which the longer counts; then one more; and one that nobody waited for.
    let spans = vec![
        a_span("a", "", "edge GET /", 0, 100),
        a_span("b", "a", "x short", 10, 20),
        a_span("c", "a", "x long", 12, 40),
        a_span("d", "a", "x then", 60, 30),
        a_span("e", "a", "x behind", 80, 500),
    ];
    let made = of(&spans);
    let own: Vec<i64> = made.items.iter().map(|item| item.critical_self_ns / MS).collect();
    assert_eq!(own, [30, 0, 40, 30, 0]);
    assert_eq!(made.items[0].self_ns, (100 - (52 - 10) - (100 - 60)) * MS);
    assert_eq!(made.sentence(&spans), "No single call takes half of 100 ms: x long 40 ms, edge GET / 30 ms and x then 30 ms.");
}

#[test]
fn where_it_fails_is_said_when_the_time_goes_elsewhere() {
    let spans =
        vec![a_span("a", "", "edge GET /", 0, 100), failing(a_span("b", "a", "pay charge", 10, 5), "card declined"), a_span("c", "a", "pdf render", 20, 75)];
    assert_eq!(of(&spans).sentence(&spans), "pdf render takes 75 of 100 ms. It fails at pay charge: card declined.");
}

#[test]
fn durations_are_read_at_a_glance() {
    let said = [0, 640, 88_000, 4_200_000, 8_000_000, 22_400_000, 999_600_000, 4_310_000_000, 42_000_000_000, 125_000_000_000].map(took);
    assert_eq!(said, ["0 ms", "640 ns", "88 µs", "4.2 ms", "8 ms", "22 ms", "1.00 s", "4.31 s", "42.0 s", "2 min 05 s"]);
    assert_eq!(took_beside(240 * MS, 4310 * MS), "240 ms");
}

#[test]
fn a_trace_as_jaeger_answers_it_is_one_orphan_that_came_twice() {
    let text = include_str!("../../../../tests/fixtures/jaeger/trace_response.json");
    let answer: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
    let micros = |value: &serde_json::Value| value.as_i64().map(|micros| micros * 1_000);
    let span = |raw: &serde_json::Value| TraceSpan {
        id: raw["spanID"].as_str().unwrap_or_default().to_owned(),
        parent: raw["references"][0]["spanID"].as_str().map(str::to_owned),
        service: answer["data"][0]["processes"][raw["processID"].as_str().unwrap_or_default()]["serviceName"].as_str().unwrap_or_default().to_owned(),
        operation: raw["operationName"].as_str().unwrap_or_default().to_owned(),
        kind: SpanKind::Server,
        start_ns: micros(&raw["startTime"]),
        duration_ns: micros(&raw["duration"]),
        ..TraceSpan::default()
    };
    let spans: Vec<TraceSpan> = answer["data"][0]["spans"].as_array().expect("there are spans").iter().map(span).collect();
    let made = of(&spans);
    assert_eq!(names(&made, &spans), ["parent missing", "  telemetrygen okey-dokey-0"]);
    assert_eq!((made.oddities.repeats, made.oddities.orphans), (1, 1));
    assert_eq!(made.sentence(&spans), "telemetrygen okey-dokey-0 takes 123 of 123 µs.");
}

#[test]
fn ten_thousand_spans_and_a_chain_as_deep_become_rows() {
    let wide: Vec<TraceSpan> = (0..10_000)
        .map(|n| a_span(&n.to_string(), &if n == 0 { String::new() } else { ((n - 1) / 4).to_string() }, &format!("s{} op{}", n % 9, n % 31), n / 10, 400))
        .collect();
    let deep: Vec<TraceSpan> =
        (0..10_000).map(|n| a_span(&n.to_string(), &if n == 0 { String::new() } else { (n - 1).to_string() }, "s op", n, 20_000 - 2 * n)).collect();
    for spans in [wide, deep] {
        let made = of(&spans);
        assert_eq!(made.items.len(), spans.len());
        assert!(!made.rows(&made.opened_at_first()).is_empty());
    }
}

#[test]
fn a_failure_that_a_later_try_made_good_is_a_result_of_its_own() {
    let call = |id: &str, start: i64, peer: &str| calling(a_span(id, "p", "pay POST", start, 100), peer);
    let tried = |second: &str| vec![a_span("p", "", "pay POST /charge", 0, 260), failing(call("1", 10, "provider-b"), "reset"), call("2", 120, second)];
    let spans = tried("provider-b");
    let made = of(&spans);
    assert_eq!(made.ending, Ending::Retried { failed: 1 });
    let fact = made.facts(&spans, None).pop().expect("there are facts");
    assert_eq!((fact.figure.as_str(), fact.words.as_str(), fact.failed), ("ok, retried", "1 failed call succeeded when tried again", false));
    assert!(!made.sentence(&spans).contains("It fails at"), "{}", made.sentence(&spans));
    // Another provider is no second try.
    let spans = tried("provider-a");
    assert_eq!((of(&spans).ending, of(&spans).facts(&spans, None).pop().map(|fact| fact.failed)), (Ending::Failed, Some(true)));
    // What came twice changes nothing.
    let mut spans = tried("provider-b");
    spans.push(spans[1].clone());
    assert_eq!(of(&spans).ending, Ending::Retried { failed: 1 });
    assert_eq!(of(&a_payment()).ending, Ending::Failed);
}

proptest::proptest! {
    #[test]
    fn whatever_is_received_becomes_rows(
        raw in proptest::collection::vec((0_u8..12, 0_u8..14, 0_u8..3, proptest::option::of(0_i64..60), proptest::option::of(0_i64..40), 0_u8..5, proptest::bool::ANY), 0..40)
    ) {
        let kinds = [SpanKind::Client, SpanKind::Producer, SpanKind::Internal, SpanKind::Server, SpanKind::Consumer];
        let spans: Vec<TraceSpan> = raw
            .into_iter()
            .map(|(id, parent, name, start, duration, kind, error)| TraceSpan {
                start_ns: start.map(|start| start * MS),
                duration_ns: duration.map(|duration| duration * MS),
                kind: kinds[kind as usize],
                error,
                ..a_span(&id.to_string(), &if parent > 12 { String::new() } else { parent.to_string() }, &format!("s{name} op"), 0, 0)
            })
            .collect();
        let made = Waterfall::new(&spans);
        proptest::prop_assert_eq!(holds(&made, &spans), Ok(()));
        let opened = made.opened_at_first();
        let hidden: usize = made.rows(&opened).iter().filter(|row| !opened.is_open(**row)).map(|row| made.items[*row].end - row - 1).sum();
        proptest::prop_assert_eq!(made.rows(&opened).len() + hidden, made.items.len());
        proptest::prop_assert!(!made.sentence(&spans).is_empty());
        made.facts(&spans, None);
    }
}
