//! The contract of platforms, held by this plugin against the simulator with its clock in hand.

mod common;

use common::world::world;

shipway_plugin::platform_contract!(world);
