//! Files as people have them, read whole; and what is written is read back.

use super::*;
use crate::domain::slo::{
    calendar::{Unit, Window},
    objective::{Alerting, Basis, FINE_S, Indicator, Method, Op, PairDraft, Part, Together, Urgency},
    target::Target,
};
use proptest::prelude::*;

const SEARCH: &str = include_str!("../../../tests/fixtures/openslo/occurences-slo.yaml");
const MAIN_PAGE: &str = include_str!("../../../tests/fixtures/openslo/ratio-timeslices.yaml");
const REFERENCES: &str = include_str!("../../../tests/fixtures/openslo/with-references.yaml");
const SLOTH: &str = include_str!("../../../tests/fixtures/sloth/checkout.yaml");
const SLOTH_KUBERNETES: &str = include_str!("../../../tests/fixtures/sloth/checkout-kubernetes.yaml");
const PYRRA: &str = include_str!("../../../tests/fixtures/pyrra/checkout.yaml");
const HOUSE: &str = include_str!("../../../tests/fixtures/definitions/house.yaml");

fn read_all(texts: &[&str]) -> Definitions {
    let files: Vec<File> = texts.iter().enumerate().map(|(at, text)| File { name: format!("{at}.yaml"), bytes: text.as_bytes().to_vec() }).collect();
    read(&files)
}

/// What a text defines, if nothing is wrong with it.
fn good(text: &str) -> Definitions {
    let all = read_all(&[text]);
    assert_eq!(all.faults, [], "{text}");
    all
}

fn objectives(all: &Definitions) -> Vec<&ObjectiveDraft> {
    all.items.iter().filter_map(|item| if let What::Objective { draft, .. } = &item.what { Some(&**draft) } else { None }).collect()
}

fn one(text: &str) -> ObjectiveDraft {
    let all = good(text);
    let [draft] = objectives(&all)[..] else { panic!("it is one objective: {all:?}") };
    draft.clone()
}

/// The words of the faults of a text, with their fields.
fn faults(text: &str) -> Vec<String> {
    read_all(&[text]).faults.iter().map(|fault| format!("{}: {}", fault.field, fault.words)).collect()
}

fn remarks(all: &Definitions) -> Vec<&str> {
    all.remarks.iter().map(|remark| remark.field.as_str()).collect()
}

fn target(text: &str) -> Target {
    Target::imported(text).expect("it is a target")
}

