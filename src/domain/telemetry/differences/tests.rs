//! Small systems of which it can be told by hand what should stand first.

use super::*;
use crate::domain::telemetry::{
    facts::GaugeKey,
    gather::{Gathering, LogView, SpanKind, SpanView},
};

/// A number between two thirds and three halves, always the same for a place in a row.
fn swing(nth: usize) -> f64 {
    (((nth as f64 * 0.618_034).fract() - 0.5) * 0.8).exp()
}

pub(super) fn span(id: u64, parent: Option<u64>, service: Name, operation: Name, start_micros: i64, duration_micros: i64) -> SpanView<'static> {
    SpanView {
        id,
        parent,
        service,
        operation,
        instance: None,
        kind: SpanKind::Internal,
        error: false,
        start_micros,
        duration_micros,
        peer: None,
        attributes: &[],
    }
}

/// So many traces of each of a few minutes, as somebody makes them.
fn facts(minutes: usize, traces: usize, mut trace: impl FnMut(usize, &mut Gathering)) -> Facts {
    let mut all = Facts::default();
    for minute in 0..minutes {
        let mut gathering = Gathering::default();
        (0..traces).for_each(|nth| trace(minute * traces + nth, &mut gathering));
        all.merge(&gathering.finish(60.0));
    }
    all
}

fn first(now: &Facts, before: &Facts, names: &Names) -> Option<Difference> {
    differences(now, before, names).into_iter().next()
}

fn texts(now: &Facts, before: &Facts, names: &Names) -> Vec<String> {
    differences(now, before, names).into_iter().map(|item| item.text).collect()
}

#[test]
fn much_time_stands_before_many_times_as_much() {
    let mut names = Names::default();
    let [web, cache, pay, order, get, charge] = ["web", "cache", "pay", "/order", "get", "charge"].map(|text| names.of(text));
    let system = |cache_micros: f64, pay_micros: f64| {
        facts(3, 60, |nth, gathering| {
            let paid = (pay_micros * swing(nth)) as i64;
            let mut spans = vec![span(1, None, web, order, 0, paid + 40_000), span(2, Some(1), pay, charge, 10, paid)];
            for call in 0..20 {
                let took = (cache_micros * swing(nth + 7 * call as usize)) as i64;
                spans.push(span(3 + call, Some(1), cache, get, paid + 100 + call as i64 * 1_500, took));
            }
            gathering.trace(&spans, &[]);
        })
    };
    let (now, before) = (system(500.0, 300_000.0), system(100.0, 80_000.0));
    assert_eq!(first(&now, &before, &names).map(|item| item.service).as_deref(), Some("pay"), "{:#?}", texts(&now, &before, &names));
}

/// web calls ads, then pay, then mail, and no span of web's waits for them.
fn bare(names: &mut Names, way_to_pay: i64) -> Facts {
    let [web, ads, pay, mail, order, do_it] = ["web", "ads", "pay", "mail", "/order", "do"].map(|text| names.of(text));
    facts(3, 40, |nth, gathering| {
        let (mut at, mut spans) = (200, vec![]);
        for (id, service) in [(2, ads), (3, pay), (4, mail)] {
            let way = (500.0 * swing(nth + id as usize)) as i64 + if service == pay { way_to_pay / 2 } else { 0 };
            let took = (2_000.0 * swing(nth * 3 + id as usize)) as i64;
            spans.push(span(id, Some(1), service, do_it, at + way, took));
            at += 2 * way + took;
        }
        spans.push(span(1, None, web, order, 0, at + 200));
        gathering.trace(&spans, &[]);
    })
}

#[test]
fn a_way_that_no_span_waits_on_is_put_to_the_end_that_is_slow() {
    let mut names = Names::default();
    let (before, now) = (bare(&mut names, 0), bare(&mut names, 120_000));
    let item = first(&now, &before, &names).expect("something stands out");
    assert_eq!((item.kind, item.service.as_str(), item.peer.as_deref()), (DifferenceKind::Edge, "pay", Some("web")), "{}", item.text);
    let told = texts(&now, &before, &names);
    assert!(told.iter().all(|text| !text.contains("web itself takes")), "{told:#?}");
}

