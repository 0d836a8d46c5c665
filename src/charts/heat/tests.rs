use super::{
    brush::Brush,
    errors::{self, ErrorHeat},
    histogram,
    latency::{self, LatencyHeat},
    rows::Rows,
    *,
};
use crate::{
    charts::wall::tests::at,
    domain::telemetry::panels::{ErrorCell, ErrorMap, ErrorRow, Figures, Latency, LatencyBefore, LatencyColumn},
};

const FROM: &str = "2026-11-21T01:34:00Z";

fn range(minutes: i64) -> Range {
    Range { from: at(FROM), to: at(FROM).plus_secs(minutes * 60) }
}

/// Eight to a decade from a microsecond to a thousand seconds.
fn bounds() -> Vec<f64> {
    (-48..=24).map(|eighth| 10_f64.powf(f64::from(eighth) / 8.0)).collect()
}

/// So many calls of a duration in each minute; nothing in those without calls.
fn a_latency(minutes: &[&[(f64, u64)]]) -> Latency {
    let bounds = bounds();
    let counts_of = |calls: &[(f64, u64)]| {
        let mut counts = vec![0; bounds.len() + 1];
        for (secs, n) in calls {
            counts[bounds.iter().position(|bound| secs <= bound).unwrap_or(bounds.len())] += n;
        }
        counts
    };
    let columns: Vec<LatencyColumn> = minutes
        .iter()
        .enumerate()
        .map(|(minute, calls)| LatencyColumn {
            at: at(FROM).plus_secs(60 * minute as i64),
            counts: counts_of(calls),
            requests: calls.iter().map(|call| call.1).sum(),
            errors: 0,
            p50_s: calls.first().map(|call| call.0),
            p95_s: None,
            p99_s: None,
        })
        .collect();
    let mut counts = vec![0; bounds.len() + 1];
    columns.iter().for_each(|column| counts.iter_mut().zip(&column.counts).for_each(|(to, from)| *to += from));
    let requests = counts.iter().sum();
    Latency { bounds_s: bounds, step_s: 60, columns, counts, now: Figures { requests, ..Figures::default() }, before: None }
}

fn a_heat(latency: Latency) -> LatencyHeat {
    LatencyHeat {
        latency,
        title: "Latency".to_owned(),
        threshold_s: Some(0.8),
        happened: vec![],
        lines: false,
        asked_at: at("2027-01-01T00:00:00Z"),
        wall: Wall::utc(),
    }
}

fn an_error_heat(rows: &[(&str, &[(u64, u64)])]) -> ErrorHeat {
    let columns = rows.first().map_or(0, |row| row.1.len());
    let row = |(service, cells): &(&str, &[(u64, u64)])| ErrorRow {
        service: (*service).to_owned(),
        operation: None,
        requests: cells.iter().map(|cell| cell.0).sum(),
        errors: cells.iter().map(|cell| cell.1).sum(),
        cells: cells.iter().map(|(requests, errors)| ErrorCell { requests: *requests, errors: *errors }).collect(),
        last_seen: None,
    };
    let map =
        ErrorMap { step_s: 60, columns: (0..columns).map(|column| at(FROM).plus_secs(60 * column as i64)).collect(), rows: rows.iter().map(row).collect() };
    ErrorHeat { map, title: "Errors".to_owned(), happened: vec![], asked_at: at("2027-01-01T00:00:00Z"), wall: Wall::utc() }
}

