//! Coordinator, agents, people, the network and AWS in one thread under simulated time, with faults drawn
//! from a seed: whatever happens, the promises hold. A failing seed prints itself and its diary.

mod agents;
mod ambush;
mod aws;
mod coordinator;
mod diary;
mod facts;
mod ground;
mod lots;
mod net;
mod people;
mod plan;
mod run;
mod seeds;
mod watch;
