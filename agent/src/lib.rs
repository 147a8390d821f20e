//! Takes an offer, walks its steps through plugins, notes intents, reports.
