//! Builds and pushes images with a Docker Engine, through BuildKit.