#[test]
fn a_value_against_a_threshold_is_judged_by_slices() {
    let all = good(SEARCH);
    let [draft] = objectives(&all)[..] else { panic!("it is one") };
    assert_eq!((draft.name.as_str(), draft.title(), draft.service.as_deref()), ("search-slo", "Searching time", Some("web-shop")));
    assert_eq!(draft.indicator, Indicator::Threshold { query: "Any".into(), op: Op::Lt, value: 500.0, absent_is_bad: false });
    assert_eq!((draft.method, draft.target, &draft.windows[0]), (Method::Timeslices, target("0.99"), &Window::rolling_days(14)));
    assert_eq!(draft.source.as_deref(), Some("any"), "its source is missing, and has a name to be made under");
    assert!(draft.description.starts_with("Regardless"));
    let said: String = all.remarks.iter().map(|remark| format!("{remark}\n")).collect();
    for word in ["counted in slices of time", "metricSource.type", "Good experience", "usual burn rate alerts", "0.yaml:17, SLO “search-slo”, spec.indicator"]
    {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn ratio_timeslices_stay_what_they_are() {
    let all = good(MAIN_PAGE);
    let [draft] = objectives(&all)[..] else { panic!("it is one") };
    assert_eq!((draft.method, draft.slice_s, draft.slice_target), (Method::RatioTimeslices, 60, None));
    assert_eq!(draft.indicator, Indicator::Ratio { good: Some("Any".into()), bad: None, total: "Any".into() });
    assert!(remarks(&all).contains(&"spec.objectives[0].op"), "{:?}", all.remarks);
}

#[test]
fn parts_are_found_in_other_documents_and_files() {
    let all = good(REFERENCES);
    let drafts = objectives(&all);
    assert_eq!(
        drafts.iter().map(|draft| draft.name.as_str()).collect::<Vec<_>>(),
        ["checkout-availability-good", "checkout-availability-2", "checkout-availability-never-wrong"]
    );
    assert_eq!(drafts[0].title(), "Checkout works: Good");
    assert!(drafts[2].target.is_zero_tolerance());
    assert_eq!((drafts[0].source.as_deref(), drafts[0].target), (Some("main"), target("99.9 %")));
    assert!(matches!(&drafts[0].windows[0], Window::Calendar { unit: Unit::Month, count: 1, zone, .. } if zone == "Europe/Berlin"));
    let pair = PairDraft { severity: Urgency::Page, factor: 14.4, long_s: 3_600, short_s: 300 };
    assert_eq!(drafts[0].alerting.pairs, Some(vec![pair]));
    assert_eq!(drafts[2].alerting, Alerting::default(), "without a budget there is no burn rate");
    assert!(
        all.items.iter().any(
            |item| matches!(&item.what, What::Service { name, draft, is_whole: false } if name == "checkout" && draft.owner.as_deref() == Some("payments"))
        )
    );
    assert!(all.items.iter().any(|item| matches!(&item.what, What::DataSource { name, draft } if name == "main" && draft.url.starts_with("http://"))));
    for field in ["spec.condition.alertAfter", "spec.notificationTargets", "metadata.labels", ""] {
        assert!(remarks(&all).contains(&field), "{field}: {:?}", all.remarks);
    }
    // The same in one file for each document.
    let apart: Vec<&str> = REFERENCES.split("\n---\n").collect();
    let apart = read_all(&apart);
    assert_eq!(apart.faults, []);
    assert_eq!(objectives(&apart), drafts);
    // Without the indicator's document nobody knows what is meant.
    let missing = REFERENCES.replace("name: checkout-errors", "name: something-else");
    assert!(faults(&missing)[0].contains("there is no SLI “checkout-errors”"), "{:?}", faults(&missing));
    assert!(read_all(&[&missing]).remarks.iter().any(|remark| remark.words.contains("no objective in these files uses it")));
}

#[test]
fn a_range_in_an_openslo_query_is_left_open_and_said() {
    let fixed = REFERENCES.replacen("query: http_requests_total{job=\"checkout\"}", "query: sum(rate(http_requests_total{job=\"checkout\"}[5m]))", 1);
    let all = good(&fixed);
    let drafts = objectives(&all);
    let totals = drafts.iter().filter_map(|draft| if let Indicator::Ratio { total, .. } = &draft.indicator { Some(total.as_str()) } else { None });
    assert!(totals.into_iter().any(|total| total == "sum(rate(http_requests_total{job=\"checkout\"}[$window]))"), "{drafts:?}");
    assert!(all.remarks.iter().any(|remark| remark.field.ends_with(".ratioMetric.total") && remark.words.contains("left open")), "{:?}", all.remarks);
}

#[test]
fn sloths_files_become_a_service_and_its_objectives() {
    let all = good(SLOTH);
    let [availability, latency, freshness] = objectives(&all)[..] else { panic!("there are three: {all:?}") };
    assert_eq!(
        (availability.name.as_str(), availability.service.as_deref(), availability.target),
        ("checkout-availability", Some("checkout"), target("99.95 %"))
    );
    let Indicator::Ratio { good: None, bad: Some(bad), total } = &availability.indicator else { panic!("it is a ratio") };
    assert_eq!(bad, "sum(rate(http_requests_total{job=\"checkout\",code=~\"(5..|429)\"}[$window]))");
    assert!(total.ends_with("[$window]))"));
    let pairs = availability.alerting.pairs.as_ref().expect("tickets are off");
    assert!(availability.alerting.enabled && !pairs.is_empty() && pairs.iter().all(|pair| pair.severity == Urgency::Page));
    assert!(!latency.alerting.enabled);
    assert_eq!(freshness.alerting, Alerting::default());
    assert!(
        matches!(&freshness.indicator, Indicator::Threshold { op: Op::Lte, value, query, absent_is_bad: false } if (*value - 0.005).abs() < 1e-12 && query.contains("[$window]"))
    );
    assert_eq!(freshness.method, Method::Timeslices);
    let said: String = all.remarks.iter().map(|remark| format!("{remark}\n")).collect();
    for word in ["no number of events", "slos[0].labels", "repo", "slos[0].alerting.annotations"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let What::Service { name, draft, is_whole: false } = &all.items[0].what else { panic!("the service comes first") };
    assert_eq!((name.as_str(), draft.owner.as_deref(), draft.tier), ("checkout", Some("payments"), Some(1)));
    assert!(all.items.iter().all(|item| !matches!(item.what, What::Objective { is_source_open: false, .. })));
}

#[test]
fn sloths_kubernetes_form_says_the_same_in_other_letters() {
    let draft = one(SLOTH_KUBERNETES);
    assert_eq!((draft.name.as_str(), draft.target), ("checkout-availability", target("99.95 %")));
    assert!(draft.alerting.pairs.expect("pages are off").iter().all(|pair| pair.severity == Urgency::Ticket));
}

#[test]
fn pyrras_files_become_objectives() {
    let all = good(PYRRA);
    let [errors, latency, native, up] = objectives(&all)[..] else { panic!("there are four: {all:?}") };
    assert_eq!((errors.service.as_deref(), errors.target, &errors.windows[0]), (Some("checkout"), target("99.5 %"), &Window::rolling_days(28)));
    assert!(matches!(&errors.indicator, Indicator::Ratio { good: None, bad: Some(_), .. }));
    assert_eq!(latency.indicator, Indicator::Latency { histogram: "http_request_duration_seconds{job=\"checkout\"}".into(), threshold_s: 0.5, native: false });
    assert!(!latency.alerting.enabled);
    assert_eq!(native.indicator, Indicator::Latency { histogram: "http_request_duration_seconds{job=\"checkout\"}".into(), threshold_s: 0.2, native: true });
    assert_eq!(up.indicator, Indicator::Probe { query: "up{job=\"checkout\"}".into(), absent_is_bad: false });
    for field in ["spec.indicator.ratio.grouping", "metadata.labels", "spec.alerting.absent"] {
        assert!(remarks(&all).contains(&field), "{field}: {:?}", all.remarks);
    }
}

#[test]
fn our_own_files_are_read_as_people_write_them() {
    let all = good(HOUSE);
    assert_eq!(all.remarks, []);
    assert_eq!(all.items.iter().map(|item| item.what.kind()).collect::<Vec<_>>(), ["Service", "Objective", "Objective", "Exclusion"]);
    let [availability, jobs] = objectives(&all)[..] else { panic!("there are two") };
    assert_eq!((availability.target, availability.windows.len(), availability.alerting.min_bad), (target("0.999"), 2, 5.0));
    assert_eq!((jobs.target, &jobs.indicator), (target("99 %"), &Indicator::Pushed));
}

#[test]
fn what_nobody_knows_is_said_with_its_path() {
    let text =
        HOUSE.replace("    min_bad: 5", "    min_bad: 5\n    colour: red\n  pager: loud").replace("    text: Runbook", "    text: Runbook\n      size: 3");
    let all = read_all(&[&text]);
    assert!(all.faults.is_empty(), "{:?}", all.faults);
    let said = remarks(&all);
    for field in ["spec.alerting.colour", "spec.pager"] {
        assert!(said.contains(&field), "{field}: {said:?}");
    }
    let pager = all.remarks.iter().find(|remark| remark.field == "spec.pager").expect("it is there");
    assert!(text.lines().nth(pager.place.line - 1).is_some_and(|line| line.contains("pager")), "{pager}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_field() {
    let text = "apiVersion: tocsin/v1\nkind: Objective\nmetadata: {name: x}\nspec:\n  target: 99.9\n  windows: [soon]\n  indicator: {kind: ratio}\n";
    let said = faults(text);
    for word in ["spec.target: 99.9 is above 1; did you mean 99.9 %?", "spec.windows[0]: ", "spec.indicator: missing field `total`"] {
        assert!(said.iter().any(|fault| fault.starts_with(word)), "{word}: {said:?}");
    }
    let text = "apiVersion: tocsin/v1\nkind: Objective\nmetadata: {name: -x}\nspec:\n  target: 0.9\n  windows: [28d]\n  indicator: {kind: probe, query: up}\n";
    assert_eq!(faults(text).len(), 2, "{:?}", faults(text));
    let named = read_all(&["---\n# nothing\n---\napiVersion: tocsin/v1\nkind: Objective\nmetadata: {name: x}\nspec: {}\n"]);
    assert_eq!(named.faults[0].to_string(), "0.yaml:7, Objective “x”, spec.target: it is missing");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let openslo = |from: &str, to: &str| faults(&REFERENCES.replace(from, to));
    for (from, to, word) in [
        ("targetPercent: 99.9", "targetPercent: 99.9\n      target: 0.9", "not both"),
        ("targetPercent: 99.9", "displayed: x", "spec.objectives[0].target: it is missing"),
        ("targetPercent: 99.9", "targetPercent: 101", "above 100 %"),
        ("duration: 1M", "duration: 1m", "made of days, weeks, months"),
        ("duration: 1M", "duration: 1 month", "m is a minute"),
        ("isRolling: false", "isRolling: true", "does not roll"),
        ("startTime: 2026-01-01 00:00:00", "startTime: tomorrow", "is no time"),
        ("budgetingMethod: Occurrences", "budgetingMethod: Sometimes", "is not understood"),
        ("budgetingMethod: Occurrences", "budgetingMethod: Timeslices", "slice_target"),
        ("indicatorRef: checkout-errors", "indicatorRef: checkout-errors\n  indicator: {spec: {}}", "one of indicator and indicatorRef"),
        ("alertPolicyRef: wake-somebody", "alertPolicyRef: nobody", "there is no AlertPolicy"),
        ("conditionRef: fast-burn", "conditionRef: nothing", "there is no AlertCondition"),
        ("    bad:", "    raw:", "good and total, bad and total, or raw alone"),
        ("kind: SLO", "kind: SLA", "is no kind of openslo/v1"),
        ("apiVersion: openslo/v1\nkind: SLO", "apiVersion: openslo/v2alpha\nkind: SLO", "Tocsin reads “openslo/v1”"),
        ("spec:\n          query: http_requests_total{job=\"checkout\"}", "spec: {}", "holds no query"),
    ] {
        let said = openslo(from, to);
        assert!(said.iter().any(|fault| fault.contains(word)), "{to}: {said:?}");
    }
    for (text, from, to, word) in [
        (SLOTH, "objective: 99.95", "objective: 0", "promises nothing"),
        (SLOTH, "error_query: sum", "error_query: \"{{.other}}\" #", "template"),
        (SLOTH, "service: \"checkout\"", "services: x", "service: it is missing"),
        (PYRRA, "target: \"99.5\"", "target: much", "is not a number"),
        (PYRRA, "window: 4w", "window: 4 weeks", "is no span"),
        (PYRRA, "window: 4w", "window: 5m", "at least an hour"),
        (PYRRA, "    bool_gauge:", "    gauge:", "one of ratio, latency"),
        (PYRRA, "      errors:", "      faults:", "spec.indicator.ratio.errors: it is missing"),
        (PYRRA, "pyrra.dev/v1alpha1", "pyrra.dev/v2", "Tocsin reads “pyrra.dev/v1alpha1”"),
        (HOUSE, "kind: Exclusion", "kind: Team", "is no kind of tocsin/v1"),
        (HOUSE, "2026-12-25T02", "2026-12-24T02", "ends after it begins"),
        (HOUSE, "name: checkout-jobs", "name: checkout-availability", "is defined already at 0.yaml"),
    ] {
        let said = faults(&text.replace(from, to));
        assert!(said.iter().any(|fault| fault.contains(word)), "{to}: {said:?}");
    }
}

#[test]
fn alerts_that_do_not_fit_are_left_out_and_said() {
    let with = |from: &str, to: &str| good(&REFERENCES.replace(from, to));
    for (from, to, word) in [
        ("threshold: 14.4", "threshold: 2000", "can never be exceeded"),
        ("op: gt", "op: lt", "asks for something else"),
        ("kind: burnrate", "kind: budget", "only burnrate"),
        ("alertWhenBreaching: true", "alertWhenBreaching: false", "the policy was left out"),
    ] {
        let all = with(from, to);
        assert_eq!(objectives(&all)[0].alerting, Alerting::default(), "{to}");
        assert!(all.remarks.iter().any(|remark| remark.words.contains(word)), "{to}: {:?}", all.remarks);
    }
    let ticket = with("severity: page", "severity: chat");
    assert_eq!(objectives(&ticket)[0].alerting.pairs.as_ref().expect("it fits")[0].severity, Urgency::Ticket);
}

#[test]
fn openslos_ratios_and_windows_in_all_their_forms() {
    let raw = REFERENCES.replace("    bad:\n      metricSource:\n        metricSourceRef: main\n        spec:\n          query: http_requests_total{job=\"checkout\",code=~\"5..\"}\n    total:", "    rawType: success\n    raw:");
    let all = good(&raw);
    assert!(matches!(objectives(&all)[0].indicator, Indicator::Threshold { op: Op::Gte, value: 0.999, .. }), "{:?}", objectives(&all)[0]);
    let sliced = good(
        &REFERENCES
            .replace("budgetingMethod: Occurrences", "budgetingMethod: Timeslices")
            .replace("targetPercent: 99.9", "targetPercent: 99.9\n      timeSliceTarget: 0.95\n      timeSliceWindow: 5")
            .replace("      target: 0.99\n", "      target: 0.99\n      timeSliceTarget: 1.0\n      timeSliceWindow: 10m\n")
            .replace("      target: 1.0\n", "      target: 1.0\n      timeSliceTarget: 0.9\n"),
    );
    let drafts = objectives(&sliced);
    assert_eq!((drafts[0].method, drafts[0].slice_target, drafts[0].slice_s), (Method::Timeslices, Some(target("0.95")), 300));
    assert_eq!((drafts[1].slice_target.map(Target::is_zero_tolerance), drafts[1].slice_s), (Some(true), 600));
    let calendar = "      calendar:\n        startTime: 2026-01-01 00:00:00\n        timeZone: Europe/Berlin\n      isRolling: false\n";
    for (instead, window) in [("      isRolling: true\n", Window::rolling_days(30)), ("      isRolling: false\n", Window::calendar(Unit::Month, 1, "UTC"))] {
        let all = good(&REFERENCES.replace(calendar, instead));
        assert_eq!(objectives(&all)[0].windows, [window]);
        assert!(all.remarks.iter().any(|remark| remark.field.starts_with("spec.timeWindow")), "it is said");
    }
}

#[test]
fn secrets_do_not_stand_in_files() {
    let source = |more: &str| format!("apiVersion: tocsin/v1\nkind: DataSource\nmetadata: {{name: main}}\nspec:\n  url: https://m.example.com\n  {more}\n");
    let read_source = |more: &str| match &good(&source(more)).items[0].what {
        What::DataSource { draft, .. } => (**draft).clone(),
        other => panic!("it is a data source: {other:?}"),
    };
    let secret = |name: &str| (name == "TOKEN").then(|| "s3cret".to_owned());
    let spec = read_source("bearer_token_env: TOKEN");
    assert_eq!(spec.variables(), ["TOKEN"]);
    let draft = spec.draft("main", &[], &secret).expect("it is set");
    assert_eq!(serde_json::to_value(draft.auth).expect("it has a form"), serde_json::json!({"kind": "bearer", "token": "s3cret"}));
    assert!(read_source("bearer_token_env: OTHER").draft("main", &[], &secret).expect_err("it is not set")[0].contains("OTHER"));
    let headers = read_source("headers_env: {X-Key: TOKEN}").draft("main", &["x-old".to_owned()], &secret).expect("it is set").headers.expect("they change");
    assert_eq!(headers.into_iter().collect::<Vec<_>>(), [("x-key".to_owned(), Some("s3cret".to_owned())), ("x-old".to_owned(), None)]);
    for (more, word) in [
        ("bearer_token: s3cret", "do not belong into files"),
        ("password: s3cret", "do not belong into files"),
        ("auth: digest", "none, bearer"),
        ("type: datadog", "cannot be asked"),
        ("timeout_s: 0", "timeout_secs"),
        ("tenant: two words", "tenant"),
    ] {
        let said = faults(&source(more));
        assert!(said.iter().any(|fault| fault.contains(word)) && !said.iter().any(|fault| fault.contains("s3cret")), "{more}: {said:?}");
    }
    assert!(faults(&source("").replace("https://m.example.com", "https://anna:hunter2@m.example.com")).iter().all(|fault| !fault.contains("hunter2")));
}

#[test]
fn other_documents_are_left_alone_and_a_file_of_nothing_is_refused() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n---\n";
    let all = good(&format!("{deployment}{HOUSE}"));
    assert!(all.remarks[0].words.contains("apps/v1"), "{:?}", all.remarks);
    for text in [deployment, "", "# nothing\n", "a: 1\n", "[]", "just words\n"] {
        assert!(faults(text)[0].contains("holds no definition"), "{text}: {:?}", faults(text));
    }
    let broken = read_all(&[HOUSE, "a: [\n"]);
    assert_eq!((broken.faults.len(), broken.faults[0].place.file.as_str()), (1, "1.yaml"));
    let bytes = read(&[File { name: "x".into(), bytes: b"a: 1\nb: \xff\n".to_vec() }]);
    assert_eq!((bytes.faults[0].place.line, bytes.faults[0].words.as_str()), (2, "the file is not text in UTF-8"));
}

#[test]
fn what_only_sloth_can_run_is_left_out_and_said() {
    let plugin = "\n  - name: plugged\n    objective: 99\n    sli: {plugin: {id: x, options: {a: b}}}\n    alerting: {page_alert: {disable: true}}\n";
    let (all, without) = (good(&format!("{}{plugin}", SLOTH.trim_end())), good(SLOTH));
    assert_eq!(objectives(&all).len(), objectives(&without).len());
    let more = all.remarks.iter().filter(|remark| !without.remarks.iter().any(|known| known.words == remark.words));
    let more: Vec<String> = more.map(|remark| format!("{}: {}", remark.field, remark.words)).collect();
    assert!(more.iter().any(|words| words.contains(".sli.plugin: plugins of Sloth cannot be run here")), "{more:?}");
}

#[test]
fn a_list_in_yaml_is_as_many_definitions() {
    let listed = "- {apiVersion: openslo/v1, kind: Service, metadata: {name: a}, spec: {}}\n- apiVersion: openslo/v1\n  kind: Service\n  metadata: {name: b}\n  spec: {}\n";
    let names: Vec<String> = good(listed).items.iter().filter_map(|item| item.what.name().map(str::to_owned)).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn json_says_the_same() {
    let json = r#"[{"apiVersion": "tocsin/v1", "kind": "Objective", "metadata": {"name": "x"}, "spec": {"target": 0.999, "windows": [{"type": "rolling", "seconds": 86400}], "indicator": {"kind": "pushed"}}}]"#;
    assert_eq!(one(json).windows, [Window::rolling_days(1)]);
}

#[test]
fn a_service_is_whole_where_one_file_says_so() {
    let all = read_all(&[SLOTH, HOUSE]);
    assert!(all.faults.iter().all(|fault| fault.words.contains("defined already")), "{:?}", all.faults);
    let services: Vec<_> = all.items.iter().filter(|item| item.what.kind() == "Service").collect();
    assert!(matches!(services[..], [Definition { what: What::Service { is_whole: true, .. }, .. }]), "{services:?}");
}

#[test]
fn objectives_are_written_as_openslo_where_they_fit() {
    let all = good(&format!("{PYRRA}---\n{REFERENCES}"));
    let drafts = objectives(&all);
    let text = writing_openslo::file(&drafts);
    let again = good(&text);
    let read_back = objectives(&again);
    assert!(text.contains("# “checkout-up” is not here:") && text.contains("# “checkout-latency-native” is not here:"), "{text}");
    assert_eq!(read_back.len(), drafts.len() - 2);
    for back in read_back {
        let was = drafts.iter().find(|draft| draft.name == back.name).expect("it was written");
        assert_eq!((back.target, &back.windows, back.method, &back.service, &back.source), (was.target, &was.windows, was.method, &was.service, &was.source));
    }
}

fn drafts() -> impl Strategy<Value = ObjectiveDraft> {
    let words = "[ -~äöü€…“”\n\t]{0,40}";
    let query = "[ -~]{0,30}[a-z]";
    let indicator = prop_oneof![
        (query, query, any::<bool>()).prop_map(|(part, total, is_good)| if is_good {
            Indicator::Ratio { good: Some(part), bad: None, total }
        } else {
            Indicator::Ratio { good: None, bad: Some(part), total }
        }),
        (query, 0.001..10.0f64, any::<bool>()).prop_map(|(histogram, threshold_s, native)| Indicator::Latency { histogram, threshold_s, native }),
        query.prop_map(|query| Indicator::Probe { query, absent_is_bad: false }),
        (query, prop::sample::select(Op::ALL.to_vec()), -1e9..1e9f64, any::<bool>()).prop_map(|(query, op, value, absent_is_bad)| Indicator::Threshold {
            query,
            op,
            value,
            absent_is_bad
        }),
        Just(Indicator::Pushed),
        prop::collection::vec(("[a-z]{1,8}-x", 0.1..9.0f64), 1..4).prop_map(|of| Indicator::Composite {
            how: Together::Weighted,
            of: of.into_iter().map(|(objective, weight)| Part { objective, weight }).collect()
        }),
    ];
    let window = prop_oneof![
        (1u16..366).prop_map(Window::rolling_days),
        (3_600i64..1_000_000).prop_map(|seconds| Window::Rolling { seconds }),
        (prop::sample::select(Unit::ALL.to_vec()), prop::sample::select(vec!["UTC", "Europe/Berlin"])).prop_map(|(unit, zone)| Window::calendar(unit, 1, zone)),
    ];
    let first = (
        "[a-zA-Z0-9][a-z0-9._/:-]{0,20}",
        prop::option::of(words),
        words,
        prop::option::of("[a-zä#:{}-]{1,12}"),
        1u64..=1_000_000_000,
        prop::collection::vec(window, 1..4),
    );
    let second = (
        indicator,
        prop::sample::select(vec![60i64, 300, 3_600]),
        any::<bool>(),
        any::<bool>(),
        prop::sample::select(Method::ALL.to_vec()),
        1u64..1_000_000_000,
    );
    (first, second).prop_map(|((name, title, description, service, billionths, windows), (indicator, slice_s, flag, enabled, method, sliced))| {
        let of = |billionths: u64| Target::imported(&format!("{billionths}e-9")).expect("it is a target");
        let method = if matches!(indicator, Indicator::Threshold { .. }) { Method::Timeslices } else { method };
        ObjectiveDraft {
            name,
            title,
            description,
            service,
            target: of(billionths),
            windows,
            method,
            slice_target: (method == Method::Timeslices).then(|| of(sliced)),
            source: indicator.is_asked().then(|| "main".to_owned()),
            indicator,
            slice_s,
            alerting: Alerting { enabled, min_bad: if flag { 2.0 } else { 0.5 }, ..Alerting::default() },
            gate_fails_closed: flag,
            basis: if enabled { Basis::LastPeriod } else { Basis::Observed },
        }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(drafts in prop::collection::vec(drafts(), 1..4)) {
        let kept: Vec<ObjectiveDraft> = drafts.into_iter().enumerate().filter_map(|(at, draft)| ObjectiveDraft { name: format!("{}{at}", draft.name), ..draft }.parse().ok()).collect();
        prop_assume!(!kept.is_empty());
        let text = writing::file(&kept.iter().map(writing::objective).collect::<Vec<_>>());
        let all = read_all(&[&text]);
        prop_assert!(all.faults.is_empty() && all.remarks.is_empty(), "{:?} {:?}\n{text}", all.faults, all.remarks);
        let read_back: Vec<ObjectiveDraft> = objectives(&all).into_iter().cloned().collect();
        prop_assert_eq!(read_back, kept, "{}", text);
    }

    #[test]
    fn no_foreign_file_breaks_the_reader(
        text in prop::sample::select(vec![SEARCH, MAIN_PAGE, REFERENCES, SLOTH, SLOTH_KUBERNETES, PYRRA, HOUSE]),
        at in any::<prop::sample::Index>(),
        instead in prop::sample::select(vec!["null", "[]", "{}", "1e300", "-1", "true", "\"\"", "x: y", "[[1]]", "é", "99999999999999999999"]),
    ) {
        // One value of a good file is something else.
        let lines: Vec<&str> = text.lines().collect();
        let at = at.index(lines.len());
        let changed: Vec<String> = lines.iter().enumerate().map(|(line, text)| match text.split_once(": ") {
            Some((key, _)) if line == at => format!("{key}: {instead}"),
            _ => (*text).to_owned(),
        }).collect();
        let all = read_all(&[&changed.join("\n")]);
        prop_assert!(all.faults.iter().chain(&all.remarks).all(|note| !note.to_string().contains('\n')));
    }
}

#[test]
fn what_is_written_reads_well() {
    let all = good(HOUSE);
    let text = writing::file(&objectives(&all).into_iter().map(writing::objective).collect::<Vec<_>>());
    assert_eq!(
        text,
        "apiVersion: tocsin/v1\nkind: Objective\nmetadata:\n  name: checkout-availability\nspec:\n  title: Checkout works\n  service: checkout\n  target: 99.9 %\n  windows:\n  - 28d\n  - calendar month in Europe/Berlin\n  indicator:\n    kind: ratio\n    bad: http_requests_total{job=\"checkout\",code=~\"5..\"}\n    total: http_requests_total{job=\"checkout\"}\n  source: main\n  alerting:\n    enabled: true\n    min_bad: 5.0\n---\napiVersion: tocsin/v1\nkind: Objective\nmetadata:\n  name: checkout-jobs\nspec:\n  service: checkout\n  target: 99 %\n  windows:\n  - 7d\n  indicator:\n    kind: pushed\n"
    );
    assert_eq!(FINE_S, 60, "a slice of a minute is as usual, and is left away");
}
