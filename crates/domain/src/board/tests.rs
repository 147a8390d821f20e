//! The board does what the flows of the design say.