#[test]
fn what_waits_for_a_side_that_shows_nothing_is_not_the_callers_own_time() {
    let mut names = Names::default();
    let [web, pay, order, call, charge] = ["web", "pay", "/order", "pay/charge", "charge"].map(|text| names.of(text));
    let system = |hangs: bool| {
        facts(3, 40, |nth, gathering| {
            let lost = hangs && nth % 2 == 0;
            let took = if lost { 900_000 } else { (4_000.0 * swing(nth)) as i64 };
            let mut spans = vec![
                SpanView { kind: SpanKind::Server, ..span(1, None, web, order, 0, took + 2_000) },
                SpanView { kind: SpanKind::Client, ..span(2, Some(1), web, call, 1_000, took) },
            ];
            if !lost {
                spans.push(SpanView { kind: SpanKind::Server, ..span(3, Some(2), pay, charge, 1_300, took - 600) });
            }
            gathering.trace(&spans, &[]);
        })
    };
    let (before, now) = (system(false), system(true));
    let told = texts(&now, &before, &names);
    assert_eq!(first(&now, &before, &names).map(|item| item.service).as_deref(), Some("pay"), "{told:#?}");
    assert!(told.iter().all(|text| !text.contains("web itself takes")), "{told:#?}");
}

#[test]
fn ten_rare_operations_are_judged_together() {
    let mut names = Names::default();
    let desk = names.of("desk");
    let operations: Vec<Name> = (0..10).map(|nth| names.of(&format!("/form-{}", ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][nth]))).collect();
    let system = |times: f64, fails: bool| {
        facts(2, 35, |nth, gathering| {
            let took = (20_000.0 * (1 + nth % 10) as f64 * times * swing(nth) * swing(nth * 7)) as i64;
            let mut spans = [span(1, None, desk, operations[nth % 10], 0, took)];
            spans[0].error = fails && nth % 5 == nth / 5 % 5;
            gathering.trace(&spans, &[]);
        })
    };
    let before = system(1.0, false);
    let slow = first(&system(2.5, false), &before, &names).expect("ten slow operations are a slow service");
    assert_eq!((slow.kind, slow.measure.as_str(), slow.service.as_str()), (DifferenceKind::Service, "latency", "desk"));
    let failing = first(&system(1.0, true), &before, &names).expect("an error or two of each are many");
    assert_eq!((failing.kind, failing.measure.as_str(), failing.now.n), (DifferenceKind::Service, "errors", 70));
    assert_eq!(differences(&before, &before, &names), []);
}

#[test]
fn a_word_that_is_new_is_found_though_it_names_no_span() {
    let mut names = Names::default();
    let [mail, confirm, sent, caught] = ["mail", "confirm", "mail sent to <*>", "went on without an answer"].map(|text| names.of(text));
    let system = |swallows: bool| {
        facts(2, 30, |nth, gathering| {
            gathering.trace(&[span(1, None, mail, confirm, 0, (2_000.0 * swing(nth)) as i64)], &[]);
            let statement = if swallows && nth % 2 == 0 { caught } else { sent };
            gathering.log(&LogView { span: None, service: mail, statement, error: false });
        })
    };
    let (before, now) = (system(false), system(true));
    let told = texts(&now, &before, &names);
    assert!(told.iter().any(|text| text.starts_with("mail now logs “went on without an answer”: 30 in 60 calls; 0 in 60 before")), "{told:#?}");
}

