//! Worked numbers of service levels, most of them printed by the sources that are named beside
//! them, against what the product computes.
//!
//! `SLO_VECTORS` names another file of the same form; without it the project's own is run. A
//! vector fails when its kind is unknown, when an expected figure was not produced, or when one
//! differs by more than `tol × max(1, |expected|)`. Words, flags and times have to be the same.

#[path = "slo_vectors/inputs.rs"]
mod inputs;
#[path = "slo_vectors/promql.rs"]
mod promql;

use inputs::{Inputs, whole};
use serde_json::{Map, Value, json};
use tocsin::{
    domain::{
        alert::Labels,
        ids::IncidentRef,
        incident::Kind,
        metrics::{self, Facts, Filter, GroupBy, Range, half_width_of_means_90},
        slo::{
            budget::{self, Counts, Denominator, ReportMinutes, Slices, Standing},
            burn::{self, BurnState, Delays, Level, Pair, Timeline, Urgency},
            calendar::{Unit, Window},
            elsewhere,
            objective::COVERAGE_FLOOR,
            target::Target,
            zone::LocalTime,
        },
        time::Timestamp,
    },
    server::zones,
};

const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/slo_vectors.json");

#[test]
fn every_vector_holds() {
    let path = std::env::var("SLO_VECTORS").unwrap_or_else(|_| OWN.to_owned());
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let vectors = file["vectors"].as_array().unwrap_or_else(|| panic!("{path}: it has no list of vectors"));
    assert!(!vectors.is_empty(), "{path}: it has no vectors");
    let faults: Vec<String> = vectors.iter().flat_map(faults_of).collect();
    assert!(faults.is_empty(), "{} of {} vectors do not hold:\n{}", faults.len(), vectors.len(), faults.join("\n"));
    if let Some(count) = file["count"].as_u64() {
        assert_eq!(vectors.len() as u64, count, "{path} says how many vectors it has");
    }
}

/// Everything that is wrong with one vector.
fn faults_of(vector: &Value) -> Vec<String> {
    let name = vector["id"].as_str().unwrap_or("a vector without an id");
    let Some(kind) = vector["kind"].as_str() else { return vec![format!("{name}: it has no kind")] };
    let Some(expected) = vector["expected"].as_object() else { return vec![format!("{name}: nothing is expected")] };
    let tolerance = vector["tol"].as_f64().unwrap_or(1e-9);
    match check(kind, &vector["inputs"]) {
        Err(why) => vec![format!("{name} ({kind}): {why}")],
        Ok(got) => {
            let mut faults = vec![];
            for (key, expected) in expected {
                match got.get(key) {
                    None => faults.push(format!("{name} ({kind}): {key} was not produced, only {:?}", got.keys().collect::<Vec<_>>())),
                    Some(got) if !is_same(got, expected, tolerance) => {
                        faults.push(format!("{name} ({kind}): {key} is {got} and not {expected} (± {tolerance})"))
                    }
                    Some(_) => {}
                }
            }
            faults
        }
    }
}

fn is_same(got: &Value, expected: &Value, tolerance: f64) -> bool {
    match (got, expected) {
        (Value::Number(got), Value::Number(expected)) => match (got.as_f64(), expected.as_f64()) {
            (Some(got), Some(expected)) => (got - expected).abs() <= tolerance * expected.abs().max(1.0),
            _ => false,
        },
        (Value::String(got), Value::String(expected)) => match (Timestamp::parse(got), Timestamp::parse(expected)) {
            // One instant is written with many offsets.
            (Some(got), Some(expected)) => got == expected,
            _ => got == expected,
        },
        (Value::Array(got), Value::Array(expected)) => {
            got.len() == expected.len() && got.iter().zip(expected).all(|(got, expected)| is_same(got, expected, tolerance))
        }
        (Value::Object(got), Value::Object(expected)) => {
            expected.iter().all(|(key, expected)| got.get(key).is_some_and(|got| is_same(got, expected, tolerance)))
        }
        _ => got == expected,
    }
}

