use super::*;
use crate::charts::place::Rect;

pub(crate) fn edge(from: &str, to: &str, rate: f64, errors: f64) -> Edge {
    let requests = (rate * 600.0) as u64;
    Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        requests,
        errors: (requests as f64 * errors) as u64,
        rate,
        p95_s: Some(0.2),
        seen: rate > 0.0,
        declared: rate <= 0.0,
        fails: "fail".to_owned(),
    }
}

fn node(name: &str) -> Node {
    Node { name: name.to_owned(), silent: None }
}

/// The shop of the picture.
pub(crate) fn a_shop() -> Graph {
    let names = ["edge", "search", "checkout", "catalogue", "payments", "provider-a", "provider-b"];
    let mut nodes: Vec<Node> = names.map(node).to_vec();
    nodes.push(Node { name: "media".to_owned(), silent: Some("no data since 01:38".to_owned()) });
    let edges = vec![
        edge("edge", "search", 90.0, 0.001),
        edge("edge", "checkout", 30.0, 0.02),
        edge("edge", "media", 0.0, 0.0),
        edge("search", "catalogue", 80.0, 0.0),
        edge("checkout", "payments", 24.0, 0.16),
        edge("payments", "provider-a", 14.0, 0.0),
        Edge { fails: "time out".to_owned(), ..edge("payments", "provider-b", 10.0, 0.38) },
    ];
    Graph { nodes, edges }
}

fn at<'a>(drawing: &'a Drawing, name: &str) -> &'a Box {
    drawing.boxes.iter().find(|each| each.name == name).expect("it is drawn")
}

/// Nothing lies upon another, nothing leaves the picture.
fn holds(drawing: &Drawing) -> Result<(), String> {
    let frame = Rect::new(-0.5, -0.5, drawing.width + 1.0, drawing.height + 1.0);
    let mut boxes: Vec<(String, Rect)> = drawing.boxes.iter().map(|each| (each.name.clone(), each.rect)).collect();
    boxes.extend(drawing.labels.iter().map(|label| (label.words.clone(), label.rect())));
    for (at, (name, rect)) in boxes.iter().enumerate() {
        if !frame.holds(rect) {
            return Err(format!("{name} leaves the picture: {rect:?} in {frame:?}"));
        }
        if let Some((other, _)) = boxes[at + 1..].iter().find(|(_, other)| rect.touches(other)) {
            return Err(format!("{name} lies upon {other}"));
        }
    }
    Ok(())
}

#[test]
fn layers_lead_from_the_entry_to_what_is_called_last() {
    let drawing = a_shop().draw(540.0, None, &Frozen::default());
    assert_eq!(holds(&drawing), Ok(()));
    let left = |name: &str| at(&drawing, name).rect.left;
    assert!(left("edge") < left("search") && left("search") < left("payments") && left("payments") < left("provider-b"));
    assert_eq!((left("search"), left("payments")), (left("media"), left("catalogue")));
    assert_eq!((at(&drawing, "provider-b").look, at(&drawing, "payments").look), (NodeLook::Failing, NodeLook::Healthy));
    assert_eq!(at(&drawing, "media").look, NodeLook::Silent);
    let words: Vec<&str> = drawing.labels.iter().map(|label| label.words.as_str()).collect();
    for said in ["no data since 01:38", "16 % fail", "38 % time out", "ok · 14/s"] {
        assert!(words.contains(&said), "{said} in {words:?}");
    }
    assert_eq!(drawing.title, "38 % of 6,000 calls from payments to provider-b time out.");
    let unseen = drawing.lines.iter().find(|line| line.to == "media").expect("it is drawn");
    assert_eq!((unseen.look, unseen.stroke), (EdgeLook::Unseen, 1.5));
    assert!(drawing.lines.iter().all(|line| (1.5..=6.0).contains(&line.stroke)));
}

#[test]
fn a_refresh_adds_and_never_moves() {
    let mut graph = a_shop();
    let first = graph.draw(540.0, None, &Frozen::default());
    graph.nodes.insert(0, node("aaa"));
    graph.edges.insert(0, edge("checkout", "aaa", 200.0, 0.5));
    graph.edges.push(edge("aaa", "zzz", 20.0, 0.0));
    graph.edges.push(edge("provider-b", "edge", 2.0, 0.0));
    let second = graph.draw(540.0, None, &first.frozen);
    assert_eq!(holds(&second), Ok(()));
    for each in &first.boxes {
        assert_eq!(at(&second, &each.name).rect, each.rect, "{} has moved", each.name);
    }
    assert_eq!(second.boxes.len(), first.boxes.len() + 2);
    let back = second.lines.iter().find(|line| line.from == "provider-b").expect("it is drawn");
    assert!(back.back, "what leads back runs beneath");
}