#[test]
fn what_comes_with_other_requests_is_no_new_statement() {
    let mut names = Names::default();
    let [web, get, post, placed, refused] = ["web", "GET /", "POST /order", "order placed", "card refused"].map(|text| names.of(text));
    let system = |traces: usize, order_every: usize, refuses: bool, is_placed: bool| {
        facts(2, traces, |nth, gathering| {
            let is_order = nth % order_every == order_every - 1;
            let statement = if is_order { Some(placed) } else { (refuses && nth % 4 == 1).then_some(refused) };
            let log = |statement| LogView { span: is_placed.then_some(1), service: web, statement, error: false };
            let logs: Vec<LogView> = statement.map(log).into_iter().collect();
            let spans = [span(1, None, web, if is_order { post } else { get }, 0, (9_000.0 * swing(nth)) as i64)];
            if is_placed {
                gathering.trace(&spans, &logs);
            } else {
                gathering.trace(&spans, &[]);
                logs.iter().for_each(|log| gathering.log(log));
            }
        })
    };
    for (order_every, is_placed) in [(100, true), (100, false), (100_000, true), (100_000, false)] {
        let (now, before) = (system(50, 5, true, is_placed), system(500, order_every, false, is_placed));
        let told = texts(&now, &before, &names);
        assert!(!told.iter().any(|text| text.contains("order placed")), "{order_every}, {is_placed}: {told:#?}");
        // Beside an operation that is new as well, it has to be known whose statement it is.
        let is_known = is_placed || order_every == 100;
        assert!(!is_known || told.iter().any(|text| text.contains("card refused")), "{order_every}, {is_placed}: {told:#?}");
    }
}

/// Readings once a minute of the processors and the memory of six services; the last has two instances.
fn readings(names: &mut Names, minutes: usize, sick: f64, crept: f64) -> Facts {
    let services = ["ads", "basket", "mail", "pay", "ship", "web"];
    let mut all = Facts::default();
    for minute in 0..minutes {
        let mut gathering = Gathering::default();
        for (nth, service) in services.into_iter().chain(["web"]).enumerate() {
            let instance = format!("{service}-{nth}");
            let is_sick = nth == 6;
            let cpu = if is_sick && sick > 0.0 { sick } else { 5.0 * swing(nth + 5 * minute) };
            for (metric, value) in [("CpuUsageRate(%)", cpu), ("MemoryUsage(Mi)", 100.0 * crept * (1.0 + 0.01 * swing(minute + nth)))] {
                let key = GaugeKey { service: names.of(service), instance: Some(names.of(&instance)), metric: names.of(metric) };
                gathering.gauge(key, 1, value);
            }
        }
        all.merge(&gathering.finish(60.0));
    }
    all
}

#[test]
fn one_busy_instance_of_several_is_seen_by_one_reading_and_what_creeps_for_all_is_not() {
    let mut names = Names::default();
    let before = readings(&mut names, 10, 0.0, 1.0);
    for minutes in [1, 2, 3] {
        let now = readings(&mut names, minutes, 95.0, 1.4);
        let items = differences(&now, &before, &names);
        let told: Vec<_> = items.iter().map(|item| (item.instance.as_deref(), item.measure.as_str())).collect();
        assert_eq!(told, [(Some("web-6"), "CpuUsageRate(%)")], "{minutes}");
    }
    assert_eq!(differences(&readings(&mut names, 3, 0.0, 1.4), &before, &names), []);
}

#[test]
fn a_few_requests_more_are_no_reason_for_a_busy_processor() {
    let mut names = Names::default();
    let (web, page) = (names.of("web"), names.of("/"));
    let with = |mut facts: Facts, traces: usize| {
        let mut gathering = Gathering::default();
        (0..traces).for_each(|nth| gathering.trace(&[span(1, None, web, page, 0, (9_000.0 * swing(nth)) as i64)], &[]));
        facts.merge(&gathering.finish(0.0));
        facts
    };
    let (now, before) = (readings(&mut names, 2, 60.0, 1.0), readings(&mut names, 2, 0.0, 1.0));
    let items = differences(&with(now, 16), &with(before, 4), &names);
    assert_eq!(items.first().and_then(|item| item.instance.as_deref()), Some("web-6"));
}

/// Six minutes of a metric of services that read about so much each.
fn readings_of(names: &mut Names, metric: &str, values: [f64; 5]) -> Facts {
    let mut all = Facts::default();
    for minute in 0..6 {
        let mut gathering = Gathering::default();
        for (service, value) in ["a", "b", "c", "d", "e"].into_iter().zip(values) {
            gathering.gauge(GaugeKey { service: names.of(service), instance: None, metric: names.of(metric) }, 1, value * swing(minute));
        }
        all.merge(&gathering.finish(60.0));
    }
    all
}

