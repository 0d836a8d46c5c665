//! Small traces whose facts can be told by hand.

use super::*;
use crate::domain::telemetry::facts::{Names, OperationFacts};
use proptest::prelude::*;

const WEB: Name = Name(0);
const PAY: Name = Name(1);
const DATABASE: Name = Name(2);
const ORDER: Name = Name(3);
const CHARGE: Name = Name(4);
const WORK: Name = Name(5);
const CALL: Name = Name(6);
const SAID: Name = Name(7);

fn span(id: u64, parent: Option<u64>, service: Name, operation: Name, kind: SpanKind, start_micros: i64, duration_micros: i64) -> SpanView<'static> {
    SpanView { id, parent, service, operation, instance: None, kind, error: false, start_micros, duration_micros, peer: None, attributes: &[] }
}

/// web /order calls pay, which asks its database: 10 ms in all.
fn order(kinds: bool) -> [SpanView<'static>; 5] {
    let kind = |kind| if kinds { kind } else { SpanKind::Internal };
    [
        span(1, None, WEB, ORDER, kind(SpanKind::Server), 0, 10_000),
        span(2, Some(1), WEB, WORK, SpanKind::Internal, 500, 1_000),
        span(3, Some(1), WEB, CALL, kind(SpanKind::Client), 2_000, 6_000),
        // The other clock is far off.
        span(4, Some(3), PAY, CHARGE, kind(SpanKind::Server), 90_000, 5_000),
        span(5, Some(4), PAY, DATABASE, kind(SpanKind::Client), 91_000, 2_000),
    ]
}