#[test]
fn columns_are_whole_minutes_and_never_too_narrow_or_too_many() {
    assert_eq!(step_secs(range(57), 560.0, NARROWEST), 60);
    assert_eq!(step_secs(range(57), 340.0, NARROWEST_ON_PHONE), 120);
    assert_eq!(step_secs(range(240), 4000.0, NARROWEST), 60, "240 columns");
    assert_eq!(step_secs(range(241), 4000.0, NARROWEST), 120);
    for minutes in [1, 7, 57, 300, 1440, 10_080, 44_640, 525_600] {
        for width in [120.0, 328.0, 560.0, 1400.0] {
            let step = step_secs(range(minutes), width, NARROWEST);
            let frame = Frame::new(range(minutes), step, width);
            assert!(step % 60 == 0 && frame.columns <= 240, "{minutes} min at {width}: {step} s, {} columns", frame.columns);
            // Edges are rounded to whole pixels.
            assert!((0..frame.columns).all(|column| frame.edge(column + 1) - frame.edge(column) >= 3.0), "{minutes} min at {width}");
        }
    }
}

#[test]
fn two_pictures_of_one_range_align_to_the_pixel() {
    let frame = Frame::new(range(30), 60, 563.0);
    let minute: &[(f64, u64)] = &[(0.1, 30)];
    let latency = latency::draw(&a_heat(a_latency(&[minute; 30])), frame, 563.0);
    let cells = [(40_u64, 4_u64); 30];
    let errors = errors::draw(&an_error_heat(&[("payments", &cells)]), frame, 563.0);
    for (above, below) in latency.cells.iter().zip(&errors.cells) {
        assert_eq!((above.rect.left, above.rect.right), (below.rect.left, below.rect.right));
        assert_eq!(above.rect.left.fract(), 0.0);
    }
    assert_eq!((latency.cells.len(), errors.cells.len()), (30, 30));
    assert!(latency.cells.windows(2).all(|pair| pair[0].rect.right == pair[1].rect.left), "without seams");
}

#[test]
fn what_is_missing_is_a_gap_and_not_a_zero() {
    let minutes: [&[(f64, u64)]; 5] = [&[(0.1, 30)], &[], &[], &[(0.1, 30)], &[]];
    let frame = Frame::new(range(5), 60, 500.0);
    assert_eq!(latency::gaps(&a_latency(&minutes), &frame, at("2027-01-01T00:00:00Z")), [(1, 3), (4, 5)]);
    let heat = a_heat(a_latency(&minutes));
    let drawn = latency::draw(&heat, frame, 500.0);
    assert_eq!(drawn.scene.marks.iter().filter(|mark| mark.role == Role::Gap).count(), 2);
    assert_eq!(latency::words(&heat, &drawn, 1, 0), "01:35 · nothing was measured");
    assert_eq!(latency::table(&heat, &frame).rows[1][1], "nothing was measured");
    let heat = an_error_heat(&[("media", &[(40, 0), (0, 0), (0, 0), (0, 0), (0, 0)])]);
    let drawn = errors::draw(&heat, frame, 500.0);
    assert_eq!(drawn.cells.len(), 1);
    assert!(drawn.scene.labels.iter().any(|label| label.words == "no data since 01:35"), "{:?}", drawn.scene.labels);
    assert_eq!(errors::words(&heat, &frame, 1, 0), "media · 01:35 · no data");
    assert_eq!(errors::words(&heat, &frame, 0, 0), "media · 01:34 · 0 % of 40 calls fail");
}

#[test]
fn a_minute_that_goes_on_is_not_missing() {
    let minutes: [&[(f64, u64)]; 3] = [&[(0.1, 30)], &[], &[]];
    let (frame, during) = (Frame::new(range(3), 60, 500.0), at(FROM).plus_secs(130));
    assert_eq!(latency::gaps(&a_latency(&minutes), &frame, during), [(1, 2)]);
    assert_eq!(latency::gaps(&a_latency(&minutes), &frame, at(FROM)), []);
    let heat = ErrorHeat { asked_at: during, ..an_error_heat(&[("media", &[(40, 0), (40, 0), (0, 0)])]) };
    let drawn = errors::draw(&heat, frame, 500.0);
    assert!(drawn.scene.marks.iter().all(|mark| mark.role != Role::Gap), "{:?}", drawn.scene.marks);
}