#[test]
fn what_is_left_of_something_is_not_what_is_used() {
    let mut names = Names::default();
    for (metric, named) in [
        ("cpu_idle_percent", 0),
        ("memory.free", 0),
        ("memory.total", 0),
        ("total_memory_bytes", 0),
        ("cpu_used_percent", 1),
        ("process_cpu_seconds_total", 1),
        ("container_cpu_usage_seconds_total", 1),
    ] {
        let (now, before) = (readings_of(&mut names, metric, [90.0, 10.0, 10.0, 10.0, 10.0]), readings_of(&mut names, metric, [10.0; 5]));
        assert_eq!(differences(&now, &before, &names).len(), named, "{metric}");
    }
}

#[test]
fn cores_are_not_held_against_those_of_another_service() {
    let mut names = Names::default();
    // What one reads now and before beside a database that is always busy, and whether that is much.
    for (metric, busy, now, before, named) in [
        ("k8s.pod.cpu.usage", 8.0, 1.0, 0.1, 1),
        ("k8s.pod.cpu.usage", 8.0, 0.03, 0.01, 0),
        ("docker.cpu.percent", 800.0, 100.0, 10.0, 1),
        ("cpu_used_percent", 60.0, 10.0, 1.0, 0),
    ] {
        let usual = busy / 80.0;
        let mut of = |value: f64| readings_of(&mut names, metric, [value, usual, usual, usual, busy]);
        let (now, before) = (of(now), of(before));
        assert_eq!(differences(&now, &before, &names).len(), named, "{metric} beside {busy}");
    }
}

#[test]
fn errors_of_those_who_call_stand_behind_the_errors_of_whom_they_call() {
    let mut names = Names::default();
    let [web, order, pay, page, place, charge, failed] = ["web", "order", "pay", "/", "place", "charge", "call failed"].map(|text| names.of(text));
    let system = |fails: bool| {
        facts(2, 40, |nth, gathering| {
            let error = fails && nth % 3 == 0;
            let mut spans = [span(1, None, web, page, 0, 9_000), span(2, Some(1), order, place, 500, 7_000), span(3, Some(2), pay, charge, 900, 2_000)];
            spans[2].error = error;
            let logs: Vec<LogView> =
                [web, order].into_iter().filter(|_| error).map(|service| LogView { span: None, service, statement: failed, error: true }).collect();
            gathering.trace(&spans, &logs);
        })
    };
    let (before, now) = (system(false), system(true));
    assert_eq!(first(&now, &before, &names).map(|item| item.service).as_deref(), Some("pay"), "{:#?}", texts(&now, &before, &names));
}

#[test]
fn what_fails_in_all_of_few_calls_is_named() {
    let mut names = Names::default();
    let [web, pay, page, charge, check, store, refused] = ["web", "pay", "/", "charge", "check", "store", "card refused"].map(|text| names.of(text));
    let system = |calls: usize, fails: bool| {
        facts(1, 60, |nth, gathering| {
            let mut spans = vec![span(1, None, web, page, 0, (20_000.0 * swing(nth)) as i64)];
            if nth < calls {
                spans.push(span(2, Some(1), pay, charge, 500, (4_000.0 * swing(nth)) as i64));
                if fails {
                    gathering.log(&LogView { span: None, service: pay, statement: refused, error: true });
                } else {
                    spans.extend([span(3, Some(2), pay, check, 600, 300), span(4, Some(2), pay, store, 1_000, 300)]);
                }
            }
            gathering.trace(&spans, &[]);
        })
    };
    let told = texts(&system(11, true), &system(10, false), &names);
    assert!(told.iter().any(|text| text.starts_with("pay logs the error “card refused” 11 times in 11 calls")), "{told:#?}");
    assert!(told.iter().any(|text| text.starts_with("check of pay no longer happens: 0 in 11 calls")), "{told:#?}");
    assert_eq!(differences(&system(11, false), &system(10, false), &names), []);
}

