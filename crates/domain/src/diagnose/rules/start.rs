//! The container does not come up, or is killed.

use super::{Rule, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "out-of-memory",
        weight: Weight::Cause,
        all: &[],
        any: &["outofmemory", "out of memory", "killed due to memory usage"],
        cause: "the container was killed because it used more memory than it has",
        remedy: "raise the memory of the container or task, or limit the app's heap",
    },
    Rule {
        code: "cannot-start",
        weight: Weight::Cause,
        all: &[],
        any: &["cannotstartcontainererror", "executable file not found"],
        cause: "the container cannot be started",
        remedy: "see command, entrypoint and user of the image",
    },
    Rule {
        code: "container-runtime",
        weight: Weight::Cause,
        all: &[],
        any: &[
            "cannotcreatecontainererror",
            "cannotcreatevolumeerror",
            "containerruntimeerror",
            "containerruntimetimeouterror",
            "dockertimeouterror",
            "cannotinspectcontainererror",
            "cannotstopcontainererror",
            "dependency has not started",
            "container dependency",
        ],
        cause: "the host could not set the container up",
        remedy: "see dependsOn, startTimeout and volumes; deploy again, on another host if it stays",
    },
];
