//! The scan gate.

use shipway_domain::day::Day;
use shipway_domain::document::Pointer;
use shipway_domain::scan::{ScanException, ScanGate, Severity};

use super::Resolver;
use crate::file::{ExceptionFile, SeverityName};

impl Resolver<'_> {
    /// Outer `None` for a mistake, inner for a manifest without a gate.
    pub(super) fn scan(&mut self) -> Option<Option<ScanGate>> {
        let Some(file) = &self.file().scan else {
            return Some(None);
        };
        let at = Pointer::root().name("scan");
        let (shortest, longest) = ScanGate::TIMEOUTS;
        let timeout = file.timeout.as_deref();
        let timeout = self.duration_at(&at, "timeout", timeout, shortest, longest);
        let at = at.name("exceptions");
        let mut exceptions: Vec<ScanException> = Vec::new();
        for (place, exception) in file.exceptions.iter().enumerate() {
            let at = at.index(place);
            let read = self.exception(&at, exception);
            if let Some(twice) = exceptions.iter().find(|known| known.id == exception.id) {
                let message = format!("{} stands twice", twice.id);
                self.error(&at.name("id"), message, ["leave one of them"]);
            }
            exceptions.extend(read);
        }
        Some(Some(ScanGate {
            fail_on: match file.fail_on {
                SeverityName::Critical => Severity::Critical,
                SeverityName::High => Severity::High,
                SeverityName::Medium => Severity::Medium,
                SeverityName::Low => Severity::Low,
            },
            only_fixable: file.only_fixable,
            timeout: timeout?.unwrap_or(ScanGate::TIMEOUT),
            exceptions,
        }))
    }

    fn exception(&mut self, at: &Pointer, file: &ExceptionFile) -> Option<ScanException> {
        let id = ScanException::is_id(&file.id);
        if !id {
            let message = format!("{:?} is no id of a vulnerability", file.id);
            self.error(&at.name("id"), message, [ScanException::ID]);
        }
        let until = Day::parse(&file.until);
        if until.is_none() {
            let message = format!("{:?} is no day", file.until);
            self.error(&at.name("until"), message, [Day::RULE]);
        }
        let reason = file.reason.trim();
        let said = (1..=ScanException::REASON).contains(&reason.len());
        if !said {
            let message = "an exception needs a reason";
            let help = format!(
                "write 1 to {} characters: why it may pass",
                ScanException::REASON
            );
            self.error(&at.name("reason"), message, [help]);
        }
        Some(ScanException {
            id: Some(&file.id).filter(|_| id && said)?.clone(),
            until: until?,
            reason: reason.to_owned(),
        })
    }
}
