//! Builds an image from files on a base image and pushes it, without any daemon.