/// What the product says of these inputs, by the names of the file's kinds.
fn check(kind: &str, inputs: &Value) -> Result<Map<String, Value>, String> {
    let inputs = &Inputs(inputs);
    let outputs = match kind {
        "budget_consumed" => {
            let share = burn::share_of_factor(factor(inputs), inputs.secs("long")?, inputs.secs("period")?);
            json!({ "consumed_ratio": share, "consumed_pct": share * 100.0 })
        }
        "factor_from_budget" => {
            let share = inputs.ratio("budget").or_else(|_| inputs.ratio("consumed_ratio"))?;
            json!({ "factor": burn::factor_of_share(share, inputs.secs("period")?, inputs.secs("long")?) })
        }
        "budget_consumed_by_outage" => {
            let lasted = inputs.any_secs(&["duration", "outage"])?;
            let consumed = budget::consumed_by_outage(inputs.target()?, inputs.ratio("error_ratio")?, lasted, inputs.any_secs(&["period", "window"])?);
            json!({ "consumed_ratio": consumed, "remaining_ratio": consumed.map(|consumed| 1.0 - consumed) })
        }
        "burn_rate" => json!({ "burn_rate": burn::burn_rate(inputs.target()?, inputs.error_ratio()?) }),
        "max_burn_rate" => json!({ "max_burn_rate": burn::max_burn_rate(inputs.target()?) }),
        "time_to_exhaustion" => time_to_exhaustion(inputs)?,
        "detection_time" => detection_time(inputs)?,
        "reset_time" => {
            let (target, window) = (inputs.target()?, inputs.any_secs(&["window", "long", "short"])?);
            lasts(burn::clears_after_s(target, factor(inputs), window, inputs.ratio("error_ratio")?))
        }
        "threshold" => {
            let ratio = burn::threshold(inputs.target()?, factor(inputs));
            json!({ "error_ratio": ratio, "error_pct": ratio * 100.0 })
        }
        "mwmbr_timeline" => mwmbr_timeline(inputs)?,
        "mwmbr_decision" => mwmbr_decision(inputs)?,
        "burn_state4" => {
            let state =
                BurnState::of(inputs.number("long_burn")?, inputs.number("short_burn")?, inputs.number("threshold").or_else(|_| inputs.number("factor"))?);
            json!({ "state": state.slug() })
        }
        "budget_events" => {
            let (target, total) = (inputs.target()?, inputs.number("total").or_else(|_| Ok::<_, String>(inputs.counts()?.0.total))?);
            json!({ "allowed_bad": budget::allowed_bad(target, total), "too_little_traffic": budget::too_little_traffic(target, total).is_some() })
        }
        "event_slo" | "anomaly" => event_slo(inputs.optional_target()?, inputs)?,
        "sli_to_budget" => event_slo(Some(inputs.target()?), inputs)?,
        "sum_ratio" => sum_ratio(inputs)?,
        "timeslice" => timeslice(inputs)?,
        "ratio_timeslice_exhaustion_minutes" => {
            let slices = budget::slices_to_exhaust(inputs.target()?, inputs.number("slices")?, inputs.ratio("baseline_sli")?, inputs.ratio("attack_sli")?);
            json!({ "slices": slices, "minutes": slices.map(|slices| slices * inputs.optional_secs("slice").unwrap_or(60.0) / 60.0) })
        }
        "occurrences_attack" => {
            let (total, attack) = (inputs.number("base_total")?, inputs.ratio("attack_sli")?);
            let good = inputs.optional("base_good").map_or_else(|| inputs.ratio("base_sli").map(|sli| sli * total), Ok)?;
            let events = budget::events_to_exhaust(inputs.target()?, Counts { good, total }, attack);
            json!({ "attack_requests": events, "failed_attack_requests": events.map(|events| events * (1.0 - attack)) })
        }
        "exclusion" => exclusion(inputs)?,
        "float_gotcha" => {
            let percent = inputs.number("objective_pct")?;
            // The trap itself, and the way around it.
            json!({ "error_budget_pct_f64": 100.0 - percent, "correct": inputs.target()?.budget() * 100.0 })
        }
        "burndown_calendar" => burndown_calendar(inputs)?,
        "pyrra_windows" => {
            let windows: Vec<Value> = elsewhere::pyrra_pairs(inputs.any_whole_secs(&["window", "period"])?)
                .iter()
                .map(|it| json!({ "factor": it.pair.factor, "long_s": it.pair.long_s, "short_s": it.pair.short_s, "for_s": it.for_s, "severity": severity(it.pair.urgency) }))
                .collect();
            json!({ "windows": windows })
        }
        "pyrra_absent_for" => json!({ "seconds": elsewhere::pyrra_absent_for_s(inputs.target()?, inputs.any_whole_secs(&["window", "period"])?) }),
        "slokit_scaled" => {
            let windows: Vec<Value> = elsewhere::slokit_pairs(inputs.any_whole_secs(&["period", "window"])?)
                .iter()
                .map(|pair| json!({ "factor": pair.factor, "long_s": pair.long_s, "short_s": pair.short_s, "severity": pair.urgency.slug() }))
                .collect();
            json!({ "windows": windows })
        }
        "budget_time" => {
            let minutes = budget::full_outage_minutes(inputs.target()?, inputs.any_secs(&["period", "window"])?);
            json!({ "minutes": minutes, "seconds": minutes * 60.0, "hours": minutes / 60.0 })
        }
        "slo_report_minutes" => slo_report(inputs)?,
        "min_events" => {
            let (counts, _) = inputs.counts()?;
            let few = inputs.optional_target()?.and_then(|target| budget::too_little_traffic(target, counts.total));
            let valid = budget::is_enough(counts, inputs.optional("min_valid_events").or_else(|| inputs.optional("min_events")).unwrap_or(1.0));
            json!({ "valid": valid, "sli": counts.sli().filter(|_| valid), "too_little_traffic": few.is_some(), "allowed_bad": few })
        }
        "calendar_window" => calendar_window(inputs)?,
        "promql" => json!({ "value": promql::evaluate(inputs.text("load_step")?, inputs.text("series")?, inputs.text("expr")?, inputs.text("at")?)? }),
        "mean_diff_ci90" => {
            let of = |side: &str| inputs.optional(&format!("sd{side}_min")).or_else(|| inputs.optional("sd_min")).ok_or("the input sd_min is missing");
            // A total is split in halves: before and after.
            let n =
                |side: &str| inputs.optional(&format!("n{side}")).or_else(|| inputs.optional("n_total").map(|n| n / 2.0)).ok_or("the input n_total is missing");
            json!({ "half_width_min": half_width_of_means_90((of("1")?, n("1")?), (of("2")?, n("2")?)) })
        }
        "mttx" => mttx(inputs)?,
        unknown => return Err(format!("the kind {unknown} is not known")),
    };
    match outputs {
        Value::Object(outputs) => Ok(outputs),
        other => Err(format!("{other} has no names")),
    }
}

