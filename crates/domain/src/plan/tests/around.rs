//! What a plan says of what lies around a service.

use super::*;
use crate::ids::Digest;
use crate::image::split_reference;
use crate::plan::Room;
use crate::scan::{ImageScan, ScanSeen};
use crate::surroundings::{
    AlarmSeen, FargateSeen, ImageListed, ImagePlatforms, Permission, RepositoryContents,
    SubnetSeen, TargetGroupSeen,
};

fn group(delay: u64) -> TargetGroupSeen {
    TargetGroupSeen {
        arn: "arn:aws:elasticloadbalancing:x".to_owned(),
        check_interval: Duration::from_secs(10),
        deregistration_delay: Duration::from_secs(delay),
    }
}

fn subnet(free: u32) -> SubnetSeen {
    SubnetSeen {
        id: "subnet-1".to_owned(),
        free,
    }
}

fn runs_on(platforms: &[&str]) -> ImagePlatforms {
    ImagePlatforms {
        image: IMAGE.to_owned(),
        platforms: platforms.iter().map(|one| (*one).to_owned()).collect(),
    }
}

/// With the image that runs, and a policy that keeps so many.
fn repository(keep: u32) -> RepositoryContents {
    let running = split_reference(IMAGE).1.expect("a digest");
    RepositoryContents {
        name: "web".to_owned(),
        policy: format!(
            r#"{{"rules":[{{"rulePriority":4,"selection":{{"tagStatus":"any","countType":"imageCountMoreThan",
            "countNumber":{keep}}},"action":{{"type":"expire"}}}}]}}"#
        ),
        images: vec![ImageListed {
            digest: Digest::new(running).expect("a digest"),
            tags: Vec::new(),
            pushed_at: Timestamp::from_millis(1),
            pulled_at: None,
        }],
        at: Timestamp::from_millis(2),
    }
}

