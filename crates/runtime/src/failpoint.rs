//! Named points at which a process kills itself when a test asks for it; in release builds there are none.
//!
//! `SHIPWAY_FAILPOINT=agent.update.after-act:2=kill` lets the process end by SIGKILL when it comes to that
//! point for the second time; several are separated by `;`. Only builds with debug assertions know the
//! variable (`tests/tests/architecture.rs` builds this file as a release does, and looks).

/// Every point, in the order in which a deploy comes by. A crash test walks over this list: who adds a
/// point adds its name here, and it is covered. A point that is not in the list ends a debug build.
///
/// `before-intent`, then the intent is durable, `before-act`, then AWS was called, `after-act`, then the
/// outcome is durable, `after-note`. To this crate they are only names.
pub const POINTS: &[&str] = &[
    "server.submit.before-commit",
    "server.submit.after-commit",
    "server.submit.after-answer",
    "agent.accept.before",
    "agent.accept.after",
    "agent.create-repository.before-intent",
    "agent.create-repository.before-act",
    "agent.create-repository.after-act",
    "agent.set-policy.before-act",
    "agent.set-policy.after-act",
    "agent.build.before-act",
    "agent.build.after-act",
    "agent.pushed.before-note",
    "agent.pushed.after-note",
    "agent.put-tag.before-act",
    "agent.put-tag.after-act",
    "agent.register.before-intent",
    "agent.register.before-act",
    "agent.register.after-act",
    "agent.register.after-note",
    "agent.run-task.before-intent",
    "agent.run-task.before-act",
    "agent.run-task.after-act",
    "agent.run-task.after-note",
    "agent.suspend-scaling.before-intent",
    "agent.suspend-scaling.before-act",
    "agent.suspend-scaling.after-act",
    "agent.suspend-scaling.after-note",
    "agent.update.before-intent",
    "agent.update.before-act",
    "agent.update.after-act",
    "agent.update.after-note",
    "agent.following.before-note",
    "agent.following.after-note",
    "server.note.before-commit",
    "server.note.after-commit",
    "server.note.after-answer",
    "server.answer.before-commit",
    "server.answer.after-commit",
    "server.answer.after-answer",
    "agent.answer.before-intent",
    "agent.answer.before-act",
    "agent.answer.after-act",
    "agent.answer.after-note",
    "agent.stop.before-intent",
    "agent.stop.before-act",
    "agent.stop.after-act",
    "agent.stop.after-note",
    "agent.tags.before-act",
    "agent.tags.after-act",
    "agent.resume-scaling.before-act",
    "agent.resume-scaling.after-act",
    "agent.resume-scaling.after-note",
    "agent.settle.before-act",
    "agent.settle.after-act",
    "agent.settle.after-note",
    "agent.finish.before",
    "agent.finish.after",
    "server.finish.before-commit",
    "server.finish.after-commit",
    "server.finish.after-answer",
];

/// The process comes to a point. `name` is only made where it is looked at.
#[inline]
pub fn hit<N: AsRef<str>>(name: impl FnOnce() -> N) {
    #[cfg(debug_assertions)]
    armed::hit(name().as_ref());
    #[cfg(not(debug_assertions))]
    drop(name);
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Name of the variable.
    const VARIABLE: &str = "SHIPWAY_FAILPOINT";

    struct Armed {
        name: String,
        /// Times that it is still passed alive, and one more.
        left: AtomicU32,
    }

    pub(super) fn hit(name: &str) {
        assert!(
            super::POINTS.contains(&name),
            "failpoint {name} is not in the list"
        );
        static ARMED: OnceLock<Vec<Armed>> = OnceLock::new();
        let armed = ARMED.get_or_init(read);
        for point in armed.iter().filter(|point| point.name == name) {
            if point.left.fetch_sub(1, Ordering::SeqCst) == 1 {
                kill();
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "points are armed before any configuration is read"
    )]
    fn read() -> Vec<Armed> {
        let text = std::env::var(VARIABLE).unwrap_or_default();
        let points = text.split(';').filter(|point| !point.is_empty());
        points
            .map(|point| {
                parse(point).unwrap_or_else(|| panic!("{VARIABLE}: {point:?} is no point"))
            })
            .collect()
    }

    /// `name=kill` or `name:times=kill`.
    fn parse(text: &str) -> Option<Armed> {
        let place = text.strip_suffix("=kill")?;
        let (name, times) = match place.split_once(':') {
            Some((name, times)) => (name, times.parse().ok().filter(|times| *times > 0)?),
            None => (place, 1),
        };
        super::POINTS.contains(&name).then(|| Armed {
            name: name.to_owned(),
            left: AtomicU32::new(times),
        })
    }

    /// As a kill from outside: nothing is flushed, dropped or said.
    fn kill() -> ! {
        // Nothing is left to do when even this fails; a point that was asked for is never passed.
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
            .ok();
        std::process::abort()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_point_is_a_name_of_the_list_and_perhaps_a_number() {
            let point = parse("agent.update.after-act:2=kill").expect("a point");
            assert_eq!(point.name, "agent.update.after-act");
            assert_eq!(point.left.into_inner(), 2);
            assert!(parse("agent.update.after-act=kill").is_some());
            for wrong in [
                "agent.update.after-act",
                "agent.update.after-act=stop",
                "agent.update.after-act:0=kill",
                "agent.update=kill",
            ] {
                assert!(parse(wrong).is_none(), "{wrong}");
            }
        }
    }
}