// ---------------------------------------------------------------- the larger ones

/// An alert that says no factor means burning faster than the budget lasts.
fn factor(inputs: &Inputs) -> f64 {
    inputs.optional("factor").or_else(|| inputs.optional("burn_rate_threshold")).unwrap_or(1.0)
}

/// Seconds until something, or that it never happens.
fn lasts(secs: Option<f64>) -> Value {
    json!({ "seconds": secs, "minutes": secs.map(|secs| secs / 60.0), "hours": secs.map(|secs| secs / 3600.0), "days": secs.map(|secs| secs / 86_400.0) })
}

fn severity(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Page => "critical",
        Urgency::Ticket => "warning",
    }
}

fn time_to_exhaustion(inputs: &Inputs) -> Result<Value, String> {
    let period = inputs.any_secs(&["period", "window"])?;
    let burn = match inputs.optional("burn_rate") {
        Some(burn) => burn,
        None => burn::burn_rate(inputs.target()?, inputs.error_ratio()?).ok_or("with zero tolerance nothing burns")?,
    };
    let remaining = inputs.optional_ratio("remaining_ratio").or_else(|| inputs.optional_ratio("consumed_ratio").map(|consumed| 1.0 - consumed));
    Ok(lasts(match remaining {
        Some(remaining) => burn::remaining_lasts_s(period, burn, remaining),
        None => burn::full_budget_lasts_s(period, burn),
    }))
}