#[test]
fn few_calls_do_not_fail_an_edge() {
    let few = Edge { requests: 19, errors: 19, ..edge("a", "b", 1.0, 0.0) };
    assert!(!few.is_failing());
    assert!(Edge { requests: 20, errors: 1, ..few.clone() }.is_failing());
    assert_eq!(Graph { nodes: vec![], edges: vec![few] }.sentence(), "No service fails in 5 % of the calls of another, or there were too few to say so.");
}

#[test]
fn a_dozen_are_drawn_and_what_fails_is_among_them() {
    let mut edges: Vec<Edge> = (0..30).map(|n| edge("hub", &format!("s{n:02}"), 100.0 - f64::from(n), 0.0)).collect();
    edges.push(edge("s29", "deep", 1.0, 0.9));
    let graph = Graph { nodes: vec![], edges };
    let drawing = graph.draw(600.0, None, &Frozen::default());
    assert_eq!((drawing.boxes.len(), drawing.folded.as_deref()), (12, Some("+ 20 healthy")));
    for name in ["deep", "s29", "hub"] {
        at(&drawing, name);
    }
    assert_eq!(holds(&drawing), Ok(()));
    assert_eq!(graph.table().rows.len(), 31);
    assert_eq!(graph.table().rows[0][..3], ["s29", "deep", "90 % fail"]);
}

#[test]
fn what_is_looked_at_stands_among_its_own_also_where_much_fails_elsewhere() {
    let mut edges = vec![edge("edge", "quiet", 1.0, 0.0), edge("quiet", "store", 0.5, 0.0)];
    edges.extend((0..12).map(|n| edge(&format!("a{n}"), &format!("b{n}"), 40.0, 0.5)));
    let drawing = Graph { nodes: vec![], edges }.draw(700.0, Some("quiet"), &Frozen::default());
    assert_eq!(drawing.boxes.len(), 12);
    for name in ["edge", "quiet", "store"] {
        at(&drawing, name);
    }
}

#[test]
fn circles_and_loops_are_drawn() {
    let graph = Graph { nodes: vec![], edges: vec![edge("a", "b", 5.0, 0.0), edge("b", "a", 1.0, 0.0), edge("b", "b", 1.0, 0.0)] };
    let drawing = graph.draw(400.0, None, &Frozen::default());
    assert_eq!((drawing.boxes.len(), drawing.lines.len()), (2, 2));
    assert_eq!(drawing.lines.iter().filter(|line| line.back).count(), 1);
    assert_eq!(graph.table().rows.len(), 3, "the table says the loop too");
}

#[test]
fn a_box_carries_its_whole_name() {
    let long = "payments-settlement-reconciliation-worker";
    let drawing = Graph { nodes: vec![], edges: vec![edge("edge", long, 5.0, 0.0)] }.draw(300.0, None, &Frozen::default());
    assert_eq!(at(&drawing, long).name, long);
}

#[test]
fn words_keep_off_lines_where_there_is_room() {
    // One that fails between two that carry much.
    let mut graph = a_shop();
    graph.edges.push(edge("checkout", "catalogue", 60.0, 0.0));
    graph.edges.push(edge("search", "payments", 60.0, 0.0));
    for drawing in [a_shop().draw(540.0, None, &Frozen::default()), graph.draw(720.0, None, &Frozen::default())] {
        for label in &drawing.labels {
            let rect = label.rect();
            let inside = |(x, y): (f64, f64)| rect.left < x && x < rect.right && rect.top + 2.0 < y && y < rect.bottom - 2.0;
            let crossed = drawing.lines.iter().find(|line| line.curve.points().into_iter().any(inside));
            assert_eq!(crossed.map(|line| &line.words), None, "{} lies upon a line", label.words);
        }
    }
}

