//! The container that holds a task's network: an image of one tiny program that sleeps for ever, made here, so
//! that nothing has to be fetched.
//!
//! The containers of a task come and go by their dependencies; their network must be there before the first
//! and after the last of them.

/// The image, as the engine knows it.
pub(super) const REPOSITORY: &str = "aws-sim/pause";
/// Its tag.
pub(super) const TAG: &str = "1";
/// The program in it.
pub(super) const PROGRAM: &str = "/pause";

/// Where the program is loaded.
const BASE: u64 = 0x40_0000;
/// Length of an ELF header and one program header.
const HEADERS: u64 = 64 + 56;

/// `pause(2)` again and again: `push 34; pop rax; syscall; jmp`.
const AMD64: &[u8] = &[0x6a, 0x22, 0x58, 0x0f, 0x05, 0xeb, 0xf9];
/// `ppoll(2)` on nothing, again and again.
const ARM64: &[u32] = &[
    0xd280_0928, // mov x8, 73
    0xd280_0000, // mov x0, 0
    0xd280_0001, // mov x1, 0
    0xd280_0002, // mov x2, 0
    0xd280_0003, // mov x3, 0
    0xd400_0001, // svc 0
    0x17ff_fffa, // b to the first
];

/// The image's only layer, for engines of this architecture (`amd64`, `arm64`).
pub(super) fn layer(architecture: &str) -> Option<Vec<u8>> {
    let program = match architecture {
        "amd64" => elf(0x3e, AMD64),
        "arm64" => {
            let code: Vec<u8> = ARM64.iter().flat_map(|word| word.to_le_bytes()).collect();
            elf(0xb7, &code)
        }
        _ => return None,
    };
    let mut header = tar::Header::new_ustar();
    header.set_size(program.len() as u64);
    header.set_mode(0o755);
    let mut archive = tar::Builder::new(Vec::new());
    let name = PROGRAM.trim_start_matches('/');
    archive
        .append_data(&mut header, name, program.as_slice())
        .ok()?;
    archive.into_inner().ok()
}

/// A 64-bit little-endian executable of one segment.
fn elf(machine: u16, code: &[u8]) -> Vec<u8> {
    let size = HEADERS + code.len() as u64;
    let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut put = |bytes: &[u8]| file.extend_from_slice(bytes);
    // Executable, machine, version; entry, program headers, no section headers; flags and sizes.
    put(&2_u16.to_le_bytes());
    put(&machine.to_le_bytes());
    put(&1_u32.to_le_bytes());
    put(&(BASE + HEADERS).to_le_bytes());
    put(&64_u64.to_le_bytes());
    put(&0_u64.to_le_bytes());
    put(&0_u32.to_le_bytes());
    for half in [64_u16, 56, 1, 64, 0, 0] {
        put(&half.to_le_bytes());
    }
    // Loadable, readable and executable: the whole file, at its base, aligned to a page.
    put(&1_u32.to_le_bytes());
    put(&5_u32.to_le_bytes());
    for long in [0, BASE, BASE, size, size, 0x1_0000] {
        put(&long.to_le_bytes());
    }
    put(code);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_begins_behind_its_headers() {
        let program = elf(0x3e, AMD64);
        assert_eq!(program.len() as u64, HEADERS + AMD64.len() as u64);
        let entry = u64::from_le_bytes(program[24..32].try_into().unwrap());
        assert_eq!(entry, BASE + HEADERS);
        assert!(layer("amd64").is_some() && layer("arm64").is_some());
        assert!(layer("riscv64").is_none());
    }
}
