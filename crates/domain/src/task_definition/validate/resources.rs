//! CPU and memory of the containers fit the task and each other.

use super::{Problems, containers};
use crate::document::{Document, Pointer};
use crate::task_definition::{cpu_units, memory_mib, text, whole};

pub(super) fn check(definition: &Document, found: &mut Problems) {
    let root = Pointer::root();
    let task_cpu = size(
        definition,
        "cpu",
        cpu_units,
        "CPU units as \"512\" or \"0.5 vCPU\"",
        found,
    );
    let task_memory = size(
        definition,
        "memory",
        memory_mib,
        "MiB as \"1024\" or \"1 GB\"",
        found,
    );
    let (mut cpu, mut memory) = (0, 0);
    for (at, container) in containers(definition) {
        found.range(
            container,
            &at,
            "cpu",
            0,
            i64::from(i32::MAX),
            "permitted: CPU units, ",
        );
        found.range(
            container,
            &at,
            "memory",
            4,
            i64::from(i32::MAX),
            "permitted: MiB, ",
        );
        found.range(
            container,
            &at,
            "memoryReservation",
            4,
            i64::from(i32::MAX),
            "permitted: MiB, ",
        );
        let hard = whole(container, "memory");
        let soft = whole(container, "memoryReservation");
        if let (Some(hard), Some(soft)) = (hard, soft)
            && soft > hard
        {
            let message = format!("memoryReservation {soft} is more than memory {hard}");
            found.add(
                at.name("memoryReservation"),
                message,
                "reserve at most what memory permits",
            );
        }
        if definition.get("memory").is_none() && hard.or(soft).is_none() && container.is_object() {
            let hint = "set memory or memoryReservation here, or memory on the task";
            found.add(at.clone(), "this container has no memory", hint);
        }
        if let (Some(hard), Some(task)) = (hard, task_memory)
            && hard > task
        {
            let message = format!("memory {hard} is more than the {task} MiB of the task");
            found.add(
                at.name("memory"),
                message,
                format!("permitted: at most {task}"),
            );
        }
        cpu += whole(container, "cpu").unwrap_or(0).max(0);
        memory += soft.or(hard).unwrap_or(0).max(0);
    }
    let sums = [
        ("cpu", cpu, task_cpu, "CPU units"),
        ("memory", memory, task_memory, "MiB"),
    ];
    for (name, sum, task, unit) in sums {
        if let Some(task) = task.filter(|task| sum > *task) {
            let message = format!("the containers ask for {sum} {unit}, the task has {task}");
            found.add(
                root.name(name),
                message,
                "raise the task's, or lower the containers'",
            );
        }
    }
}

fn size(
    definition: &Document,
    name: &str,
    read: fn(&str) -> Option<u32>,
    rule: &str,
    found: &mut Problems,
) -> Option<i64> {
    let written = text(definition, name)?;
    let size = read(written);
    if size.is_none() {
        let message = format!("{name} {written:?} is no size");
        found.add(
            Pointer::root().name(name),
            message,
            format!("permitted: {rule}"),
        );
    }
    size.map(i64::from)
}
