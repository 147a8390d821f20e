//! A handle on a place in one session: how calls are made, and what goes wrong with them.

use std::time::Duration;

use shipway_domain::time::Timestamp;
use shipway_plugin::{Place, PlatformError, Session};
use tokio::sync::oneshot;

use crate::call::{Answered, Asks, Call, Landed};
use crate::fault::Fault;
use crate::platform::ModelPlatform;
use crate::world::World;

/// A handle.
#[derive(Clone)]
pub(crate) struct Region {
    pub(crate) platform: ModelPlatform,
    pub(crate) place: Place,
    pub(crate) session: Session,
}

impl Region {
    pub(crate) const fn new(platform: ModelPlatform, place: Place, session: Session) -> Self {
        Self {
            platform,
            place,
            session,
        }
    }

    /// Notes a call, and waits at its gate.
    async fn begin(&self, name: &str, about: &str, asks: Asks) -> Begun {
        let (number, gate, (there, back)) = self.platform.with(|world, at| {
            let call = Call {
                at,
                session: self.session.clone(),
                place: self.place.clone(),
                name: name.to_owned(),
                about: about.to_owned(),
                asks,
                answered: Answered::NotYet,
            };
            let journeys = world.faults.journeys.as_mut();
            let journey = journeys.map_or_else(Default::default, |journeys| journeys(&call));
            world.calls.push(call);
            let number = world.calls.len() - 1;
            (number, world.gates.get(name).cloned(), journey)
        });
        if let Some(gate) = gate
            && let Ok(permit) = gate.acquire().await
        {
            permit.forget();
        }
        Begun {
            number,
            there,
            back,
        }
    }

    /// What is to go wrong with a call.
    fn fault(&self, begun: &Begun) -> Option<Fault> {
        self.platform.with(|world, _| {
            let call = world.calls.get(begun.number)?.clone();
            world.faults.of(&call)
        })
    }

    async fn end<T>(
        &self,
        begun: &Begun,
        result: Result<T, PlatformError>,
    ) -> Result<T, PlatformError> {
        self.sleep(begun.back).await;
        self.platform.with(|world, _| {
            // The log may have been taken meanwhile.
            if let Some(call) = world.calls.get_mut(begun.number) {
                call.answered = match &result {
                    Ok(_) => Answered::Done,
                    Err(error) => Answered::Failed(error.kind),
                };
            }
        });
        result
    }

    /// A call that only reads.
    pub(crate) async fn read<T>(
        &self,
        name: &str,
        about: &str,
        look: impl FnOnce(&mut World, Timestamp) -> Result<T, PlatformError> + Send,
    ) -> Result<T, PlatformError> {
        let begun = self.begin(name, about, Asks::Plain).await;
        self.sleep(begun.there).await;
        let result = match self.fault(&begun) {
            Some(fault) => Err(fault.error(name)),
            None => self.platform.with(look),
        };
        self.end(&begun, result).await
    }

    async fn sleep(&self, span: Duration) {
        if !span.is_zero() {
            self.platform.clock.sleep(span).await;
        }
    }

    /// A call that changes something: it may happen without an answer, or when nobody expects it any more.
    /// One that is on its way arrives, whatever becomes of its caller meanwhile.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        name: &str,
        about: &str,
        act: impl FnOnce(&mut World, Timestamp) -> Result<T, PlatformError> + Send + 'static,
    ) -> Result<T, PlatformError> {
        self.change_to(name, about, Asks::Plain, act).await
    }

    /// The same, for a call whose name does not say what it asks for.
    pub(crate) async fn change_to<T: Send + 'static>(
        &self,
        name: &str,
        about: &str,
        asks: Asks,
        act: impl FnOnce(&mut World, Timestamp) -> Result<T, PlatformError> + Send + 'static,
    ) -> Result<T, PlatformError> {
        let begun = self.begin(name, about, asks).await;
        let number = begun.number;
        let fault = self.fault(&begun);
        let act = move |world: &mut World, at| {
            let acted = act(world, at);
            if acted.is_ok()
                && let Some(call) = world.calls.get(number).cloned()
            {
                world.landed.push(Landed { at, call });
            }
            acted
        };
        let late = match fault {
            Some(Fault::LandsLate(after)) => after,
            _ => Duration::ZERO,
        };
        let (answer, mut answered) = oneshot::channel();
        if !matches!(fault, Some(Fault::Refused(_))) {
            self.platform.with(|world, now| {
                // Nobody may wait for the answer any more.
                let landing = |world: &mut World, at| drop(answer.send(act(world, at)));
                if begun.there.is_zero() && late.is_zero() {
                    landing(world, now);
                } else {
                    let due = now.plus(begun.there).plus(late);
                    world.land_later(due, Box::new(landing));
                }
            });
        }
        self.sleep(begun.there).await;
        // What is due arrives.
        self.platform.with(|_, _| ());
        let result = match fault {
            Some(fault) => Err(fault.error(name)),
            None => answered
                .try_recv()
                .unwrap_or_else(|_| Err(Fault::LandsLate(late).error(name))),
        };
        self.end(&begun, result).await
    }
}

/// A call that was begun.
struct Begun {
    number: usize,
    /// How long it is on its way.
    there: Duration,
    /// How long its answer is.
    back: Duration,
}
