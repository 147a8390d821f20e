//! CPU and memory of tasks, and the sizes that Fargate has (ecs-facts 6.4).

use std::fmt::Write as _;

/// CPU units of `"512"`, `"0.5 vCPU"` and the like; 1024 are one vCPU.
#[must_use]
pub fn cpu_units(text: &str) -> Option<u32> {
    let lower = text.trim().to_ascii_lowercase();
    lower
        .strip_suffix("vcpu")
        .map_or_else(|| lower.parse().ok(), |count| scaled(count, 1024.0))
}

/// MiB of `"512"`, `"0.5 GB"` and the like; 1 GB is 1024 MiB here, as ECS has it.
#[must_use]
pub fn memory_mib(text: &str) -> Option<u32> {
    let lower = text.trim().to_ascii_lowercase();
    lower
        .strip_suffix("gb")
        .map_or_else(|| lower.parse().ok(), |count| scaled(count, 1024.0))
}

fn scaled(count: &str, unit: f64) -> Option<u32> {
    let count = count.trim();
    if !count.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let value = count.parse::<f64>().ok()? * unit;
    let fits = value.fract() == 0.0 && value <= f64::from(u32::MAX);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, not negative (digits only) and within u32"
    )]
    let whole = fits.then_some(value as u32);
    whole
}

/// One row of the table: a CPU size and the memory that goes with it.
pub(super) struct Size {
    /// CPU units.
    pub(super) cpu: u32,
    /// Permitted MiB, ascending.
    pub(super) memory: Vec<u32>,
    /// Whether Windows tasks have it.
    windows: bool,
}

impl Size {
    /// The memory as people read it: `512, 1024, 2048` or `2048 to 8192 in steps of 1024`.
    pub(super) fn memory_text(&self) -> String {
        let all = &self.memory;
        let step = all[1] - all[0];
        let even = all.windows(2).all(|pair| pair[1] - pair[0] == step);
        if even && all.len() > 4 {
            return format!("{} to {} in steps of {step}", all[0], all[all.len() - 1]);
        }
        let mut text = String::new();
        for (place, mib) in all.iter().enumerate() {
            // Writing into a String cannot fail.
            _ = write!(text, "{}{mib}", if place > 0 { ", " } else { "" });
        }
        text
    }
}

/// The sizes that Fargate has for this operating system.
pub(super) fn fargate(windows: bool) -> Vec<Size> {
    let steps = |from: u32, to: u32, step: u32| {
        (from..=to)
            .step_by(step as usize)
            .map(|gb| gb * 1024)
            .collect()
    };
    let all: [(u32, Vec<u32>, bool); 8] = [
        (256, vec![512, 1024, 2048], false),
        (512, steps(1, 4, 1), false),
        (1024, steps(2, 8, 1), true),
        (2048, steps(4, 16, 1), true),
        (4096, steps(8, 30, 1), true),
        (8192, steps(16, 60, 4), false),
        (16384, steps(32, 120, 8), false),
        (32768, vec![60 * 1024, 120 * 1024, 244 * 1024], false),
    ];
    all.into_iter()
        .map(|(cpu, memory, windows)| Size {
            cpu,
            memory,
            windows,
        })
        .filter(|size| size.windows || !windows)
        .collect()
}