fn detection_time(inputs: &Inputs) -> Result<Value, String> {
    let span = |name: &str| inputs.optional_secs(name).unwrap_or_default();
    let delays =
        Delays { for_s: span("for"), rule_interval_s: span("rule_interval"), scrape_interval_s: span("scrape_interval"), ingest_s: span("ingest_delay") };
    let window = inputs.any_secs(&["window", "long"])?;
    let crosses = burn::crosses_after_s(inputs.target()?, factor(inputs), window, inputs.error_ratio()?);
    let lasted = inputs.optional_secs("duration").unwrap_or(f64::INFINITY);
    let crosses = crosses.filter(|crosses| !burn::is_above(*crosses, lasted));
    let mut outputs = lasts(crosses.map(|crosses| crosses + delays.total_s()));
    outputs["fires"] = json!(crosses.is_some());
    Ok(outputs)
}

fn mwmbr_timeline(inputs: &Inputs) -> Result<Value, String> {
    let pair = Pair { long_s: inputs.whole_secs("long")?, short_s: inputs.whole_secs("short")?, factor: factor(inputs), urgency: Urgency::Page };
    let lasted = inputs.optional_secs("duration").unwrap_or(f64::INFINITY);
    let timeline = Timeline::of(inputs.target()?, &pair, inputs.error_ratio()?, lasted);
    Ok(json!({
        "fires": timeline.fires(),
        "long_crosses_s": timeline.long_crosses_s,
        "short_crosses_s": timeline.short_crosses_s,
        "short_clears_after_stop_s": timeline.short_clears_after_stop_s,
        "long_clears_after_stop_s": timeline.long_clears_after_stop_s,
    }))
}

fn mwmbr_decision(inputs: &Inputs) -> Result<Value, String> {
    let (long, short) = (inputs.number("long_burn")?, inputs.number("short_burn")?);
    let governing = long.min(short);
    let mut outputs = json!({ "governing_burn": governing });
    if let Some(factor) = inputs.optional("threshold").or_else(|| inputs.optional("factor")) {
        let state = BurnState::of(long, short, factor);
        outputs["state"] = json!(state.slug());
        outputs["fires"] = json!(state == BurnState::Critical);
    }
    let (warning, critical) = (inputs.optional("warning"), inputs.optional("critical"));
    if warning.or(critical).is_some() {
        outputs["level"] = json!(Level::of(governing, warning.unwrap_or(f64::INFINITY), critical.unwrap_or(f64::INFINITY)).slug());
    }
    Ok(outputs)
}

/// What was counted, without a target only how much of it was good.
fn event_slo(target: Option<Target>, inputs: &Inputs) -> Result<Value, String> {
    let (counts, oddity) = inputs.counts()?;
    let flag = oddity.map(|oddity| oddity.slug());
    let mut outputs =
        json!({ "sli": counts.sli(), "error_ratio": counts.error_ratio(), "good": counts.good, "bad": counts.bad(), "total": counts.total, "flag": flag });
    match target {
        Some(target) => {
            let standing = Standing::of(target, counts);
            outputs["allowed_bad"] = json!(standing.allowed_bad);
            outputs["consumed_ratio"] = json!(standing.consumed);
            outputs["remaining_ratio"] = json!(standing.remaining);
            outputs["remaining_pct"] = json!(standing.remaining.map(|remaining| remaining * 100.0));
            outputs["burn_rate"] = json!(counts.error_ratio().and_then(|errors| burn::burn_rate(target, errors)));
            outputs["gap"] = json!(counts.sli().map(|sli| sli - target.ratio()));
            outputs["state"] = json!(standing.verdict.slug());
            outputs["too_little_traffic"] = json!(budget::too_little_traffic(target, counts.total).is_some());
        }
        None if counts.total == 0.0 => outputs["state"] = json!("NO_DATA"),
        None => {}
    }
    Ok(outputs)
}

