//! One line of a terminal that is written over and over.

use std::io::IsTerminal;

#[derive(Default)]
pub struct Progress(bool);

impl Progress {
    pub fn show(&mut self, words: &str) {
        if std::io::stderr().is_terminal() {
            eprint!("\r\u{1b}[K{words}");
            self.0 = true;
        }
    }

    pub fn end(&self) {
        if self.0 {
            eprint!("\r\u{1b}[K");
        }
    }
}
