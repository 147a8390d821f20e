//! Text for people: styled lines, tables, and how things are written.

pub(crate) mod diagnosis;
pub(crate) mod finding;
pub(crate) mod line;
pub(crate) mod preview;
pub(crate) mod reason;
pub(crate) mod table;
pub(crate) mod when;
pub(crate) mod words;