fn sum_ratio(inputs: &Inputs) -> Result<Value, String> {
    let (good, bad, total) = (inputs.list("good"), inputs.list("bad"), inputs.list("total"));
    let pairs = |a: Vec<Option<f64>>, b: Vec<Option<f64>>| {
        if a.len() == b.len() { Ok(a.into_iter().zip(b).filter_map(|(a, b)| Some((a?, b?))).collect::<Vec<_>>()) } else { Err("the lists differ in length") }
    };
    let read: Vec<_> = match (good, bad, total) {
        (Some(good), _, Some(total)) => pairs(good, total)?.into_iter().map(|(good, total)| Counts::of_good(good, total)).collect(),
        (None, Some(bad), Some(total)) => pairs(bad, total)?.into_iter().map(|(bad, total)| Counts::of_bad(bad, total)).collect(),
        (Some(good), Some(bad), None) => pairs(good, bad)?.into_iter().map(|(good, bad)| Counts::of_good(good, good + bad)).collect(),
        _ => return Err("two lists of good, bad and total are needed".into()),
    };
    let read: Vec<_> = read.into_iter().flatten().collect();
    let sum: Counts = read.iter().map(|(counts, _)| *counts).sum();
    let mut outputs = event_slo(inputs.optional_target()?, &Inputs(&json!({ "good": sum.good, "total": sum.total })))?;
    if let Some(oddity) = read.iter().find_map(|(_, oddity)| *oddity) {
        outputs["flag"] = json!(oddity.slug());
    }
    outputs["mean_of_ratios"] = json!(budget::mean_of_slices(read.iter().map(|(counts, _)| Some(*counts))));
    Ok(outputs)
}

fn timeslice(inputs: &Inputs) -> Result<Value, String> {
    let expected = inputs.number("slices_total")?;
    let measured = inputs.optional("slices_observed").unwrap_or(expected);
    let bad = inputs.optional("slices_bad").or_else(|| inputs.optional("slices_good").map(|good| measured - good)).ok_or("slices_bad is missing")?;
    let slices = Slices { expected: expected as u64, measured: measured as u64, bad: bad as u64 };
    let denominator = match inputs.value("denominator").and_then(Value::as_str) {
        None | Some("total") => Denominator::Expected,
        Some("observed") => Denominator::Measured,
        Some(other) => return Err(format!("the denominator {other} is not known")),
    };
    let counts = slices.counts(denominator);
    let mut outputs = event_slo(inputs.optional_target()?, &Inputs(&json!({ "good": counts.good, "total": counts.total })))?;
    let coverage = (expected > 0.0).then(|| measured / expected);
    outputs["coverage"] = json!(coverage);
    // Where silence is not taken for good, too much of it leaves nothing to say.
    if denominator == Denominator::Measured && coverage.is_none_or(|coverage| coverage < COVERAGE_FLOOR) {
        outputs["state"] = json!("NO_DATA");
    }
    if let (Some(target), Some(slice), Some(window)) = (inputs.optional_target()?, inputs.optional_secs("slice"), inputs.optional_secs("window")) {
        outputs["slice_cost_ratio"] = json!(budget::slice_cost(target, slice, window));
    }
    Ok(outputs)
}

fn exclusion(inputs: &Inputs) -> Result<Value, String> {
    let (window, excluded, down) = (inputs.secs("window")?, inputs.secs("excluded")?, inputs.secs("down")?);
    let down = down - inputs.optional_secs("excluded_down").unwrap_or_default();
    let removed = match inputs.text("mode")?.to_ascii_lowercase().as_str() {
        "remove" => excluded,
        "count_as_good" => 0.0,
        other => return Err(format!("the mode {other} is not known")),
    };
    let share = budget::downtime_share(window, down, removed);
    let mut outputs = json!({ "downtime_ratio": share, "downtime_pct": share.map(|share| share * 100.0), "sli": share.map(|share| 1.0 - share) });
    if let (Some(target), Some(share)) = (inputs.optional_target()?, share) {
        let consumed = budget::consumed(target, share);
        outputs["consumed_ratio"] = json!(consumed);
        outputs["remaining_ratio"] = json!(consumed.map(|consumed| 1.0 - consumed));
    }
    Ok(outputs)
}

