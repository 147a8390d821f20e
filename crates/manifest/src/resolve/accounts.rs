//! Accounts by number or by name.

use shipway_domain::document::Pointer;
use shipway_domain::ids::AccountId;

use super::Resolver;
use crate::suggest;

impl Resolver<'_> {
    /// Checks `[accounts]` itself.
    pub(super) fn accounts(&mut self) {
        let at = Pointer::root().name("accounts");
        for (name, id) in &self.file().accounts {
            self.named(&at.name(name.as_str()), AccountId::new(id.as_str()));
            if AccountId::new(name.as_str()).is_ok() {
                let message = format!("the name {name:?} could be taken for an account id");
                self.error(
                    &at.name(name.as_str()),
                    message,
                    ["take a name that is no number"],
                );
            }
        }
    }

    /// The account that a text names.
    pub(super) fn account(&mut self, at: &Pointer, text: &str) -> Option<AccountId> {
        let accounts = &self.file().accounts;
        if let Some(id) = accounts.get(text) {
            // A wrong id is told once, where it is written.
            return AccountId::new(id.as_str()).ok();
        }
        if let Ok(id) = AccountId::new(text) {
            return Some(id);
        }
        let names: Vec<&str> = accounts.keys().map(String::as_str).collect();
        let mut help = suggest::help(text, &names);
        if !names.is_empty() {
            help.pop();
        }
        help.push(match names.as_slice() {
            [] => "permitted: 12 digits, or a name that [accounts] gives a number".to_owned(),
            names => format!("permitted: 12 digits, or one of {}", names.join(", ")),
        });
        self.error(at, format!("{text:?} is no account"), help);
        None
    }
}
