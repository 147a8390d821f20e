//! Compiles the `.proto` files with protox, so that no protoc is needed.

use std::path::PathBuf;

use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = [
        "shipway/v1/spec.proto",
        "shipway/v1/event.proto",
        "shipway/v1/trace.proto",
        "shipway/v1/agent.proto",
        "shipway/v1/shipway.proto",
        "shipway/store/v1/store.proto",
    ];
    println!("cargo::rerun-if-changed=shipway");
    let descriptors = protox::compile(files, ["."])?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    // Server reflection answers from the same bytes.
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_server(cfg!(feature = "services"))
        .build_client(cfg!(feature = "services"))
        .compile_fds(descriptors)?;
    Ok(())
}
