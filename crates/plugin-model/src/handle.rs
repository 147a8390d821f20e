//! A handle on a place in one session: how calls are made, and what goes wrong with them.

use shipway_domain::time::Timestamp;
use shipway_plugin::{Place, PlatformError, Session};

use crate::call::{Answered, Call};
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

    /// Notes a call, waits at its gate, and says what is to go wrong with it.
    async fn begin(&self, name: &str, about: &str) -> (usize, Option<Fault>) {
        let (number, gate) = self.platform.with(|world, at| {
            world.calls.push(Call {
                at,
                session: self.session.clone(),
                place: self.place.clone(),
                name: name.to_owned(),
                about: about.to_owned(),
                answered: Answered::NotYet,
            });
            (world.calls.len() - 1, world.gates.get(name).cloned())
        });
        if let Some(gate) = gate
            && let Ok(permit) = gate.acquire().await
        {
            permit.forget();
        }
        let fault = self.platform.with(|world, _| {
            let call = world.calls.get(number)?.clone();
            world.faults.of(&call)
        });
        (number, fault)
    }

    fn end<T>(&self, number: usize, result: Result<T, PlatformError>) -> Result<T, PlatformError> {
        self.platform.with(|world, _| {
            // The log may have been taken meanwhile.
            if let Some(call) = world.calls.get_mut(number) {
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
        let (number, fault) = self.begin(name, about).await;
        let result = match fault {
            Some(fault) => Err(fault.error(name)),
            None => self.platform.with(look),
        };
        self.end(number, result)
    }

    /// A call that changes something: it may happen without an answer, or when nobody expects it any more.
    pub(crate) async fn change<T>(
        &self,
        name: &str,
        about: &str,
        act: impl FnOnce(&mut World, Timestamp) -> Result<T, PlatformError> + Send + 'static,
    ) -> Result<T, PlatformError> {
        let (number, fault) = self.begin(name, about).await;
        let result = self.platform.with(|world, now| match fault {
            None => act(world, now),
            Some(fault) => {
                match fault {
                    Fault::Refused(_) => {}
                    // Nobody hears whether it was done.
                    Fault::AnswerLost(_) => drop(act(world, now)),
                    Fault::LandsLate(after) => {
                        let landing = |world: &mut World, at| drop(act(world, at));
                        world.land_later(now.plus(after), Box::new(landing));
                    }
                }
                Err(fault.error(name))
            }
        });
        self.end(number, result)
    }
}