fn gathered(spans: &[SpanView<'_>], logs: &[LogView]) -> Facts {
    let mut gathering = Gathering::default();
    gathering.trace(spans, logs);
    gathering.finish(60.0)
}

fn operation(facts: &Facts, service: Name, operation: Name) -> OperationFacts {
    facts.operations.get(&OperationKey { service, operation }).cloned().unwrap_or_default()
}

fn call(operation: Name, caller: Name, callee: Option<Name>) -> CallKey {
    CallKey { caller, operation, peer: None, callee }
}

fn log(span: Option<u64>, service: Name, error: bool) -> LogView {
    LogView { span, service, statement: SAID, error }
}

#[test]
fn an_entry_is_judged_by_its_time_without_the_calls_below_it() {
    for kinds in [true, false] {
        let facts = gathered(&order(kinds), &[]);
        let (web, pay) = (operation(&facts, WEB, ORDER), operation(&facts, PAY, CHARGE));
        assert_eq!((web.entries, web.spans, pay.entries), (1, 1, 1), "{kinds}");
        assert_eq!(web.self_time.mean_micros(), Some(4_000.0), "10 ms without the 6 ms of the call");
        assert_eq!(pay.self_time.mean_micros(), Some(5_000.0), "a database that says nothing counts to whom asks it");
        assert_eq!(operation(&facts, WEB, WORK).self_time.mean_micros(), Some(1_000.0));
        assert_eq!(operation(&facts, WEB, CALL).self_time.n(), 0, "what only waits has no time of its own");
        let edge = &facts.calls[&call(CALL, WEB, Some(PAY))];
        assert_eq!((edge.calls, edge.gap.mean_micros()), (1, Some(1_000.0)), "6 ms against 5 ms, whatever the clocks say");
        let caller = |service, operation, caller| facts.callers[&CallerKey { service, operation, caller }].requests;
        assert_eq!((caller(WEB, ORDER, None), caller(PAY, CHARGE, Some(WEB))), (1, 1));
        let step = |step| facts.steps.get(&StepKey { service: WEB, entry: ORDER, step }).and_then(Clustered::mean);
        assert_eq!((step(Step::Call(PAY)), step(Step::Operation(WORK)), step(Step::Call(WEB))), (Some(1.0), Some(1.0), None));
    }
}

#[test]
fn an_error_counts_where_nothing_below_it_erred() {
    let own = |facts: &Facts| (operation(facts, WEB, ORDER).own_errors.sum, operation(facts, PAY, CHARGE).own_errors.sum);
    let way = |facts: &Facts| facts.calls[&call(CALL, WEB, Some(PAY))].own_errors.sum;
    let erring = |ids: &[u64]| order(true).map(|span| SpanView { error: ids.contains(&span.id), ..span });
    assert_eq!(own(&gathered(&erring(&[1, 3, 4]), &[])), (0.0, 1.0), "pay fails, the rest hands it on");
    assert_eq!(own(&gathered(&erring(&[1, 4]), &[])), (0.0, 1.0), "also where one between says nothing");
    assert_eq!(own(&gathered(&erring(&[2]), &[])), (1.0, 0.0), "inner spans are the entry's");
    let broken = gathered(&erring(&[1, 3]), &[]);
    assert_eq!((own(&broken), way(&broken)), ((0.0, 0.0), 1.0), "the call failed, pay knows nothing of it");
    // A record of severity ERROR is an error of its span.
    let logged = gathered(&erring(&[1, 3]), &[log(Some(4), PAY, true), log(Some(1), WEB, true)]);
    assert_eq!((own(&logged), way(&logged)), ((0.0, 1.0), 0.0));
    let statement = |service| facts_of(&logged, service);
    assert_eq!((statement(PAY), statement(WEB)), (1, 0));
}

fn facts_of(facts: &Facts, service: Name) -> u64 {
    facts.statements[&StatementKey { service, statement: SAID }].own_errors
}

#[test]
fn a_call_that_nobody_shows_is_kept_apart() {
    let spans = &order(true)[..3];
    let facts = gathered(spans, &[]);
    assert_eq!(facts.calls[&call(CALL, WEB, None)].calls, 1);
    assert_eq!(facts.steps.get(&StepKey { service: WEB, entry: ORDER, step: Step::Call(PAY) }), None);
}

#[test]
fn records_without_a_span_are_counted_and_placed_nowhere() {
    let mut gathering = Gathering::default();
    gathering.log(&log(None, PAY, true));
    gathering.trace(&order(true), &[log(Some(99), PAY, false), log(Some(5), PAY, false)]);
    let facts = gathering.finish(60.0);
    let statement = facts.statements[&StatementKey { service: PAY, statement: SAID }];
    assert_eq!((statement.n, statement.errors, statement.own_errors, statement.placed), (3, 1, 1, 1));
    let step = facts.steps[&StepKey { service: PAY, entry: CHARGE, step: Step::Statement(SAID) }];
    assert_eq!(step.sum, 1.0);
}

#[test]
fn orphans_and_cycles_are_survived() {
    // Of a trace without any root the orphan is where it was entered.
    let rootless = [span(4, Some(3), PAY, CHARGE, SpanKind::Internal, 0, 5), span(5, Some(4), PAY, DATABASE, SpanKind::Internal, 1, 2)];
    assert_eq!(operation(&gathered(&rootless, &[]), PAY, CHARGE).entries, 1);
    // Beside a root it may be anything's inner span, unless it serves.
    let beside = [span(1, None, WEB, ORDER, SpanKind::Server, 0, 9), span(4, Some(3), PAY, CHARGE, SpanKind::Internal, 0, 5)];
    assert_eq!(operation(&gathered(&beside, &[]), PAY, CHARGE).entries, 0);
    let cycle = [
        span(1, Some(2), WEB, ORDER, SpanKind::Server, 0, 9),
        span(2, Some(1), WEB, WORK, SpanKind::Internal, 0, 5),
        span(3, Some(3), PAY, CHARGE, SpanKind::Server, 0, 5),
    ];
    let facts = gathered(&cycle, &[]);
    assert_eq!((operation(&facts, WEB, ORDER).spans, operation(&facts, WEB, WORK).spans), (1, 1));
}

#[test]
fn many_calls_at_once_are_waited_for_once() {
    let spans = [
        span(1, None, WEB, ORDER, SpanKind::Server, 0, 10_000),
        span(2, Some(1), WEB, CALL, SpanKind::Client, 1_000, 4_000),
        span(3, Some(2), PAY, CHARGE, SpanKind::Server, 1_500, 3_000),
        span(4, Some(1), WEB, CALL, SpanKind::Client, 2_000, 5_000),
        span(5, Some(4), PAY, CHARGE, SpanKind::Server, 2_500, 4_000),
    ];
    assert_eq!(operation(&gathered(&spans, &[]), WEB, ORDER).self_time.mean_micros(), Some(4_000.0));
}

#[test]
fn the_mean_of_bundled_things_is_less_certain() {
    let mut alone = Clustered::default();
    let mut bundled = Clustered::default();
    for trace in 0..100 {
        let value = f64::from(trace % 2);
        for _ in 0..9 {
            alone.add_trace(1.0, f64::from((trace / 2) % 2), f64::from((trace / 2) % 2));
        }
        bundled.add_trace(9.0, 9.0 * value, 9.0 * value);
    }
    assert!((alone.design_effect() - 1.0).abs() < 0.01 && (bundled.design_effect() - 9.0).abs() < 0.2);
    // A step taken in half of the entries is noted only there.
    let mut step = Clustered::default();
    (0..50).for_each(|_| step.add_trace(1.0, 1.0, 1.0));
    let mut entries = Clustered::default();
    (0..100).for_each(|_| entries.add_trace(1.0, 0.0, 0.0));
    let step = step.over(&entries);
    assert_eq!(step.mean(), Some(0.5));
    assert!((step.variance_of_mean() - 0.25 / 99.0).abs() < 1e-9);
}

proptest! {
    #[test]
    fn merged_minutes_are_the_facts_of_both(traces in proptest::collection::vec((0_i64..100_000, 0_usize..32), 2..20), cut in 1_usize..10) {
        let spans: Vec<_> = traces.iter().map(|(took, erring)| {
            order(true).map(|span| SpanView { error: erring >> (span.id - 1) & 1 == 1, duration_micros: span.duration_micros + took, ..span })
        }).collect();
        let of = |spans: &[[SpanView<'static>; 5]]| {
            let mut gathering = Gathering::default();
            spans.iter().for_each(|spans| gathering.trace(spans, &[log(Some(4), PAY, false)]));
            gathering.finish(60.0)
        };
        let cut = cut.min(spans.len());
        let (mut merged, all) = (of(&spans[..cut]), of(&spans));
        merged.merge(&of(&spans[cut..]));
        prop_assert_eq!((merged.traces, merged.secs), (all.traces, 120.0));
        prop_assert_eq!(merged.callers, all.callers);
        prop_assert_eq!(merged.statements, all.statements);
        for (key, facts) in &all.operations {
            let other = &merged.operations[key];
            prop_assert_eq!((&facts.duration, &facts.self_time, facts.own_errors.sum), (&other.duration, &other.self_time, other.own_errors.sum));
            prop_assert!((facts.self_ln.sum - other.self_ln.sum).abs() < 1e-6);
        }
    }

    #[test]
    fn any_spans_are_survived(spans in proptest::collection::vec((0_u64..12, proptest::option::of(0_u64..12), 0_u32..3, 0_u32..4, 0_usize..5, -5_i64..50, -5_i64..50), 0..30)) {
        let kinds = [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];
        let spans: Vec<_> = spans.into_iter().map(|(id, parent, service, operation, kind, start, took)| span(id, parent, Name(service), Name(operation), kinds[kind], start, took)).collect();
        let facts = gathered(&spans, &[log(Some(3), PAY, true)]);
        prop_assert_eq!(facts.operations.values().map(|facts| facts.spans).sum::<u64>(), spans.len() as u64);
        prop_assert!(facts.operations.values().all(|facts| facts.self_time.mean_micros().is_none_or(|mean| mean >= 0.0)));
        let names = Names::default();
        prop_assert!(crate::domain::telemetry::differences::differences(&facts, &facts, &names).is_empty());
    }
}

#[test]
fn a_span_around_all_that_an_entry_does_is_no_call_that_fails() {
    let mut spans = order(false).to_vec();
    spans.push(span(6, Some(1), WEB, WORK, SpanKind::Internal, 400, 9_000));
    spans[2].parent = Some(6);
    spans.push(span(7, Some(6), PAY, CHARGE, SpanKind::Internal, 8_200, 500));
    spans[5].error = true;
    let facts = gathered(&spans, &[]);
    assert_eq!(operation(&facts, WEB, ORDER).own_errors.sum, 1.0, "web failed within");
    assert!(facts.calls.values().all(|calls| calls.own_errors.sum == 0.0), "and no call of it did");
}

#[test]
fn the_free_time_around_a_call_without_a_span_is_kept() {
    let spans = [
        span(1, None, WEB, ORDER, SpanKind::Internal, 0, 10_000),
        span(2, Some(1), WEB, WORK, SpanKind::Internal, 500, 500),
        span(3, Some(1), PAY, CHARGE, SpanKind::Internal, 3_000, 4_000),
    ];
    let facts = gathered(&spans, &[]);
    let edge = &facts.calls[&call(ORDER, WEB, Some(PAY))];
    assert_eq!((edge.gap.n(), edge.around.mean_micros()), (0, Some(4_000.0)), "twice the 2 ms before it: the 3 ms behind it may be web's");
    let alone = gathered(&[spans[0], spans[2]], &[]);
    assert_eq!(alone.calls[&call(ORDER, WEB, Some(PAY))].around.mean_micros(), Some(6_000.0));
    // Of a client's call that nobody shows, how long it was waited for.
    assert_eq!(gathered(&order(true)[..3], &[]).calls[&call(CALL, WEB, None)].waited.mean_micros(), Some(6_000.0));
}

#[test]
fn a_clock_that_is_off_moves_no_time_of_its_callers() {
    for off in [0, 3_000, 13_000, -20_000, 90_000] {
        let spans = [
            span(1, None, WEB, ORDER, SpanKind::Internal, 0, 20_000),
            span(2, Some(1), PAY, CHARGE, SpanKind::Internal, 4_000 + off, 5_000),
            span(3, Some(1), DATABASE, CALL, SpanKind::Internal, 12_000, 5_000),
        ];
        let facts = gathered(&spans, &[]);
        assert_eq!(operation(&facts, WEB, ORDER).self_time.mean_micros(), Some(10_000.0), "{off}");
    }
    let alone = |start| [span(1, None, WEB, ORDER, SpanKind::Internal, 0, 20_000), span(2, Some(1), PAY, CHARGE, SpanKind::Internal, start, 5_000)];
    for start in [4_000, -9_000, 90_000] {
        let facts = gathered(&alone(start), &[]);
        assert_eq!(facts.calls[&call(ORDER, WEB, Some(PAY))].around.mean_micros(), Some(15_000.0), "an only child is beside nobody");
    }
}
