//! Which sizes a Fargate task may have (ecs-facts 6.4).

/// Whether Fargate offers a task of this many CPU units and MiB.
pub(super) fn offers(cpu: u64, memory: u64) -> bool {
    const GIB: u64 = 1024;
    let stepped = |from: u64, to: u64, step: u64| {
        (from * GIB..=to * GIB).contains(&memory)
            && (memory - from * GIB).is_multiple_of(step * GIB)
    };
    match cpu {
        256 => memory == 512 || stepped(1, 2, 1),
        512 => stepped(1, 4, 1),
        1024 => stepped(2, 8, 1),
        2048 => stepped(4, 16, 1),
        4096 => stepped(8, 30, 1),
        8192 => stepped(16, 60, 4),
        16384 => stepped(32, 120, 8),
        32768 => [60, 120, 244].contains(&(memory / GIB)) && memory.is_multiple_of(GIB),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::offers;

    #[test]
    fn the_table_of_sizes() {
        let good = [
            (256, 512),
            (256, 2048),
            (512, 1024),
            (512, 4096),
            (1024, 2048),
            (1024, 8192),
            (2048, 16384),
            (4096, 8192),
            (4096, 30720),
            (8192, 16384),
            (8192, 61440),
            (16384, 32768),
            (16384, 122_880),
            (32768, 61440),
            (32768, 249_856),
        ];
        for (cpu, memory) in good {
            assert!(offers(cpu, memory), "{cpu}/{memory}");
        }
        let bad = [
            (300, 512),
            (256, 4096),
            (256, 513),
            (512, 512),
            (1024, 1024),
            (2048, 2048),
            (4096, 31744),
            (8192, 17408),
            (16384, 33792),
            (32768, 65536),
            (0, 0),
        ];
        for (cpu, memory) in bad {
            assert!(!offers(cpu, memory), "{cpu}/{memory}");
        }
    }
}
