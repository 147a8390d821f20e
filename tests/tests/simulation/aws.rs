//! AWS: the modelled platform with a few services, and its weather.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::ids::{AccountId, ClusterName, Digest, Region, ServiceName, Target};
use shipway_domain::observe::ScalingSeen;
use shipway_domain::spec::TagMutability;
use shipway_domain::time::Timestamp;
use shipway_plugin::contract::definition;
use shipway_plugin::{ErrorKind, ImageFacts, Place};
use shipway_plugin_model::{
    Backoff, Call, Clock, Fault, ModelPlatform, OneOffs, Outcome, Pace, Phases, Settings,
};

use crate::diary::Diary;
use crate::lots::Lots;
use crate::plan::Weather;

pub(crate) const REGION: &str = "eu-west-1";
/// The owner of the repository, and the accounts of the targets.
pub(crate) const ACCOUNTS: [&str; 3] = ["000000000000", "111111111111", "222222222222"];
const SCALING: &str = "application-autoscaling:";
pub(crate) const REPOSITORY: &str = "shop";
const URI: &str = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/shop";
/// Contents of images; the last ones do not run.
pub(crate) const IMAGES: [&str; 8] = ["v0", "v1", "v2", "v3", "v4", "v5", "bad1", "bad2"];
/// What is submitted.
pub(crate) const DEFINITION: &str = r#"{"family":"shop","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512","executionRoleArn":"arn:aws:iam::111111111111:role/tasks","containerDefinitions":[{"name":"app","image":"none","essential":true}]}"#;

pub(crate) fn place(account: &str) -> Place {
    Place {
        account: AccountId::new(account).expect("an account"),
        region: Region::new(REGION).expect("a region"),
    }
}

/// The services that there are.
pub(crate) fn targets() -> [Target; 3] {
    let target = |account: &str, service: &str| Target {
        account: place(account).account,
        region: place(account).region,
        cluster: ClusterName::new("main").expect("a cluster"),
        service: ServiceName::new(service).expect("a service"),
    };
    [
        target(ACCOUNTS[1], "shop"),
        target(ACCOUNTS[2], "shop"),
        target(ACCOUNTS[1], "cart"),
    ]
}

/// Where a target lies, and its name there.
pub(crate) fn at(target: &Target) -> (Place, String) {
    let name = format!("{}/{}", target.cluster, target.service);
    (place(target.account.as_str()), name)
}

/// A reference to the image with this content.
pub(crate) fn image_at(content: &str) -> String {
    format!("{URI}@{}", Digest::of(content.as_bytes()))
}

/// The flags of auto scaling with which each target begins; `None`: it is not scaled.
pub(crate) fn flags(lots: &Lots) -> [Option<ScalingFlags>; 3] {
    [(); 3].map(|()| {
        lots.chance(85).then(|| ScalingFlags {
            scale_in: lots.chance(20),
            scale_out: lots.chance(20),
            scheduled: lots.chance(30),
        })
    })
}

/// Whether services of this seed's world go by stages, and wait for people.
pub(crate) const fn is_staged(seed: u64) -> bool {
    seed % 4 == 3
}

/// How the services of such a world are set up.
const WAYS: [&str; 3] = [
    r#"{"strategy":"BLUE_GREEN","bakeTimeInMinutes":1,"lifecycleHooks":[{"targetType":"PAUSE",
        "lifecycleStages":["POST_SCALE_UP"],"timeoutConfiguration":{"timeoutInMinutes":3}}]}"#,
    r#"{"lifecycleHooks":[{"targetType":"PAUSE","lifecycleStages":["PRE_SCALE_UP"],
        "timeoutConfiguration":{"timeoutInMinutes":2,"action":"CONTINUE"}}]}"#,
    r#"{"strategy":"CANARY","bakeTimeInMinutes":0,"canaryConfiguration":{"canaryPercent":10,
        "canaryBakeTimeInMinutes":1},"lifecycleHooks":[{"targetType":"PAUSE",
        "lifecycleStages":["PRE_PRODUCTION_TRAFFIC_SHIFT"],"timeoutConfiguration":{"timeoutInMinutes":4}}]}"#,
];