fn burndown_calendar(inputs: &Inputs) -> Result<Value, String> {
    let (slots, elapsed) = (inputs.number("slots")?, inputs.optional("elapsed_slots"));
    let percent = |sli: Option<f64>| sli.map(|sli| sli / 100.0);
    let mut sli = match inputs.list("sli_pct") {
        Some(sli) => sli.into_iter().map(percent).collect(),
        None => inputs.list("sli").ok_or("sli_pct is missing")?,
    };
    // What has passed without a reading is a gap.
    sli.resize(elapsed.map_or(sli.len(), |elapsed| elapsed as usize), None);
    let passed = sli.len() as f64;
    let after = budget::burn_down(inputs.target()?, slots as u32, sli);
    let ideal = budget::ideal_remaining(passed, slots);
    Ok(json!({
        "remaining_pct": after.iter().map(|slot| slot.remaining * 100.0).collect::<Vec<_>>(),
        "remaining_ratio": after.iter().map(|slot| slot.remaining).collect::<Vec<_>>(),
        "measured": after.iter().map(|slot| slot.measured).collect::<Vec<_>>(),
        "ideal_pct_at_elapsed": ideal.map(|ideal| ideal * 100.0),
        "ideal_ratio_at_elapsed": ideal,
    }))
}

fn slo_report(inputs: &Inputs) -> Result<Value, String> {
    let (target, (counts, _)) = (inputs.target()?, inputs.counts()?);
    let sli = counts.sli().ok_or("nothing was counted")?;
    let minutes = ReportMinutes::of(target, sli, inputs.any_secs(&["window", "period"])?);
    let burn = burn::burn_rate(target, 1.0 - sli);
    let limit = inputs.optional("burn_threshold");
    Ok(json!({
        "sli": sli,
        "gap": minutes.gap,
        "budget_minutes": minutes.budget,
        "remaining_minutes": minutes.remaining,
        "error_minutes": minutes.bad,
        "burn_rate": burn,
        "consumed_ratio": burn,
        "remaining_ratio": burn.map(|burn| 1.0 - burn),
        "alert": limit.zip(burn).is_some_and(|(limit, burn)| burn::is_above(burn, limit)),
    }))
}

fn calendar_window(inputs: &Inputs) -> Result<Value, String> {
    let word = inputs.text("unit")?.to_ascii_lowercase();
    let unit = Unit::ALL.into_iter().find(|unit| unit.slug() == word).ok_or_else(|| format!("the unit {word} is not known"))?;
    let zone_name = inputs.text("tz").or_else(|_| inputs.text("zone")).unwrap_or("UTC").to_owned();
    let anchor = inputs.text("anchor_local")?;
    let anchor_local = LocalTime::parse(anchor).ok_or_else(|| format!("{anchor} is not a local time"))?;
    let at = Timestamp::parse(inputs.text("at")?).ok_or("at is not a time")?;
    let zone = zones::find(&zone_name).ok_or_else(|| format!("{zone_name} is not a zone"))?;
    let count = u32::try_from(whole(inputs.optional("count").unwrap_or(1.0))).map_err(|error| error.to_string())?;
    let window = Window::Calendar { unit, count, anchor_local, zone: zone_name }.check().map_err(|refusal| refusal.to_string())?;
    let bounds = window.bounds(at, &*zone);
    let length = bounds.to.secs_since(bounds.from);
    Ok(json!({ "begin": bounds.from, "end": bounds.to, "length_s": length, "length_h": length as f64 / 3600.0 }))
}

/// The mean over incidents that lasted so long, made as the metrics screen makes it.
fn mttx(inputs: &Inputs) -> Result<Value, String> {
    let seconds = inputs.list("seconds").ok_or("the input seconds is missing")?;
    let from = Timestamp::from_micros(1_800_000_000_000_000);
    let facts: Vec<Facts> = seconds.into_iter().map(|secs| lasting(from, secs)).collect();
    let range = Range::new(from, from.plus_secs(1)).expect("a second is a range");
    let groups = metrics::figures(&facts, &range, &Filter::default(), GroupBy::None, from);
    let summary = groups.first().and_then(|group| group.metrics.get("mttr")).ok_or("the metric is missing")?;
    let mut outputs = lasts(summary.mean);
    outputs["n"] = json!(summary.n);
    Ok(outputs)
}

/// An incident that began at an instant and lasted so many seconds, or lasts yet.
fn lasting(started_at: Timestamp, secs: Option<f64>) -> Facts {
    Facts {
        reference: IncidentRef(1),
        severity: None,
        kind: Kind::Incident,
        open: secs.is_none(),
        origin: None,
        services: vec![],
        labels: Labels::default(),
        started_at,
        detected_at: None,
        acknowledged_at: None,
        acknowledged_by_program: false,
        mitigated_at: None,
        restored_at: secs.map(|secs| Timestamp::from_micros(started_at.micros() + whole(secs * 1e6))),
        resolved_at: None,
        impact: vec![],
        cause: String::new(),
    }
}