/// web calls three others, and no span of web's waits for them; the clocks of two are off by so much,
/// and the way to one of them takes so long.
fn off(names: &mut Names, off_micros: [i64; 2], way_to_pay: i64) -> Facts {
    let [web, ads, pay, mail, order, do_it] = ["web", "ads", "pay", "mail", "/order", "do"].map(|text| names.of(text));
    facts(3, 60, |nth, gathering| {
        let (mut at, mut spans) = (3_000, vec![]);
        for (id, service, off) in [(2, ads, 0), (3, pay, off_micros[0]), (4, mail, off_micros[1])] {
            let took = (2_000.0 * swing(nth * 3 + id as usize)) as i64;
            let way = if service == pay { way_to_pay / 2 } else { 0 };
            spans.push(span(id, Some(1), service, do_it, at + way + off, took));
            at += 2 * way + took + (3_000.0 * swing(nth + id as usize)) as i64;
        }
        spans.push(span(1, None, web, order, 0, at));
        gathering.trace(&spans, &[]);
    })
}

#[test]
fn clocks_that_are_off_make_nothing_slower() {
    let mut names = Names::default();
    let before = off(&mut names, [0, 0], 0);
    for off_micros in [[25_000, 0], [0, -25_000], [-30_000, 30_000]] {
        let now = off(&mut names, off_micros, 0);
        let told = [texts(&now, &before, &names), texts(&before, &now, &names)].concat();
        assert!(told.is_empty(), "{off_micros:?}: {told:#?}");
    }
}

#[test]
fn a_way_is_put_to_the_end_that_is_slow_though_its_clock_is_off() {
    let mut names = Names::default();
    let (before, now) = (off(&mut names, [12_000, 0], 0), off(&mut names, [12_000, 0], 150_000));
    let item = first(&now, &before, &names).expect("something stands out");
    assert_eq!((item.kind, item.service.as_str(), item.peer.as_deref()), (DifferenceKind::Edge, "pay", Some("web")), "{}", item.text);
}

#[test]
fn records_of_all_calls_are_not_held_against_the_few_that_a_sampler_kept() {
    let mut names = Names::default();
    let [users, find, query] = ["users", "find", "query of <*>"].map(|text| names.of(text));
    let system = |kept: usize, logged: usize, are_named: bool| {
        let log = |span: Option<u64>| LogView { span, service: users, statement: query, error: false };
        facts(1, 1, |_, gathering| {
            for nth in 0..kept {
                let logs = if are_named && nth < logged { vec![log(Some(1))] } else { vec![] };
                gathering.trace(&[span(1, None, users, find, 0, (2_000.0 * swing(nth)) as i64)], &logs);
            }
            (if are_named { kept } else { 0 }..logged).for_each(|_| gathering.log(&log(None)));
        })
    };
    for are_named in [true, false] {
        for (kept, logged) in [(10, 63), (24, 125), (30, 1_800)] {
            let told = texts(&system(kept, logged, are_named), &system(44, 438, are_named), &names);
            assert!(told.iter().all(|text| !text.contains("query")) || logged == 1_800, "{kept}, {are_named}: {told:#?}");
        }
        let told = texts(&system(30, 0, are_named), &system(44, 438, are_named), &names);
        assert!(told.iter().any(|text| text.contains("users no longer logs")), "{told:#?}");
    }
}

#[test]
fn where_an_inner_step_is_gone_no_way_became_longer() {
    let mut names = Names::default();
    let [pay, fraud, charge, score, authorize] = ["pay", "fraud", "charge", "score", "authorize"].map(|text| names.of(text));
    let system = |aborts: bool| {
        facts(2, 40, |nth, gathering| {
            let took = (4_000.0 * swing(nth)) as i64;
            let mut spans = vec![span(1, None, pay, charge, 0, took + 11_000), span(2, Some(1), fraud, score, 1_000, took)];
            if !aborts {
                spans.push(span(3, Some(1), pay, authorize, took + 2_000, 8_000));
            }
            gathering.trace(&spans, &[]);
        })
    };
    let told = texts(&system(true), &system(false), &names);
    assert!(told.iter().all(|text| !text.contains("before and behind it")), "{told:#?}");
    assert!(told.first().is_some_and(|text| text.starts_with("authorize of pay no longer happens")), "{told:#?}");
}

