//! The odd pictures: nothing, one step, many steps, one value far from the rest.

use super::*;
use crate::domain::time::Timestamp;

const FROM: Timestamp = Timestamp::from_micros(1_769_904_000_000_000);

fn a_bucket(at: i64, by_severity: [u64; 6], median_s: Option<f64>) -> Bucket {
    let from = FROM.plus_secs(at * 7 * 86_400);
    let n = by_severity.iter().sum();
    Bucket {
        from,
        to: from.plus_secs(7 * 86_400),
        partial: false,
        by_severity: by_severity.to_vec(),
        n,
        median_s,
        low_s: median_s.map(|median| median / 2.0),
        high_s: median_s.map(|median| median * 40.0),
        values_s: if median_s.is_none() { vec![60.0; usize::try_from(n).expect("a few")] } else { vec![] },
        excluded: vec![],
    }
}

pub fn some(n: i64) -> Vec<Bucket> {
    (0..n).map(|at| a_bucket(at, [u64::from(at == 2), 2, 3, 0, 1, 0], (at != 1).then_some(600.0 * (at + 1) as f64))).collect()
}

fn all_inside(scene: &Scene) {
    let inside = |x: f64, y: f64| assert!((0.0..=scene.width).contains(&x) && (0.0..=scene.height).contains(&y), "{x} {y} in {} {}", scene.width, scene.height);
    for mark in &scene.marks {
        match &mark.shape {
            Shape::Bar { x, y, width, height } => (inside(*x, *y), inside(x + width, y + height)),
            Shape::Line { from, to } => (inside(from.0, from.1), inside(to.0, to.1)),
            Shape::Path(points) | Shape::Area(points) => (points.iter().for_each(|(x, y)| inside(*x, *y)), ()),
            Shape::Dot { x, y } | Shape::Sign { x, y } => (inside(*x, *y), ()),
        };
    }
    scene.labels.iter().for_each(|label| inside(label.x, label.y));
}

#[test]
fn nothing_leaves_the_picture_at_any_width_or_number_of_steps() {
    for width in [296.0, 328.0, 560.0, 700.0] {
        for n in [0, 1, 2, 5, 13, 37, 60] {
            for scene in [columns::scene(&some(n), Step::Week, width), medians::scene(&some(n), Step::Week, width)] {
                all_inside(&scene);
                assert_eq!(scene.points.len(), usize::try_from(n).expect("a few"));
                assert!(scene.marks.iter().all(|mark| match mark.shape {
                    Shape::Bar { height, width, .. } => height.is_finite() && width > 0.0,
                    Shape::Line { .. } | Shape::Path(_) | Shape::Area(_) | Shape::Dot { .. } | Shape::Sign { .. } => true,
                }));
            }
        }
    }
}

#[test]
fn at_most_six_labels_stand_beneath_and_none_upon_another() {
    for n in [1, 6, 7, 13, 37, 60] {
        let scene = columns::scene(&some(n), Step::Month, 328.0);
        let beneath: Vec<f64> = scene.labels.iter().filter(|label| label.y > 220.0).map(|label| label.x).collect();
        assert!((1..=6).contains(&beneath.len()), "{n}");
        assert!(beneath.windows(2).all(|pair| pair[1] - pair[0] >= 33.0), "{n}: {beneath:?}");
    }
}

#[test]
fn a_column_is_as_high_as_its_parts_and_its_total_stands_on_top() {
    let scene = columns::scene(&some(5), Step::Week, 560.0);
    let heights: f64 = scene
        .marks
        .iter()
        .filter_map(|mark| if let (Shape::Bar { height, .. }, Role::Severity(_)) = (&mark.shape, mark.role) { Some(height + 1.0) } else { None })
        .sum();
    // Five columns of six, one of them with a seventh; eight stand for the whole height.
    assert!((heights - (232.0 - 22.0 - 20.0) * 31.0 / 8.0).abs() < 1e-6, "{heights}");
    let totals: Vec<&str> =
        scene.labels.iter().filter(|label| label.tone == Tone::Figure && label.anchor == Anchor::Middle).map(|label| label.words.as_str()).collect();
    assert_eq!(totals, ["6", "6", "7", "6", "6"]);
    assert_eq!(scene.title, "from 1 Mar 2026: 6 incidents; 6 to 7 in each week before.");
}

#[test]
fn too_few_values_are_shown_one_by_one() {
    let scene = medians::scene(&some(4), Step::Week, 560.0);
    let count = |role| scene.marks.iter().filter(|mark| mark.role == role).count();
    assert_eq!((count(Role::Median), count(Role::Single), count(Role::Interval)), (3, 6, 3));
    assert_eq!(scene.title, "The median of a week lies between 10 min and 40 min. 1 of 4 have fewer than five values.");
    assert_eq!(scene.nearest(0.0), Some(0));
    assert_eq!(scene.nearest(9999.0), Some(3));
    assert_eq!(Scene::default().nearest(1.0), None);
}

/// What holds for every picture: nothing leaves it, no label stands upon another, and at most six
/// stand in its last row.
pub fn whole(scene: &Scene) {
    all_inside(scene);
    let rects: Vec<_> = scene.labels.iter().map(|label| (label.rect(), &label.words)).collect();
    let frame = place::Rect::new(-0.5, -0.5, scene.width + 1.0, scene.height + 1.0);
    for (at, (rect, words)) in rects.iter().enumerate() {
        assert!(frame.holds(rect), "{words:?} leaves the picture of {} × {}: {rect:?}", scene.width, scene.height);
        if let Some((_, other)) = rects[..at].iter().find(|(other, _)| other.touches(rect)) {
            panic!("{words:?} stands upon {other:?} at a width of {}", scene.width);
        }
    }
    let last = scene.labels.iter().map(|label| label.y).fold(0.0, f64::max);
    assert!(scene.labels.iter().filter(|label| label.y == last).count() <= MOST_LABELS, "at most six under the axis");
    let finite = |x: f64| x.is_finite();
    assert!(scene.points.iter().all(|point| finite(point.left) && point.width > 0.0 && !point.words.say().is_empty()));
}
