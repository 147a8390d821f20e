//! Turns a command line into a call and the answer into text or JSON.
