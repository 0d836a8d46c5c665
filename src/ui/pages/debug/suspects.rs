//! What was sent and is not to be believed: said at the foot of the panel that would otherwise be
//! read as whole, hatched, with since when.

use super::state::Board;
use crate::{
    domain::{
        telemetry::{
            suspects::{Doubt, Suspect},
            waterfall::took,
        },
        wording::{count, grouped},
    },
    ui::{
        components::icon::{Glyph, Icon},
        drawing::view,
        times::Zone,
    },
};
use leptos::prelude::*;

/// So many are shown before the rest is asked for.
const SHOWN: usize = 3;

/// Of which a panel speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Services and the clocks of their spans.
    Spans,
    /// What instances measure of themselves.
    Gauges,
    Both,
}

impl Of {
    fn holds(self, doubt: Doubt) -> bool {
        match doubt {
            Doubt::ClockOff | Doubt::Silent => self != Of::Gauges,
            Doubt::Stopped | Doubt::ConstantZero => self != Of::Spans,
        }
    }
}

#[component]
pub fn Suspects(board: Board, of: Of) -> impl IntoView {
    let said = Memo::new(move |_| {
        let zone = board.session.zone.get();
        board.suspects.with(|suspects| suspects.iter().filter(|suspect| of.holds(suspect.doubt)).map(|suspect| words(suspect, zone)).collect::<Vec<String>>())
    });
    move || {
        let said = said.get();
        let (first, rest) = said.split_at(SHOWN.min(said.len()));
        let item = |words: &String| view! { <li><Icon glyph=Glyph::Late /> <span><b>"Suspect: "</b> {words.clone()}</span></li> };
        (!first.is_empty()).then(|| {
            view! {
                <div class="suspects" role="note">
                    <ul>{first.iter().map(item).collect_view()}</ul>
                    {(!rest.is_empty())
                        .then(|| {
                            view! {
                                <details class="fold suspects__rest">
                                    <summary>{format!("{} more suspect", rest.len())}</summary>
                                    <ul>{rest.iter().map(item).collect_view()}</ul>
                                </details>
                            }
                        })}
                </div>
            }
        })
    }
}

fn words(suspect: &Suspect, zone: Zone) -> String {
    let Suspect { service, instance, metric, .. } = suspect;
    let whose = instance.as_ref().map_or_else(|| service.clone(), |instance| format!("{instance} ({service})"));
    let since = suspect.since.map_or_else(String::new, |at| format!(" since {}", zone.hour_minute(at)));
    let n = usize::try_from(suspect.n).unwrap_or(usize::MAX);
    match (suspect.doubt, metric) {
        (Doubt::ClockOff, _) => {
            #[allow(clippy::cast_possible_truncation)] // seconds between two clocks
            let off = took((suspect.off_s.unwrap_or(0.0) * 1e9) as i64);
            let peer = suspect.peer.as_deref().unwrap_or("its callers");
            format!("the clocks of {peer} and {service} differ by {off} or more in {} calls; their spans are drawn as received.", grouped(n))
        }
        (Doubt::Silent, _) => format!("{service} sends no spans{since}; the others are complete."),
        (Doubt::Stopped, Some(metric)) => format!("{metric} of {whose} is not reported{since}."),
        (Doubt::Stopped, None) => format!("{whose} reports none of its {}{since}.", count(n, "gauge", "gauges")),
        (Doubt::ConstantZero, metric) => {
            format!("{} of {whose} is constant zero, {}; it is not compared.", metric.as_deref().unwrap_or("a gauge"), count(n, "reading", "readings"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_suspect_is_named_with_its_since_and_its_n() {
        let at = Timestamp::parse("2026-11-21T02:19:00Z");
        let suspect = |doubt, instance: Option<&str>, metric: Option<&str>| Suspect {
            doubt,
            service: "pay".to_owned(),
            instance: instance.map(str::to_owned),
            metric: metric.map(str::to_owned),
            peer: Some("web".to_owned()),
            since: at,
            off_s: Some(0.014),
            n: 1_200,
        };
        let said = |suspect: &Suspect| words(suspect, Zone::Utc);
        assert_eq!(said(&suspect(Doubt::Silent, None, None)), "pay sends no spans since 02:19; the others are complete.");
        assert_eq!(said(&suspect(Doubt::Stopped, Some("pay-1"), None)), "pay-1 (pay) reports none of its 1200 gauges since 02:19.");
        assert_eq!(said(&suspect(Doubt::Stopped, Some("pay-1"), Some("cpu"))), "cpu of pay-1 (pay) is not reported since 02:19.");
        assert_eq!(said(&suspect(Doubt::ConstantZero, None, Some("cpu"))), "cpu of pay is constant zero, 1200 readings; it is not compared.");
        let clocks = said(&suspect(Doubt::ClockOff, None, None));
        assert_eq!(clocks, "the clocks of web and pay differ by 14 ms or more in 1,200 calls; their spans are drawn as received.");
    }
}
