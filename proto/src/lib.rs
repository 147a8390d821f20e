//! The protocol of Shipway and its one dictionary between domain and protobuf.