#[test]
fn whoever_fell_silent_is_named_also_while_time_goes_on() {
    let (frame, during) = (Frame::new(range(6), 60, 500.0), at(FROM).plus_secs(330));
    let heat = ErrorHeat { asked_at: during, ..an_error_heat(&[("media", &[(40, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)])]) };
    let drawn = errors::draw(&heat, frame, 500.0);
    assert!(drawn.scene.labels.iter().any(|label| label.words == "no data since 01:35"), "{:?}", drawn.scene.labels);
}

#[test]
fn the_ramp_has_fixed_limits_by_whole_decades_of_traffic() {
    assert_eq!([0.5, 1.0, 2.9, 3.0, 29.0, 30.0, 199.0, 200.0, 9e9].map(|value| step(&CALLS, value)), [0, 1, 1, 2, 3, 4, 5, 6, 6]);
    assert_eq!([0.0049, 0.005, 0.01, 0.149, 0.3].map(|value| step(&FAILING, value)), [0, 1, 2, 3, 5]);
    assert_eq!([0.0, 5.0, 100.0, 101.0, 1000.0, 1001.0, 40_000.0].map(scale), [1.0, 0.01, 0.1, 1.0, 1.0, 10.0, 100.0]);
    let frame = Frame::new(range(1), 60, 500.0);
    let drawn = latency::draw(&a_heat(a_latency(&[&[(0.1, 900), (0.4, 20), (0.9, 1)]])), frame, 500.0);
    let mut steps: Vec<usize> = drawn.cells.iter().map(|cell| cell.step).collect();
    steps.sort_unstable();
    assert_eq!(steps, [1, 3, 6]);
    assert_eq!(path(&drawn.cells, 1).matches('M').count(), 1);
}

#[test]
fn rows_are_eight_to_a_decade_and_grow_by_whole_decades() {
    let rows = Rows::of(&a_latency(&[&[(0.1, 100)]]), 20.0);
    assert_eq!((rows.rows.len(), rows.decades.len()), (24, 4));
    assert!(rows.rows.windows(2).all(|pair| pair[0].top == pair[1].bottom));
    assert!(Rows::of(&a_latency(&[&[(0.1, 100), (60.0, 5)]]), 20.0).rows.len() == 32, "5 % above 10 s ask for another decade");
    let rows = Rows::of(&a_latency(&[&[(0.1, 1000), (60.0, 5)]]), 20.0);
    assert_eq!(rows.rows.len(), 25, "what little is outside stands in a row at the end");
    let last = &rows.rows[24];
    assert!(last.from_s.is_some_and(|from| (from - 10.0).abs() < 1e-9) && last.to_s.is_none() && last.bottom < rows.rows[23].top);
    assert_eq!(Rows::of(&a_latency(&[&[(0.002, 100)]]), 20.0).rows.len(), 32, "a fast service gets the milliseconds");
    let heat = a_heat(a_latency(&[&[(0.1, 1000), (60.0, 5)]]));
    let drawn = latency::draw(&heat, Frame::new(range(1), 60, 500.0), 500.0);
    let words: Vec<&str> = drawn.scene.labels.iter().map(|label| label.words.as_str()).collect();
    assert!(words.contains(&"over 10 s") && !words.contains(&"10 s") && words.contains(&"objective 800 ms"), "{words:?}");
    assert!(Rows::of(&Latency { bounds_s: vec![], ..a_latency(&[]) }, 0.0).rows.is_empty());
    // Bounds of a sender's own.
    let own = Latency { bounds_s: vec![0.005, 0.5, 5.0], counts: vec![1, 2, 3, 4], columns: vec![], ..a_latency(&[]) };
    assert_eq!(Rows::of(&own, 0.0).rows.len(), 4);
}