// ---------------------------------------------------------------- what would go unnoticed otherwise

fn faults(vector: Value) -> Vec<String> {
    faults_of(&vector)
}

#[test]
fn what_is_wrong_fails() {
    let inputs = json!({ "slo": 0.999, "error_ratio": 0.01 });
    let vector = |kind: &str, expected: Value| faults(json!({ "id": "x", "kind": kind, "inputs": inputs, "expected": expected, "tol": 1e-9 }));
    assert_eq!(vector("burn_rate", json!({ "burn_rate": 10 })), Vec::<String>::new());
    for wrong in
        [json!({ "burn_rate": 10.1 }), json!({ "burn_rate": null }), json!({ "burn_rate": "10" }), json!({ "pace": 10 }), json!({ "burn_rate": 10, "pace": 1 })]
    {
        assert_eq!(vector("burn_rate", wrong.clone()).len(), 1, "{wrong}");
    }
    assert!(vector("burn", json!({ "burn_rate": 10 }))[0].contains("is not known"));
    assert!(!faults(json!({ "id": "x", "kind": "burn_rate", "inputs": {}, "expected": { "burn_rate": 1 } })).is_empty());
    assert!(!faults(json!({ "id": "x" })).is_empty());
    // A list as long as what was produced, and every name of an object.
    assert!(!is_same(&json!([1.0]), &json!([1.0, 2.0]), 1.0) && !is_same(&json!({ "a": 1 }), &json!({ "b": 1 }), 1.0));
    assert!(is_same(&json!("2020-11-04T10:10:00Z"), &json!("2020-11-04T11:10:00+01:00"), 0.0) && !is_same(&json!("a"), &json!("A"), 0.0));
}