#[test]
fn where_a_line_rises_steeply_its_words_stand_beside_it_and_not_upon_another() {
    // The demo's shop, on half of a desk: little room between the layers, and two lines across all of them.
    let graph = Graph {
        nodes: vec![],
        edges: vec![
            edge("subscriptions", "notifications", 2.0, 0.0),
            edge("subscriptions", "payments", 2.0, 0.072),
            edge("edge", "gateway", 9.0, 0.14),
            edge("gateway", "checkout", 3.0, 0.37),
            edge("gateway", "identity", 3.0, 0.29),
            edge("gateway", "catalogue", 3.0, 0.32),
            edge("gateway", "search", 3.0, 0.0),
            edge("checkout", "payments", 2.0, 0.33),
            edge("checkout", "notifications", 2.0, 0.08),
            edge("search", "catalogue", 3.0, 0.0),
            edge("payments", "ledger", 1.0, 0.0),
            edge("payments", "risk", 1.0, 0.0),
            edge("catalogue", "media", 1.0, 0.0),
        ],
    };
    let drawing = graph.draw(560.0, None, &Frozen::default());
    assert_eq!(holds(&drawing), Ok(()));
    let label = drawing.labels.iter().find(|label| label.words == "37 % fail").expect("it is said");
    let rect = label.rect();
    let inside = |(x, y): (f64, f64)| rect.left < x && x < rect.right && rect.top + 2.0 < y && y < rect.bottom - 2.0;
    let crossed = drawing.lines.iter().filter(|line| (line.from.as_str(), line.to.as_str()) != ("gateway", "checkout"));
    let crossed: Vec<&String> = crossed.filter(|line| line.curve.points().into_iter().any(inside)).map(|line| &line.words).collect();
    assert_eq!(crossed, Vec::<&String>::new(), "it lies upon another's line");
}

#[test]
fn the_order_crosses_least() {
    let edges = vec![
        edge("in", "a", 1.0, 0.0),
        edge("in", "b", 1.0, 0.0),
        edge("in", "c", 1.0, 0.0),
        edge("a", "z", 1.0, 0.0),
        edge("b", "y", 1.0, 0.0),
        edge("c", "x", 1.0, 0.0),
    ];
    let drawing = Graph { nodes: vec![], edges }.draw(600.0, None, &Frozen::default());
    let higher = |one: &str, two: &str| at(&drawing, one).rect.top < at(&drawing, two).rect.top;
    assert_eq!((higher("a", "b"), higher("b", "c")), (higher("z", "y"), higher("y", "x")));
}

#[test]
fn where_there_is_no_room_there_is_no_picture() {
    let graph = a_shop();
    let drawing = graph.draw(300.0, None, &Frozen::default());
    assert!(!fits(&drawing) && !drawing.title.is_empty());
    assert!(!fits(&Graph::default().draw(800.0, None, &Frozen::default())));
}

proptest::proptest! {
    #[test]
    fn any_graph_finds_its_places(
        raw in proptest::collection::vec((0_u8..20, 0_u8..20, 0_u16..400, 0_u8..3), 0..60),
        more in proptest::collection::vec((0_u8..24, 0_u8..24, 0_u16..400, 0_u8..3), 0..10),
    ) {
        let of = |(from, to, rate, errors): &(u8, u8, u16, u8)| edge(&format!("service-{from}"), &format!("service-{to}"), f64::from(*rate) / 10.0, f64::from(*errors) / 10.0);
        let mut edges: Vec<Edge> = raw.iter().map(of).collect();
        edges.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
        edges.dedup_by(|a, b| a.from == b.from && a.to == b.to);
        let mut graph = Graph { nodes: vec![], edges };
        let first = graph.draw(2_600.0, None, &Frozen::default());
        proptest::prop_assert_eq!(holds(&first), Ok(()));
        proptest::prop_assert!(first.boxes.len() <= MOST_NODES);
        for new in more.iter().map(of) {
            if !graph.edges.iter().any(|edge| edge.from == new.from && edge.to == new.to) {
                graph.edges.push(new);
            }
        }
        let second = graph.draw(2_600.0, None, &first.frozen);
        proptest::prop_assert_eq!(holds(&second), Ok(()));
        for each in &second.boxes {
            if let Some(before) = first.boxes.iter().find(|before| before.name == each.name) {
                proptest::prop_assert_eq!(before.rect, each.rect);
            }
        }
    }
}
