//! Which burn alerts of an objective are raised: one thing gets one flag.
//!
//! A page and a ticket of one objective tell of the same errors. While the one that pages burns,
//! the ticket is held back; when the page clears and the ticket still burns, it is raised.

use super::burn::Urgency;

/// What opens alerts of service levels is called so, as senders have their sources.
pub const SOURCE: &str = "slo";

/// Of which urgencies an objective burns, whichever pair of windows says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Burns {
    pub page: bool,
    pub ticket: bool,
}

/// What is told of one urgency's alert when its objective goes from one state to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Raised,
    /// The page stood for it until now.
    RaisedAfterPage,
    Cleared,
    /// It still burns, but the page stands for it from now on.
    Superseded,
}

impl Burns {
    pub fn of(urgencies: impl IntoIterator<Item = Urgency>) -> Self {
        urgencies.into_iter().fold(Self::default(), |burns, urgency| match urgency {
            Urgency::Page => Self { page: true, ..burns },
            Urgency::Ticket => Self { ticket: true, ..burns },
        })
    }

    pub fn burns(self, urgency: Urgency) -> bool {
        match urgency {
            Urgency::Page => self.page,
            Urgency::Ticket => self.ticket,
        }
    }

    /// Whether it burns and something more urgent stands for it.
    pub fn holds_back(self, urgency: Urgency) -> bool {
        urgency == Urgency::Ticket && self.ticket && self.page
    }

    fn raises(self, urgency: Urgency) -> bool {
        self.burns(urgency) && !self.holds_back(urgency)
    }

    /// What is told now that these burn, after `before`.
    pub fn change(self, before: Self, urgency: Urgency) -> Option<Change> {
        match (before.raises(urgency), self.raises(urgency)) {
            (false, true) if before.page => Some(Change::RaisedAfterPage),
            (false, true) => Some(Change::Raised),
            (true, false) if self.burns(urgency) => Some(Change::Superseded),
            (true, false) => Some(Change::Cleared),
            // Before tickets were held back one may have been raised beside its page. A word about
            // an alert that is not open changes nothing.
            (false, false) => (before.burns(urgency) && !self.burns(urgency)).then_some(Change::Cleared),
            (true, true) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Burns = Burns { page: false, ticket: false };
    const PAGE: Burns = Burns { page: true, ticket: false };
    const TICKET: Burns = Burns { page: false, ticket: true };
    const BOTH: Burns = Burns { page: true, ticket: true };

    /// What is told of the page and of the ticket.
    fn told(before: Burns, now: Burns) -> (Option<Change>, Option<Change>) {
        (now.change(before, Urgency::Page), now.change(before, Urgency::Ticket))
    }

    #[test]
    fn a_ticket_is_held_back_while_its_page_burns() {
        assert_eq!(told(QUIET, BOTH), (Some(Change::Raised), None));
        assert_eq!(told(PAGE, BOTH), (None, None));
        assert_eq!(told(BOTH, PAGE), (None, Some(Change::Cleared)), "which only ends what was raised beside the page");
        assert!(BOTH.holds_back(Urgency::Ticket) && !BOTH.holds_back(Urgency::Page) && !TICKET.holds_back(Urgency::Ticket));
    }

    #[test]
    fn a_ticket_that_still_burns_is_raised_when_the_page_clears() {
        assert_eq!(told(BOTH, TICKET), (Some(Change::Cleared), Some(Change::RaisedAfterPage)));
        assert_eq!(told(PAGE, TICKET), (Some(Change::Cleared), Some(Change::RaisedAfterPage)));
        assert_eq!(told(BOTH, QUIET), (Some(Change::Cleared), Some(Change::Cleared)));
    }

    #[test]
    fn a_page_takes_the_place_of_the_ticket_that_was_there_first() {
        assert_eq!(told(QUIET, TICKET), (None, Some(Change::Raised)));
        assert_eq!(told(TICKET, BOTH), (Some(Change::Raised), Some(Change::Superseded)));
        assert_eq!(told(TICKET, PAGE), (Some(Change::Raised), Some(Change::Cleared)));
        assert_eq!(told(TICKET, QUIET), (None, Some(Change::Cleared)));
    }

    #[test]
    fn whatever_happens_at_most_one_is_open_and_every_one_that_was_raised_ends() {
        const ALL: [Burns; 4] = [QUIET, PAGE, TICKET, BOTH];
        let apply = |open: bool, change: Option<Change>| match change {
            Some(Change::Raised | Change::RaisedAfterPage) => true,
            Some(Change::Cleared | Change::Superseded) => false,
            None => open,
        };
        for walk in 0..4_usize.pow(5) {
            let (mut before, mut page, mut ticket) = (QUIET, false, false);
            for step in 0..5 {
                let now = ALL[walk / 4_usize.pow(step) % 4];
                let (of_page, of_ticket) = told(before, now);
                (page, ticket, before) = (apply(page, of_page), apply(ticket, of_ticket), now);
                assert_eq!((page, ticket), (now.page, now.ticket && !now.page), "{walk} {step}");
            }
        }
    }
}
