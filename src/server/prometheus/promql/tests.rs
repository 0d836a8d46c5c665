use super::*;

fn only(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect()
}

fn increase(text: &str) -> Result<String, Unfit> {
    Counter::parse(text)?.increase(60, &BTreeMap::new())
}

#[test]
fn a_selector_is_wrapped() {
    for (text, query) in [
        ("http_requests_total", "sum(increase(http_requests_total[60s]))"),
        (r#" ( http_requests_total{job="shop",code=~"5.."} ) "#, r#"sum(increase(http_requests_total{code=~"5..",job="shop"}[60s]))"#),
        ("http_requests_total{job='a\"b'} # the shop's", r#"sum(increase(http_requests_total{job="a\"b"}[60s]))"#),
        (r#"{__name__="http_requests_total",job="shop"}"#, r#"sum(increase({__name__="http_requests_total",job="shop"}[60s]))"#),
        (r#"x_total{path=~`/a\.b`}"#, r#"sum(increase(x_total{path=~"/a\\.b"}[60s]))"#),
    ] {
        assert_eq!(increase(text).as_deref(), Ok(query), "{text}");
    }
}

#[test]
fn what_is_no_counter_is_refused_in_words() {
    for (text, unfit) in [
        ("", Unfit::Empty),
        ("  # nothing", Unfit::Unreadable(String::new())),
        ("sum(", Unfit::Unreadable(String::new())),
        ("rate(x_total[5m])", Unfit::AlreadyWrapped("rate".to_owned())),
        ("sum(rate(x_total[5m])) by (job)", Unfit::AlreadyWrapped("rate".to_owned())),
        ("increase(x_total[5m:1m])", Unfit::AlreadyWrapped("increase".to_owned())),
        ("x_total[5m]", Unfit::HasRange("5m".to_owned())),
        ("x_total offset 5m", Unfit::MovedInTime),
        ("x_total @ 1700000000", Unfit::MovedInTime),
        ("sum(x_total)", Unfit::NoSelector("an aggregation")),
        ("x_total + y_total", Unfit::NoSelector("a calculation")),
        ("-x_total", Unfit::NoSelector("a calculation")),
        ("vector(1)", Unfit::NoSelector("a function")),
        ("42", Unfit::NoSelector("a constant")),
        (r#"{job="shop"}"#, Unfit::NoMetric),
        (r#"x{a="1" or b="2"}"#, Unfit::OrMatchers),
        (r#"x{job="shop"}) or (up"#, Unfit::Unreadable(String::new())),
        ("x_total; drop", Unfit::Unreadable(String::new())),
    ] {
        let refused = Counter::parse(text).expect_err(text);
        match (&refused, &unfit) {
            (Unfit::Unreadable(_), Unfit::Unreadable(_)) => {}
            _ => assert_eq!(refused, unfit, "{text}"),
        }
        assert!(!refused.to_string().is_empty());
    }
}

#[test]
fn a_window_that_is_left_open_is_filled_in() {
    for (text, query) in [
        ("sum(increase(x_total[$window]))", "sum(sum(increase(x_total[60s]))\n)"),
        ("increase(x_total[{{.window}}]) # all", "sum(increase(x_total[60s]) # all\n)"),
        ("sum(rate(x_total{job=\"[$window]\"}[{{ .window }}]))", "sum(sum(rate(x_total{job=\"[$window]\"}[60s]))\n) * 60"),
        ("sum(rate(a[$window])) - sum(rate(b[ $window ]))", "sum(sum(rate(a[60s])) - sum(rate(b[60s ]))\n) * 60"),
        ("sum_over_time(x:increase1m[$window:1m])", "sum(sum_over_time(x:increase1m[60s:1m])\n)"),
    ] {
        let made = increase(text).unwrap_or_else(|unfit| panic!("{text}: {unfit}"));
        assert_eq!(made, query, "{text}");
        check(&made).unwrap_or_else(|unfit| panic!("{made}: {unfit}"));
    }
}

#[test]
fn an_expression_that_counts_nothing_is_refused() {
    for (text, unfit) in [
        ("sum(rate(a[$window])) / sum(rate(b[$window]))", Unfit::IsRatio),
        ("sum(increase(a[$window])) + sum(rate(b[$window]))", Unfit::MixedFunctions),
        ("max_over_time(a[$window])", Unfit::CountsNothing("max_over_time".to_owned())),
        ("delta(a[$window])", Unfit::CountsNothing("delta".to_owned())),
        ("increase(a[$window] offset 1h)", Unfit::MovedInTime),
        ("a[$window]", Unfit::NoNumbers("a range of time")),
        ("scalar(sum(increase(a[$window])))", Unfit::NoNumbers("one constant")),
    ] {
        assert_eq!(Counter::parse(text), Err(unfit), "{text}");
    }
    assert_eq!(Windowed::parse("sum(increase(a[5m]))"), Err(Unfit::NoWindow));
    // A share of what one series counts is still a count.
    assert!(Counter::parse("sum(increase(a[$window])) / 2").is_ok());
}

#[test]
fn labels_are_put_in_and_never_pasted() {
    let shop = only(&[("job", r#"a"} or vector(1) or x{b=""#)]);
    let narrowed = Counter::parse("x_total").unwrap().increase(60, &shop).unwrap();
    assert_eq!(narrowed, r#"sum(increase(x_total{job="a\"} or vector(1) or x{b=\""}[60s]))"#);
    check(&narrowed).unwrap();

    let everywhere = inject("sum by (le) (rate(a[5m])) / on (le) group_left () b{c!=\"d\"} > bool 2", &only(&[("env", "prod")])).unwrap();
    assert_eq!(everywhere.matches(r#"env="prod""#).count(), 2, "{everywhere}");
    check(&everywhere).unwrap();

    assert_eq!(inject("a # as it is", &BTreeMap::new()).as_deref(), Ok("a # as it is"));
    assert_eq!(inject(r#"a{env="dev"}"#, &only(&[("env", "prod")])), Err(Unfit::AlreadyMatched("env".to_owned())));
    assert_eq!(inject(r#"a{env="prod"}"#, &only(&[("env", "prod")])).as_deref(), Ok(r#"a{env="prod"}"#));
    for bad in ["a b", "", "1a", "__name__", "a\"", "ä"] {
        assert!(matches!(inject("a", &only(&[(bad, "x")])), Err(Unfit::BadLabel(_))), "{bad}");
    }
}

#[test]
fn one_of_several_values_is_matched_literally() {
    let selector = Selector::parse("x_bucket").unwrap().with_any("le", &["2".to_owned(), "2.0".to_owned()]).unwrap();
    assert_eq!(selector.text(), r#"x_bucket{le=~"2|2\\.0"}"#);
    let hostile = Selector::parse("x").unwrap().with_any("a", &["b|c".to_owned(), "\"}[$^(".to_owned()]).unwrap();
    assert_eq!(Selector::parse(&hostile.text()).as_ref().map(Selector::text), Ok(hostile.text()));
}

#[test]
fn metrics_are_named() {
    let names = metric_names(r#"sum(rate(a[$window])) + {__name__=~"b|c"} - count(d offset 5m) + {x="y"}"#).unwrap();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a", "b|c", "d"]);
}

#[test]
fn a_metric_of_other_labels_is_the_same_series_of_another_name() {
    let bucket = Selector::parse(r#"d_bucket{job="shop"}"#).unwrap();
    assert_eq!(bucket.metric(), Some("d_bucket"));
    assert_eq!(bucket.of_metric("d_count").text(), r#"d_count{job="shop"}"#);
    let named = Selector::parse(r#"{__name__="d_bucket",job="shop"}"#).unwrap();
    assert_eq!((named.metric(), named.of_metric("d_count").text()), (Some("d_bucket"), r#"d_count{job="shop"}"#.to_owned()));
}

#[test]
fn no_text_brings_the_reader_down() {
    let deep = |open: &str, close: &str, count: usize| format!("{}x{}", open.repeat(count), close.repeat(count));
    assert_eq!(check(&deep("(", ")", 300)), Err(Unfit::TooDeep));
    assert_eq!(check(&deep("-", "", 3_000)), Err(Unfit::TooDeep));
    assert_eq!(check(&"x".repeat(LONGEST + 1)), Err(Unfit::TooLong));
    let chain = format!("x{}", " or x".repeat(790));
    let on_a_small_stack = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let injected = inject(&chain, &only(&[("a", "b")])).map(|_| ());
        let deepest = check(&deep("(", ")", DEEPEST));
        let functions = check(&deep("abs(", ")", DEEPEST));
        (injected, deepest, functions)
    });
    assert_eq!(on_a_small_stack.unwrap().join().unwrap(), (Err(Unfit::TooLong), Ok(()), Ok(())));
}

#[test]
fn spans_are_written_in_their_largest_unit() {
    assert_eq!([60, 90, 300, 3_600, 86_400, 604_800, 0].map(duration), ["1m", "90s", "5m", "1h", "1d", "1w", "0s"]);
}

proptest::proptest! {
    #[test]
    fn whatever_is_typed_is_read_or_refused(text in "[a-z_{}\\[\\]()\"'`#$.,:=~!0-9 @+*/-]{0,60}") {
        if let Ok(counter) = Counter::parse(&text) {
            let query = counter.increase(60, &only(&[("zone", "a\"b")]));
            if let Ok(query) = query {
                proptest::prop_assert!(check(&query).is_ok(), "{text} became {query}");
            }
        }
        let _ = Instant::parse(&text);
        let _ = metric_names(&text);
    }

    #[test]
    fn whatever_a_label_holds_stays_in_its_label(value in "\\PC{0,40}") {
        let query = Counter::parse("x_total").and_then(|counter| counter.increase(60, &only(&[("label", &value)])));
        if let Ok(query) = query {
            proptest::prop_assert!(metric_names(&query).is_ok_and(|names| names.len() == 1), "{query}");
        }
    }
}