#[test]
fn few_calls_that_take_far_longer_than_any_did_are_named() {
    let mut names = Names::default();
    let [web, pay, order, call, charge] = ["web", "pay", "/order", "pay/charge", "charge"].map(|text| names.of(text));
    let system = |traces: usize, loses: bool| {
        facts(3, traces, |nth, gathering| {
            let took = (4_000.0 * swing(nth)) as i64;
            let way = (900.0 * swing(nth * 5)) as i64 + if loses && nth % 16 == 3 { 250_000 + 20_000 * (nth as i64 % 7) } else { 0 };
            gathering.trace(
                &[
                    SpanView { kind: SpanKind::Server, ..span(1, None, web, order, 0, took + way + 2_000) },
                    SpanView { kind: SpanKind::Client, ..span(2, Some(1), web, call, 1_000, took + way) },
                    SpanView { kind: SpanKind::Server, ..span(3, Some(2), pay, charge, 1_300, took) },
                ],
                &[],
            );
        })
    };
    let before = system(100, false);
    let item = first(&system(38, true), &before, &names).expect("one in sixteen waits for a quarter of a second");
    assert_eq!((item.kind, item.service.as_str(), item.measure.as_str()), (DifferenceKind::Edge, "pay", "latency"), "{}", item.text);
    assert_eq!(differences(&system(38, false), &before, &names), []);
}

#[test]
fn pods_of_a_rollout_are_not_gone() {
    let mut names = Names::default();
    let mut system = |service: &str| {
        let (service, find, started) = (names.of(service), names.of("find"), names.of("started"));
        facts(2, 30, |nth, gathering| {
            gathering.trace(&[span(1, None, service, find, 0, (2_000.0 * swing(nth)) as i64)], &[]);
            gathering.log(&LogView { span: None, service, statement: started, error: false });
        })
    };
    let before = system("users-678051d53-j5wt2");
    let (rolled, other, vanished) = (system("users-6f9c4b7d58-x2kqz"), system("orders-678051d53-q7rmz"), system("mail"));
    assert_eq!(differences(&rolled, &before, &names), []);
    for now in [other, vanished] {
        let told = texts(&now, &before, &names);
        assert!(told.iter().any(|text| text.starts_with("Nothing is heard of users-678051d53-j5wt2")), "{told:#?}");
    }
}

#[test]
fn what_one_call_in_seven_no_longer_leads_to_is_named() {
    let mut names = Names::default();
    let [pay, charge, query] = ["pay", "charge", "query"].map(|text| names.of(text));
    let system = |returns_early: bool| {
        facts(3, 75, |nth, gathering| {
            let mut spans = vec![span(1, None, pay, charge, 0, (9_000.0 * swing(nth)) as i64)];
            if !(returns_early && nth % 7 == 2) {
                spans.push(span(2, Some(1), pay, query, 500, 1_000));
            }
            gathering.trace(&spans, &[]);
        })
    };
    let told = texts(&system(true), &system(false), &names);
    assert!(told.iter().any(|text| text.starts_with("query of pay more seldom happens: 193 in 225 calls of charge")), "{told:#?}");
    assert_eq!(differences(&system(false), &system(false), &names), []);
}

#[test]
fn a_difference_reads_back_as_it_was_written() {
    let figure = |value| Figure { n: 3, value };
    let mut difference = Difference::new(DifferenceKind::Resource, "pay", "cpu", figure(Some(0.5)), figure(None));
    difference.instance = Some("pay-1".to_owned());
    let text = serde_json::to_string(&difference).expect("it serialises");
    assert!(text.contains(r#""kind":"resource""#) && !text.contains("operation"), "{text}");
    assert_eq!(crate::domain::reading::read(text.as_bytes()), Some(difference));
}

#[test]
fn what_lies_in_the_range_is_no_baseline() {
    let at = crate::domain::time::Timestamp::from_micros;
    let range = |from, to| Range { from: at(from), to: at(to) };
    assert_eq!(outside(range(0, 5), range(5, 9)), [range(0, 5)]);
    assert_eq!(outside(range(0, 7), range(5, 9)), [range(0, 5)]);
    assert_eq!(outside(range(0, 20), range(5, 9)), [range(0, 5), range(9, 20)]);
    assert_eq!(outside(range(6, 20), range(5, 9)), [range(9, 20)]);
    assert_eq!(outside(range(6, 8), range(5, 9)), []);
}

#[test]
fn nothing_is_compared_with_nothing() {
    let names = Names::default();
    assert_eq!(compare(&Facts::default(), &Facts::default(), &names), Comparison::default());
}