#[test]
fn a_selection_snaps_to_cells_and_reads_back() {
    let frame = Frame::new(range(30), 60, 500.0);
    let minute: &[(f64, u64)] = &[(0.1, 30), (2.0, 7)];
    let latency = a_latency(&[minute; 30]);
    let rows = Rows::of(&latency, 20.0);
    let row = rows.at(rows.y(2.0) + 0.5);
    let brush = Brush::between(&frame, &rows, (12, row), (10, row)).expect("these cells exist");
    assert_eq!((brush.from, brush.to), (frame.start(10), frame.start(13)));
    assert_eq!((brush.columns(&frame), brush.rows(&rows)), (Some((10, 13)), (row, row + 1)));
    assert_eq!(brush.count(&latency, &frame, &rows), 21);
    assert_eq!(brush.words(&Wall::utc()), "01:44–01:47 · 1.8–2.4 s");
    let rect = brush.rect(&frame, &rows).expect("it lies in the frame");
    assert_eq!((rect.left, rect.right, rect.top, rect.bottom), (frame.edge(10), frame.edge(13), rows.rows[row].top, rows.rows[row].bottom));
    let all = Brush::of_columns(&frame, 0, 29);
    assert_eq!((all.count(&latency, &frame, &rows), all.words(&Wall::utc())), (30 * 37, "01:34–02:04".to_owned()));
    let elsewhere = Brush { from: at("2026-11-20T00:00:00Z"), to: at("2026-11-20T01:00:00Z"), min_s: None, max_s: None };
    assert_eq!((elsewhere.columns(&frame), elsewhere.rect(&frame, &rows), elsewhere.count(&latency, &frame, &rows)), (None, None, 0));
    for column in 0..frame.columns {
        assert_eq!(frame.column_at(frame.edge(column)), column);
        assert_eq!(frame.column_at(frame.edge(column + 1) - 0.5), column);
    }
    assert_eq!((frame.column_at(-5.0), frame.column_at(9e9)), (0, 29));
}

#[test]
fn the_histogram_stands_in_the_same_rows_and_its_shares_add_up() {
    let mut latency = a_latency(&[&[(0.1, 620), (2.0, 380)]]);
    latency.before = Some(LatencyBefore {
        counts: a_latency(&[&[(0.1, 998), (2.0, 2)]]).counts,
        figures: Figures { requests: 1000, p50_s: Some(0.1), ..Figures::default() },
    });
    let rows = Rows::of(&latency, 20.0);
    let scene = histogram::scene(&latency, &rows, Some(0.8), 540.0);
    let bars: Vec<&Mark> = scene.marks.iter().filter(|mark| mark.role == Role::Share).collect();
    assert_eq!(bars.len(), 2);
    for bar in bars {
        let Shape::Bar { y, height, .. } = bar.shape else { panic!("bars are bars") };
        assert!(rows.rows.iter().any(|row| (row.top + 0.5 - y).abs() < 1e-9 && (row.bottom - row.top - 1.0 - height).abs() < 1e-9));
    }
    let above = histogram::above_of(&latency, 0.8).expect("there are calls");
    assert!((above.now - 0.38).abs() < 1e-9 && above.before.is_some_and(|before| (before - 0.002).abs() < 1e-9));
    assert_eq!(scene.title, "38 % take longer than 800 ms, baseline 0.2 %");
    assert!(scene.labels.iter().any(|label| label.words.starts_with("38 % at ")), "{:?}", scene.labels);
    // What the baseline reaches further than, the words stand beyond.
    let mut both = a_latency(&[&[(0.1, 200), (2.0, 800)]]);
    both.before = Some(LatencyBefore {
        counts: a_latency(&[&[(1.5, 900), (2.0, 100)]]).counts,
        figures: Figures { requests: 1000, p50_s: Some(1.5), ..Figures::default() },
    });
    let scene = histogram::scene(&both, &rows, None, 540.0);
    let steps =
        scene.marks.iter().filter(|mark| mark.role == Role::ShareBefore).filter_map(|mark| if let Shape::Path(line) = &mark.shape { Some(line) } else { None });
    let steps: Vec<(f64, f64)> = steps.flatten().copied().collect();
    for label in scene.labels.iter().filter(|label| matches!(label.tone, Tone::Strong | Tone::Note)) {
        let rect = label.rect();
        assert!(!steps.iter().any(|(x, y)| rect.left < *x && *x < rect.right && rect.top < *y && *y < rect.bottom), "{label:?} lies upon the baseline");
    }
    let table = histogram::table(&latency, &rows);
    let sum: u64 = table.rows.iter().map(|row| row[1].parse::<u64>().unwrap_or(0)).sum();
    assert_eq!(sum, 1000);
    assert!(scene.labels.iter().all(|label| label.rect().right <= 541.0), "{:?}", scene.labels);
    let alone = histogram::scene(&a_latency(&[]), &rows, None, 300.0);
    assert_eq!(alone.title, "No call was measured");
}

