//! Mail that leaves this server, by the one SMTP server that the configuration names. Without one
//! nothing is ever sent.

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp::authentication::Credentials,
};
use serde::Deserialize;
use std::{fmt, time::Duration};

/// A mail server that has not answered for this long is not reached.
const WITHIN: Duration = Duration::from_secs(30);

/// The SMTP server, `[smtp]` in the configuration.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    pub host: String,
    /// By default that of `security`: 587, 465, or 25.
    #[serde(default)]
    pub port: Option<u16>,
    #[serde(default)]
    pub security: Security,
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default)]
    pub password: Option<String>,
    /// `Tocsin <tocsin@example.com>`.
    pub from: String,
}

/// How the connection is kept private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Begins in the open and insists on TLS before anything is said.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// None; for a relay on the same machine only.
    None,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("security", &self.security).finish_non_exhaustive()
    }
}

/// One mail, in both its forms.
pub struct Mail<'a> {
    pub subject: &'a str,
    pub text: String,
    pub html: String,
}

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("“{0}” is no mail address")]
    Address(String),
    #[error("the mail cannot be written")]
    Written(#[from] lettre::error::Error),
    #[error("the mail server {host} did not take it")]
    Sent { host: String, source: lettre::transport::smtp::Error },
}

impl Smtp {
    /// What is wrong with it, in words.
    pub fn check(&self) -> Result<(), String> {
        address(&self.from).map_err(|error| format!("from: {error}"))?;
        if self.host.trim().is_empty() {
            return Err("host: it is empty".to_owned());
        }
        if self.user.is_some() != self.password.is_some() {
            return Err("user and password: one is there without the other".to_owned());
        }
        let is_here = self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if self.security == Security::None && !is_here {
            return Err("security: without TLS only a relay on this machine is spoken to; use starttls or tls".to_owned());
        }
        Ok(())
    }

    /// Hands one mail over for everybody in `to`; each gets their own. Answers how many it took.
    pub async fn send(&self, to: &[String], mail: &Mail<'_>) -> Result<usize, MailError> {
        let transport = self.transport()?;
        let from = address(&self.from)?;
        for person in to {
            let body = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
            let message = Message::builder().from(from.clone()).to(address(person)?).subject(mail.subject).multipart(body)?;
            transport.send(message).await.map_err(|source| self.refused(source))?;
        }
        Ok(to.len())
    }

    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
        type Transport = AsyncSmtpTransport<Tokio1Executor>;
        let mut builder = match self.security {
            Security::Starttls => Transport::starttls_relay(&self.host).map_err(|source| self.refused(source))?,
            Security::Tls => Transport::relay(&self.host).map_err(|source| self.refused(source))?,
            Security::None => Transport::builder_dangerous(&self.host),
        };
        if let Some(port) = self.port {
            builder = builder.port(port);
        }
        if let (Some(user), Some(password)) = (&self.user, &self.password) {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(builder.timeout(Some(WITHIN)).build())
    }

    fn refused(&self, source: lettre::transport::smtp::Error) -> MailError {
        MailError::Sent { host: self.host.clone(), source }
    }
}

/// A mail address with or without a name.
pub fn address(text: &str) -> Result<Mailbox, MailError> {
    text.trim().parse().map_err(|_| MailError::Address(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp() -> Smtp {
        Smtp { host: "127.0.0.1".into(), port: None, security: Security::None, user: None, password: None, from: "Tocsin <tocsin@example.com>".into() }
    }

    #[test]
    fn what_cannot_work_is_said_before_anything_is_sent() {
        assert_eq!(smtp().check(), Ok(()));
        for (wrong, words) in [
            (Smtp { from: "nobody".into(), ..smtp() }, "from"),
            (Smtp { host: " ".into(), ..smtp() }, "host"),
            (Smtp { user: Some("a".into()), ..smtp() }, "user and password"),
            (Smtp { host: "mail.example.com".into(), ..smtp() }, "security"),
        ] {
            assert!(wrong.check().expect_err(words).starts_with(words));
        }
    }

    #[test]
    fn a_password_is_in_no_log() {
        let smtp = Smtp { user: Some("a".into()), password: Some("hunter2".into()), ..smtp() };
        assert!(!format!("{smtp:?}").contains("hunter2"));
    }
}
