//! What is told about tasks that really run somewhere.

use crate::outside::Outside;
use crate::task::Report;
use crate::time::Time;

use super::Service;

impl Service {
    /// Takes in news of one of its tasks; false when it has no such task.
    pub fn report(
        &mut self,
        task: &str,
        report: Report,
        now: Time,
        outside: &mut dyn Outside,
    ) -> bool {
        self.advance_before(now, outside);
        let (at, grace) = (self.clock, self.config.grace);
        let Some(task) = self.tasks.iter_mut().find(|known| known.id() == task) else {
            return false;
        };
        task.report(at, grace, report);
        self.advance(at, outside);
        true
    }
}