#[test]
fn few_calls_are_hatched_and_many_rows_are_counted() {
    let rows: Vec<(String, [(u64, u64); 2])> = (0..12).map(|n| (format!("service-with-a-long-name-{n}"), [(19, 1), (20, 0)])).collect();
    let rows: Vec<(&str, &[(u64, u64)])> = rows.iter().map(|(name, cells)| (name.as_str(), cells.as_slice())).collect();
    let heat = an_error_heat(&rows);
    let frame = Frame::new(range(2), 60, 400.0);
    let drawn = errors::draw(&heat, frame, 400.0);
    assert_eq!((drawn.rows.len(), drawn.more.as_deref()), (8, Some("4 more with fewer failed calls")));
    assert_eq!(drawn.scene.marks.iter().filter(|mark| mark.role == Role::Few).count(), 8);
    assert_eq!(errors::words(&heat, &frame, 0, 0), "service-with-a-long-name-0 · 01:34 · 1 of 19 calls fail, few calls");
    assert!(drawn.scene.labels.iter().all(|label| label.rect().left >= 0.0 && label.rect().right <= 401.0), "{:?}", drawn.scene.labels);
    assert_eq!(errors::table(&heat, &frame).rows.len(), 12);
    assert!(errors::draw(&an_error_heat(&[]), frame, 400.0).cells.is_empty());
}

#[test]
fn labels_of_time_are_at_most_six_and_never_lie_upon_each_other() {
    let happened = |minute: i64, what| Happened { at: at(FROM).plus_secs(minute * 60), what, words: "payments v2.41.0".to_owned() };
    for minutes in [5, 57, 240, 1440, 44_640] {
        for width in [200.0, 328.0, 560.0, 1400.0] {
            let frame = Frame::new(range(minutes), step_secs(range(minutes), width, NARROWEST), width);
            let happened = [happened(minutes / 2, What::Impact), happened(minutes / 3, What::Deploy), happened(minutes / 3 + 1, What::Deploy)];
            let labels = frame.labels(&Wall::utc(), &happened, 100.0);
            assert!((1..=6).contains(&labels.len()), "{labels:?}");
            assert_eq!(labels.iter().filter(|label| label.words.contains("UTC")).count(), 1, "{labels:?}");
            for (at, label) in labels.iter().enumerate() {
                assert!(labels.iter().skip(at + 1).all(|other| !other.rect().touches(&label.rect())), "{labels:?}");
            }
            let mut scene = Scene { width, ..Scene::default() };
            happened_words(&mut scene, &frame, &happened, 20.0, 20.0);
            for (at, label) in scene.labels.iter().enumerate() {
                assert!(scene.labels.iter().skip(at + 1).all(|other| !other.rect().touches(&label.rect())), "{:?}", scene.labels);
            }
        }
    }
}

#[test]
fn figures_are_short() {
    assert_eq!([0.000_25, 0.012, 0.1, 0.8, 1.33, 2.0, 60.0, 300.0].map(seconds), ["250 µs", "12 ms", "100 ms", "800 ms", "1.3 s", "2 s", "60 s", "5 min"]);
    assert_eq!([0.0, 0.0001, 0.002, 0.38, 0.0995].map(percent), ["0 %", "under 0.1 %", "0.2 %", "38 %", "10 %"]);
}