/// The world as it begins.
pub(crate) fn build(
    seed: u64,
    lots: &Lots,
    diary: &Diary,
    flags: &[Option<ScalingFlags>; 3],
) -> ModelPlatform {
    let clock = {
        let diary = diary.clone();
        Clock::told(move || Timestamp::from_millis(diary.millis()))
    };
    let second = Duration::from_secs(1);
    let settings = Settings {
        phases: Phases {
            provisioning: second,
            pulling: second * 2,
            activating: second,
            settling: lots.millis(3_000, if lots.chance(35) { 200_000 } else { 15_000 }),
            terminating: second,
            deprovisioning: second,
            ..Phases::default()
        },
        pace: Pace {
            pending: second,
            requested: second,
        },
        backoff: Backoff {
            base: second * 2,
            longest: second * 20,
        },
        polling: (second, second * 10),
        one_offs: OneOffs {
            run: second * 20,
            ..OneOffs::default()
        },
    };
    let platform = ModelPlatform::new(clock, settings, seed);
    let owner = place(ACCOUNTS[0]);
    platform.add_repository(&owner, REPOSITORY, TagMutability::Mutable);
    for content in IMAGES {
        let image = ImageFacts {
            digest: Digest::of(content.as_bytes()),
            manifests: Vec::new(),
            complete: true,
            size: 2,
        };
        let pushed = platform.push(&owner, REPOSITORY, &[content], image);
        pushed.expect("there is the repository");
        if content.starts_with("bad") {
            let (code, after) = (1, second);
            platform.decide(&image_at(content), Outcome::Exits { code, after });
        }
    }
    let ways = if is_staged(seed) { WAYS } else { [""; 3] };
    for ((target, flags), way) in targets().iter().zip(flags).zip(ways) {
        let (place, name) = at(target);
        let desired = u32::try_from(1 + lots.below(3)).expect("small");
        let running = definition("shop", &image_at(IMAGES[0]));
        platform.add_service(&place, &name, desired, &running);
        if !way.is_empty() {
            platform.configure(&place, &name, way);
        }
        if let Some(suspended) = *flags {
            let seen = ScalingSeen {
                suspended,
                min: 1,
                max: 10,
            };
            platform.make_scalable(&place, &name, seen);
        }
    }
    platform
}

/// Whether a call changes something.
pub(crate) fn changes(call: &Call) -> bool {
    matches!(
        call.name.as_str(),
        "ecs:RegisterTaskDefinition"
            | "ecs:UpdateService"
            | "ecs:StopServiceDeployment"
            | "ecs:ContinueServiceDeployment"
            | "application-autoscaling:RegisterScalableTarget"
            | "ecr:PutImage"
            | "ecr:SetRepositoryPolicy"
            | "ecr:CreateRepository"
    )
}

/// What calls fare under.
#[derive(Clone)]
pub(crate) struct Sky {
    pub(crate) weather: Weather,
    /// Until when auto scaling refuses changes.
    pub(crate) storm: Arc<Mutex<Duration>>,
    /// Until when every change is long on its way.
    pub(crate) lull: Arc<Mutex<Duration>>,
    /// Whether nothing fails any more.
    pub(crate) calm: Arc<AtomicBool>,
}

impl Sky {
    fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }
}

/// Lets calls take their time, and fail, until it is calm.
pub(crate) fn set_weather(platform: &ModelPlatform, sky: Sky, lots: &Lots, diary: &Diary) {
    let (own, above) = (lots.apart(), sky.clone());
    platform.set_journeys(move |call| {
        if call.name == "observe" {
            return (Duration::ZERO, Duration::ZERO);
        }
        let slow = !above.is_calm() && own.chance(above.weather.slow);
        let most = if slow { 5_000 } else { 300 };
        (own.millis(1, most), own.millis(1, most))
    });
    let (own, diary) = (lots.apart(), diary.clone());
    platform.set_weather(move |call| {
        if sky.is_calm() {
            return None;
        }
        let fault = fault(&sky, &own, call, diary.elapsed())?;
        diary.note(
            "aws",
            format_args!("{} {} meets {fault:?}", call.name, who(call)),
        );
        Some(fault)
    });
}

fn fault(sky: &Sky, lots: &Lots, call: &Call, now: Duration) -> Option<Fault> {
    let weather = &sky.weather;
    let expired = weather.expired.iter().any(|(account, from, until)| {
        *account == call.place.account.as_str() && (*from..*until).contains(&now)
    });
    if expired {
        return Some(Fault::Refused(ErrorKind::Credentials));
    }
    let changes = changes(call);
    let is_stormy = changes && now < *sky.storm.lock().expect("no panic");
    if is_stormy && call.name.starts_with(SCALING) && lots.chance(90) {
        return Some(Fault::Refused(ErrorKind::Throttled));
    }
    if changes && now < *sky.lull.lock().expect("no panic") {
        return Some(Fault::LandsLate(lots.millis(4_000, 9_000)));
    }
    if call.name.starts_with(SCALING) && lots.chance(weather.scaling) {
        return Some(Fault::Refused(ErrorKind::Throttled));
    }
    if changes && lots.chance(weather.lost) {
        let kinds = [ErrorKind::Unreachable, ErrorKind::TimedOut];
        return Some(Fault::AnswerLost(*lots.pick(&kinds)));
    }
    if changes && lots.chance(weather.late) {
        return Some(Fault::LandsLate(lots.millis(500, weather.latest)));
    }
    // What fails in a build fails the build: most seeds should come further than that.
    let early = call.name.starts_with("ecr:") || call.name.starts_with("sts:");
    if lots.chance(weather.failing) && (!early || lots.chance(20)) {
        let kinds = [
            ErrorKind::Throttled,
            ErrorKind::Throttled,
            ErrorKind::Unreachable,
            ErrorKind::TimedOut,
        ];
        return Some(Fault::Refused(*lots.pick(&kinds)));
    }
    None
}

/// Who called.
pub(crate) fn who(call: &Call) -> String {
    match &call.session {
        shipway_plugin::Session::Agent => "an agent".to_owned(),
        shipway_plugin::Session::Job { job, attempt } => format!("{job}#{attempt}"),
    }
}
