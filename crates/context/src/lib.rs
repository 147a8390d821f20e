//! Packs a directory tree into a tar that depends on its content only, honouring .dockerignore.