/// Shapes that the own file does not have, with figures that follow by hand.
#[test]
fn every_shape_of_inputs_is_read() {
    let hour = 3600.0;
    for (kind, inputs, expected) in [
        (
            "event_slo",
            json!({ "slo": 0.9, "good": 95, "bad": 5 }),
            json!({ "sli": 0.95, "consumed_ratio": 0.5, "remaining_ratio": 0.5, "state": "MET", "flag": null }),
        ),
        ("event_slo", json!({ "slo": 0.9, "total": 200, "sli": 0.8 }), json!({ "bad": 40, "consumed_ratio": 2, "allowed_bad": 20, "state": "VIOLATED" })),
        ("event_slo", json!({ "slo": "99.9 %", "sli": 0.9985 }), json!({ "remaining_ratio": -0.5, "burn_rate": 1.5 })),
        (
            "event_slo",
            json!({ "slo": 1.0, "total": 10, "bad": 1 }),
            json!({ "remaining_ratio": null, "burn_rate": null, "consumed_ratio": null, "state": "VIOLATED" }),
        ),
        ("event_slo", json!({ "total": 10, "good": 5 }), json!({ "sli": 0.5 })),
        ("event_slo", json!({ "total": 0, "good": 0 }), json!({ "sli": null, "state": "NO_DATA" })),
        ("anomaly", json!({ "slo": 0.9, "total": 10, "bad": -3 }), json!({ "sli": 1, "flag": "GOOD_OVER_TOTAL" })),
        ("anomaly", json!({ "slo": 0.9, "total": 10, "good": -3 }), json!({ "sli": 0, "flag": "GOOD_OVER_TOTAL" })),
        ("detection_time", json!({ "slo": 0.9, "error_ratio": 0.2, "window_s": 600 }), json!({ "fires": true, "seconds": 300 })),
        ("detection_time", json!({ "slo": 0.9, "error_ratio": 0.1, "window_s": 600 }), json!({ "fires": false, "seconds": null })),
        ("detection_time", json!({ "slo": 0.9, "error_ratio": 0.2, "window_s": 600, "for_s": 120, "rule_interval_s": 30 }), json!({ "seconds": 450 })),
        ("reset_time", json!({ "slo": 0.9, "error_ratio": 0.2, "window_s": 600 }), json!({ "seconds": 300 })),
        ("time_to_exhaustion", json!({ "period_s": 100, "burn_rate": 0 }), json!({ "seconds": null })),
        ("time_to_exhaustion", json!({ "period_h": 1, "slo": 0.9, "error_ratio": 0.2, "remaining_ratio": 0.5 }), json!({ "seconds": hour / 4.0 })),
        ("time_to_exhaustion", json!({ "period_s": 100, "burn_rate": 2, "remaining_ratio": -1 }), json!({ "seconds": 0 })),
        (
            "timeslice",
            json!({ "slices_total": 10, "slices_bad": 2, "slices_observed": 5, "denominator": "observed", "slo": 0.8 }),
            json!({ "sli": 0.6, "consumed_ratio": 2, "coverage": 0.5, "state": "NO_DATA" }),
        ),
        ("timeslice", json!({ "slices_total": 10, "slices_bad": 2, "slices_observed": 5, "denominator": "total" }), json!({ "sli": 0.8 })),
        (
            "timeslice",
            json!({ "slices_total": 10, "slices_bad": 0, "slices_observed": 0, "denominator": "observed" }),
            json!({ "sli": null, "state": "NO_DATA" }),
        ),
        (
            "exclusion",
            json!({ "mode": "count_as_good", "window_min": 10_080, "excluded_min": 1440, "down_min": 60 }),
            json!({ "downtime_ratio": 60.0 / 10_080.0 }),
        ),
        ("sum_ratio", json!({ "bad": [1, null, 0], "total": [2, 9, 8] }), json!({ "sli": 0.9 })),
        (
            "mwmbr_timeline",
            json!({ "slo": 0.999, "factor": 14.4, "long_s": 3600, "short_s": 300, "error_ratio": 0.15, "duration_s": 60 }),
            json!({ "fires": false, "long_crosses_s": null, "short_crosses_s": 28.8 }),
        ),
        ("mwmbr_decision", json!({ "long_burn": 3, "short_burn": 2, "warning": 1, "critical": 2 }), json!({ "governing_burn": 2, "level": "warning" })),
        ("mwmbr_decision", json!({ "long_burn": 3, "short_burn": 2.1, "warning": 1, "critical": 2 }), json!({ "level": "critical" })),
        ("burn_state4", json!({ "long_burn": 15, "short_burn": 14.4, "threshold": 14.4 }), json!({ "state": "RECOVERING" })),
        (
            "burndown_calendar",
            json!({ "objective_pct": 90, "slots": 10, "sli_pct": [90, null, 80] }),
            json!({ "remaining_pct": [90, 90, 70], "ideal_pct_at_elapsed": 70 }),
        ),
        ("max_burn_rate", json!({ "slo": 1 }), json!({ "max_burn_rate": null })),
        ("mean_diff_ci90", json!({ "sd1_min": 3, "n1": 9, "sd2_min": 4, "n2": 16 }), json!({ "half_width_min": 1.644_853_627 * 2.0_f64.sqrt() })),
        ("mttx", json!({ "seconds": [60, 180, null] }), json!({ "minutes": 2, "n": 2 })),
        ("min_events", json!({ "good": 5, "bad": 5, "min_valid_events": 10 }), json!({ "valid": true })),
        (
            "calendar_window",
            json!({ "unit": "Year", "anchor_local": "2024-02-29", "at": "2026-06-01T00:00:00Z" }),
            json!({ "begin": "2026-02-28T00:00:00Z", "length_s": 31_536_000 }),
        ),
        ("promql", json!({ "load_step": "1m", "series": "0 _ 4-1x2 stale 5", "expr": "sum_over_time(x[10m])", "at": "6m" }), json!({ "value": 14 })),
        ("promql", json!({ "load_step": "1m", "series": "0+60x10", "expr": "rate(x[5m] offset 1m)", "at": "6m" }), json!({ "value": 1 })),
        ("promql", json!({ "load_step": "1m", "series": "9 3 7", "expr": "delta(x[2m1s])", "at": "2m" }), json!({ "value": -2.0 * 121.0 / 120.0 })),
    ] {
        let vector = json!({ "id": "shape", "kind": kind, "inputs": inputs, "expected": expected, "tol": 1e-9 });
        assert_eq!(faults_of(&vector), Vec::<String>::new());
    }
}
