//! `tocsin slo explain`: where an objective's figure comes from, computed anew from what is kept.

use super::{Done, Everywhere, must_exist, open, operator, told};
use crate::{
    domain::{slo::explain, time::Timestamp},
    server::{state::App, usecases::budgets},
};
use clap::Args;
use std::process::ExitCode;

/// Which figure.
#[derive(Args)]
pub struct Explain {
    /// The objective, by its name or id
    #[arg(value_name = "NAME")]
    objective: String,
    /// As it stood then: 2026-11-20T02:31:00Z, or 02:31 for the last time it was that in UTC
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Over another of its windows: 7d
    #[arg(long, value_name = "WINDOW")]
    window: Option<String>,
}

/// Formula, what was put in, what was left out, what was not measured, and the incidents behind it.
pub async fn explain(everywhere: &Everywhere, Explain { objective, at, window }: Explain) -> Done {
    must_exist(everywhere)?;
    let (store, config) = open(everywhere).await?;
    let app = App::new(store, config);
    let now = app.clock().now();
    let at = match at {
        Some(text) => Some(moment(&text, now).ok_or_else(|| format!("“{text}” is no time; write it like 2026-11-20T02:31:00Z or 02:31"))?),
        None => None,
    };
    let derivation = budgets::derivation(&app, &operator(), &objective, window.as_deref(), at).await.map_err(told)?;
    if everywhere.json {
        println!("{}", serde_json::to_string(&derivation)?);
    } else {
        print!("{}", explain::text(&derivation));
    }
    Ok(ExitCode::SUCCESS)
}

/// An instant, or the last time at which clocks in UTC showed `hour:minute`.
fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    let clock = || {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) {
            return None;
        }
        let today = now.plus_secs(-now.epoch_secs().rem_euclid(86_400));
        let then = Timestamp::from_micros(today.epoch_secs() * 1_000_000).plus_secs(hour * 3_600 + minute * 60);
        Some(if then > now { then.plus_secs(-86_400) } else { then })
    };
    Timestamp::parse(text).or_else(clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_time_is_the_last_one_that_has_been() {
        let now = Timestamp::parse("2026-11-20T02:31:30Z").expect("it is RFC 3339");
        let said = |text: &str| moment(text, now).map(|at| at.to_string());
        assert_eq!(said("02:31").as_deref(), Some("2026-11-20T02:31:00Z"));
        assert_eq!(said("02:32").as_deref(), Some("2026-11-19T02:32:00Z"));
        assert_eq!(said("2026-11-01T00:00:00Z").as_deref(), Some("2026-11-01T00:00:00Z"));
        assert_eq!((said("24:00"), said("soon"), said("2:x")), (None, None, None));
    }
}
