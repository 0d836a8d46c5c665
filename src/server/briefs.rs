//! The brief by mail, once a day at the hour that the configuration names.

use super::{
    mail::{self, Mail, MailError, Smtp},
    pages::STYLE,
    state::App,
    usecases::briefing,
    zones,
};
use crate::domain::{
    briefing::Briefing,
    people::{Actor, ActorRef, Role},
    slo::zone::LocalTime,
    time::Timestamp,
};
use chrono::{Datelike, NaiveTime};
use serde::Deserialize;

/// Who gets the brief and when, `[brief]` in the configuration.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BriefMail {
    pub to: Vec<String>,
    /// `08:00`, by the clock of `zone`.
    #[serde(default = "morning")]
    pub at: String,
    /// An IANA zone.
    #[serde(default = "utc")]
    pub zone: String,
    /// `mon`, `tue`, …; without any, every day.
    #[serde(default)]
    pub days: Vec<String>,
}

fn morning() -> String {
    "08:00".to_owned()
}

fn utc() -> String {
    "UTC".to_owned()
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// A server that was away at the hour sends it late, but not on another half of the day.
const LATE_SECS: i64 = 6 * 3600;

impl BriefMail {
    /// What is wrong with it, in words.
    pub fn check(&self) -> Result<(), String> {
        if self.to.is_empty() {
            return Err("to: it names nobody".to_owned());
        }
        for person in &self.to {
            mail::address(person).map_err(|error| format!("to: {error}"))?;
        }
        self.time().ok_or_else(|| format!("at: “{}” does not read 08:00", self.at))?;
        zones::find(&self.zone).ok_or_else(|| format!("zone: “{}” is no IANA zone such as Europe/Berlin", self.zone))?;
        match self.days.iter().find(|day| !DAYS.contains(&day.as_str())) {
            Some(day) => Err(format!("days: “{day}” is none of {}", DAYS.join(", "))),
            None => Ok(()),
        }
    }

    fn time(&self) -> Option<NaiveTime> {
        NaiveTime::parse_from_str(&self.at, "%H:%M").ok()
    }

    /// The date whose brief is due at `now`, in the zone's own calendar, if there is one.
    fn due(&self, now: Timestamp) -> Option<String> {
        let zone = zones::find(&self.zone)?;
        let today = zone.local(now).day();
        let late = now.secs_since(zone.utc(LocalTime::new(today, self.time()?)));
        let day = DAYS[today.weekday().num_days_from_monday() as usize];
        let is_day = self.days.is_empty() || self.days.iter().any(|wanted| wanted == day);
        (is_day && (0..LATE_SECS).contains(&late)).then(|| today.to_string())
    }
}

/// Sends the brief if its hour has come and no server has sent it today.
pub async fn mail_if_due(app: &App) -> Result<(), super::store::StoreError> {
    let (Some(smtp), Some(brief)) = (&app.config.smtp, &app.config.brief) else { return Ok(()) };
    let Some(date) = brief.due(app.clock().now()) else { return Ok(()) };
    // Whoever notes the date first sends: two servers send once, and a mail server that refuses is
    // not asked again and again.
    if !app.store.note_brief(&date).await? {
        return Ok(());
    }
    match send(app, smtp, &brief.to).await {
        Ok(n) => tracing::info!(n, date, "sent the brief by mail"),
        Err(error) => tracing::error!(error = super::cli::chain(error.as_ref()), date, "the brief could not be sent by mail"),
    }
    Ok(())
}

/// Gathers the brief as a viewer would see it, and hands it over. Answers how many got it.
pub async fn send(app: &App, smtp: &Smtp, to: &[String]) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
    let briefing = briefing::gather(app, &reader()).await.map_err(|error| error.into_failure().words)?;
    Ok(hand_over(app, smtp, to, &briefing).await?)
}

async fn hand_over(app: &App, smtp: &Smtp, to: &[String], briefing: &Briefing) -> Result<usize, MailError> {
    let origin = app.config.public_url();
    let subject = format!("{}{}", if briefing.demo { "[demo] " } else { "" }, briefing.headline_words());
    smtp.send(to, &Mail { subject: &subject, text: briefing.text(&origin), html: (app.pages.brief)(briefing, STYLE, &origin) }).await
}

/// A mail can be passed on: private incidents are never in it.
pub fn reader() -> Actor {
    Actor { who: ActorRef::console(), role: Role::Viewer }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("it is RFC 3339")
    }

    fn brief(zone: &str, days: &[&str]) -> BriefMail {
        BriefMail { to: vec!["a@example.com".into()], at: "08:00".into(), zone: zone.into(), days: days.iter().map(|day| (*day).to_owned()).collect() }
    }

    #[test]
    fn it_is_due_from_its_hour_on_for_some_hours_by_the_clock_of_its_zone() {
        let berlin = brief("Europe/Berlin", &[]);
        assert_eq!(berlin.due(at("2026-03-28T06:59:59Z")), None);
        assert_eq!(berlin.due(at("2026-03-28T07:00:00Z")).as_deref(), Some("2026-03-28"), "winter: an hour ahead");
        assert_eq!(berlin.due(at("2026-03-29T06:00:00Z")).as_deref(), Some("2026-03-29"), "summer since the night: two hours ahead");
        assert_eq!(berlin.due(at("2026-03-29T13:00:00Z")), None, "too late to be the morning's");
    }

    #[test]
    fn only_on_the_days_that_are_named() {
        let weekdays = brief("UTC", &["mon", "fri"]);
        assert!(weekdays.due(at("2026-11-20T08:00:00Z")).is_some(), "a Friday");
        assert!(weekdays.due(at("2026-11-21T08:00:00Z")).is_none(), "a Saturday");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (wrong, key) in [
            (BriefMail { to: vec![], ..brief("UTC", &[]) }, "to"),
            (BriefMail { to: vec!["x".into()], ..brief("UTC", &[]) }, "to"),
            (BriefMail { at: "8 o'clock".into(), ..brief("UTC", &[]) }, "at"),
            (brief("Mars/Base", &[]), "zone"),
            (brief("UTC", &["someday"]), "days"),
        ] {
            assert!(wrong.check().expect_err(key).starts_with(key));
        }
        assert_eq!(brief("America/New_York", &["mon"]).check(), Ok(()));
    }
}
