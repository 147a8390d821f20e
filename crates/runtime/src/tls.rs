//! TLS by rustls, with one provider for the whole process.

/// Makes ring the provider of the process; safe to call more than once.
pub fn install_provider() {
    // A second call finds the provider in place, which is what is wanted.
    drop(rustls::crypto::ring::default_provider().install_default());
}