#[test]
fn each_warning_comes_where_it_applies_and_only_there() {
    type Bend = fn(&mut Wish, &mut Facts);
    let table: [(&str, Bend); 20] = [
        ("W01", |wish, facts| {
            facts.service.desired = 2;
            wish.settings.minimum_healthy_percent = 75;
            wish.settings.maximum_percent = 100;
        }),
        ("W02", |wish, _| wish.settings.minimum_healthy_percent = 0),
        ("W03", |wish, _| {
            wish.settings.breaker = Breaker::Off {
                reason: "a reason".to_owned(),
            };
        }),
        ("W04", |_, facts| {
            facts.service.deployments[0].rollout_state = Some("IN_PROGRESS".to_owned());
        }),
        ("W05", |_, facts| {
            facts.scaling = Some(ScalingSeen {
                min: 1,
                max: 9,
                ..ScalingSeen::default()
            });
        }),
        ("W06", |_, facts| facts.service.target_groups.clear()),
        ("W07", |_, facts| {
            facts.service.health_check_grace_period = Some(Duration::from_secs(55));
        }),
        ("W07", |wish, _| {
            wish.settings.health_check_grace_period = Some(Duration::from_secs(10));
        }),
        ("W08", |wish, _| {
            let containers = r#"[{"name":"web","image":"x"},{"name":"proxy","image":"envoy:v1"}]"#;
            let containers = Document::parse(containers).expect("containers");
            wish.definition.set("containerDefinitions", containers);
        }),
        ("W09", |_, facts| {
            let alarm = |name: &str, state: &str| AlarmSeen {
                name: name.to_owned(),
                state: state.to_owned(),
                ..AlarmSeen::default()
            };
            facts.around.alarms = vec![alarm("errors", "ALARM"), alarm("latency", "OK")];
        }),
        ("W10", |wish, facts| {
            wish.definition = definition(r#","portMappings":[{"containerPort":80}]"#, "");
            facts.around.target_groups = vec![group(31)];
        }),
        ("W10", |wish, facts| {
            let slow = r#","stopTimeout":119,"portMappings":[{"containerPort":80}]"#;
            wish.definition = definition(slow, "");
            facts.around.target_groups = vec![group(3000)];
        }),
        ("W11", |_, facts| {
            facts.around.images = vec![runs_on(&["linux/arm64"])];
        }),
        ("W12", |_, facts| {
            facts.running = definition("", "");
            facts.around.repository = Some(repository(1));
        }),
        ("W13", |wish, facts| {
            wish.gate = Some(gate());
            facts.around.scans = vec![ImageScan {
                platform: String::new(),
                seen: ScanSeen::Without {
                    status: "UNSUPPORTED_IMAGE".to_owned(),
                },
            }];
        }),
        ("W14", |_, facts| {
            facts.around.denied = vec![Permission {
                action: "ecr:BatchGetImage".to_owned(),
                resource: "arn:aws:ecr:x".to_owned(),
            }];
        }),
        ("W15", |_, facts| {
            facts.around.missing_log_groups = vec!["/ecs/web".to_owned()];
        }),
        ("W16", |_, facts| {
            facts.service.fargate = true;
            facts.around.fargate = Some(FargateSeen {
                limit: 4096,
                used: Some(4096 - 767),
            });
        }),
        ("W17", |_, facts| {
            facts.around.subnets = vec![subnet(1), subnet(1)]
        }),
        ("W10", |wish, facts| {
            wish.definition = definition(r#","portMappings":[{"containerPort":80}]"#, "");
            facts.around.target_groups = vec![group(1), group(40)];
        }),
    ];
    for (code, bend) in table {
        let (mut wish, mut facts) = usual();
        bend(&mut wish, &mut facts);
        assert_eq!(codes(&wish, &facts), [code]);
    }
    for (code, _) in crate::plan::warnings::CODES {
        assert!(table.iter().any(|(tested, _)| *tested == code), "{code}");
    }
}

#[test]
fn what_lies_around_a_service_as_it_should_is_not_warned_of() {
    type Bend = fn(&mut Wish, &mut Facts);
    let table: [Bend; 9] = [
        |wish, facts| {
            wish.gate = Some(gate());
            facts.around.scans = vec![ImageScan {
                platform: String::new(),
                seen: ScanSeen::Missing,
            }];
        },
        |wish, facts| {
            // Nobody has set the delay, and Fargate gives no container as long.
            wish.definition = definition(r#","portMappings":[{"containerPort":80}]"#, "");
            facts.around.target_groups = vec![group(300)];
        },
        |wish, facts| {
            wish.definition = definition(r#","portMappings":[{"containerPort":80}]"#, "");
            facts.around.target_groups = vec![group(30)];
        },
        |_, facts| facts.around.target_groups = vec![group(31)],
        |_, facts| {
            facts.around.images = vec![runs_on(&["linux/arm64", "linux/amd64"]), runs_on(&[])];
        },
        |_, facts| facts.around.repository = Some(repository(2)),
        |_, facts| {
            facts.service.fargate = true;
            facts.around.fargate = Some(FargateSeen {
                limit: 4096,
                used: Some(4096 - 768),
            });
        },
        |_, facts| {
            facts.service.fargate = true;
            facts.around.fargate = Some(FargateSeen {
                limit: 1,
                used: None,
            });
        },
        |_, facts| facts.around.subnets = vec![subnet(1), subnet(2)],
    ];
    for (nth, bend) in table.iter().enumerate() {
        let (mut wish, mut facts) = usual();
        bend(&mut wish, &mut facts);
        assert_eq!(codes(&wish, &facts), [""; 0], "{nth}");
    }
}

#[test]
fn the_course_goes_by_the_target_groups_that_were_read() {
    let (wish, mut facts) = usual();
    facts.around.target_groups = vec![group(5), group(40)];
    let pace = Pace::of(&wish, &facts);
    assert_eq!(pace.target, Some(Duration::from_secs(20)));
    assert_eq!(pace.draining, Duration::from_secs(40));
    let told = pace.assumptions.join("; ");
    assert!(told.contains("drain for 40 s (its settings)"), "{told}");
}

#[test]
fn a_course_says_what_there_is_room_for() {
    let (wish, mut facts) = usual();
    let room = |facts: &Facts| course(&wish, facts, Vec::new(), CourseEnd::Open, None).room;
    assert_eq!(room(&facts), Room::default());
    facts.around.subnets = vec![subnet(7), subnet(u32::MAX)];
    facts.around.fargate = Some(FargateSeen {
        limit: 1024,
        used: Some(2048),
    });
    let some = Room {
        cpu_units: Some(0),
        addresses: Some(u32::MAX),
    };
    assert_eq!(room(&facts), some);
}

#[test]
fn what_a_rollout_would_refuse_a_plan_tells_and_what_could_not_be_read_too() {
    let (wish, mut facts) = usual();
    facts.service.controller = "CODE_DEPLOY".to_owned();
    facts.around.unread = vec!["alarms: denied".to_owned()];
    let plan = target(&wish, &facts).expect("a plan");
    let refused = plan.refused.expect("refused");
    assert_eq!(refused.code, "controller-not-ecs");
    assert_eq!(plan.unread, ["alarms: denied"]);
}
