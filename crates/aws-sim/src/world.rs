//! Everything the simulator knows: accounts, their regions, and each service's state in them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::autoscaling;
use crate::choices::Choices;
use crate::clock::SimTime;
use crate::cloudwatch;
use crate::ec2;
use crate::ecr::{self, Findings};
use crate::ecs;
use crate::elb;
use crate::files::Files;
use crate::iam::{Act, IdentityProvider, Principal, Role, Session, Verdict};
use crate::ids::Ids;
use crate::logs;
use crate::script::Script;
use crate::sockets::Sockets;
use crate::tasks::Tasks;

/// One simulated AWS. Behind one lock; saved as it is.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct World {
    /// When it was saved; the clock starts no earlier.
    pub(crate) saved_at: SimTime,
    /// By account id.
    pub(crate) accounts: BTreeMap<String, Account>,
    /// Role sessions by access key id.
    pub(crate) sessions: BTreeMap<String, Session>,
    /// Failure scripts; the last that applies wins.
    pub(crate) scripts: Vec<Script>,
    /// What image scans find; the last that applies wins.
    pub(crate) findings: Vec<Findings>,
    /// Seals the passwords of the registries.
    pub(crate) token_key: String,
    /// How long the phases of tasks take.
    pub(crate) ecs_settings: ecs::Settings,
    /// Where AWS is silent.
    pub(crate) choices: Choices,
    /// Where all ids come from.
    pub(crate) ids: Ids,
    /// When the next thing happens by itself.
    #[serde(skip)]
    pub(crate) wake: Option<SimTime>,
    /// Layers and configs.
    #[serde(skip)]
    pub(crate) files: Files,
    /// Registry listeners.
    #[serde(skip)]
    pub(crate) sockets: Sockets,
    /// What tasks are made of.
    #[serde(skip)]
    pub(crate) tasks: Tasks,
}

/// One AWS account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Account {
    /// A name for people.
    pub(crate) name: Option<String>,
    /// Roles by name.
    pub(crate) roles: BTreeMap<String, Role>,
    /// Whether there are no others.
    pub(crate) roles_are_complete: bool,
    /// OpenID Connect providers.
    pub(crate) identity_providers: Vec<IdentityProvider>,
    /// By region name.
    pub(crate) regions: BTreeMap<String, Region>,
}

/// One region of an account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Region {
    /// Elastic Container Service.
    pub(crate) ecs: ecs::State,
    /// Elastic Container Registry.
    pub(crate) ecr: ecr::State,
    /// Application Auto Scaling.
    pub(crate) autoscaling: autoscaling::State,
    /// Port of the image registry, once it has been opened.
    pub(crate) registry_port: Option<u16>,
    /// Secrets Manager: secret strings by name.
    pub(crate) secrets: BTreeMap<String, String>,
    /// SSM parameters by name.
    pub(crate) parameters: BTreeMap<String, String>,
    /// CloudWatch Logs: the last lines of containers.
    pub(crate) logs: logs::Store,
    /// CloudWatch: alarms that the control API has made.
    pub(crate) cloudwatch: cloudwatch::State,
    /// Elastic Load Balancing: seeded target groups.
    pub(crate) elb: elb::State,
    /// EC2: seeded subnets.
    pub(crate) ec2: ec2::State,
    /// Service Quotas: seeded values, by code of service and quota.
    pub(crate) quotas: BTreeMap<String, f64>,
}

impl World {
    /// An empty world whose ids come from `ids`.
    pub(crate) fn with_ids(mut ids: Ids) -> Self {
        Self {
            token_key: ids.letters(32),
            ids,
            ..Self::default()
        }
    }

    /// A copy of what is saved, to be written when the lock is free again.
    pub(crate) fn snapshot(&self) -> Self {
        Self {
            saved_at: self.saved_at,
            accounts: self.accounts.clone(),
            sessions: self.sessions.clone(),
            scripts: self.scripts.clone(),
            findings: self.findings.clone(),
            token_key: self.token_key.clone(),
            ecs_settings: self.ecs_settings.clone(),
            choices: self.choices.clone(),
            ids: self.ids.clone(),
            wake: None,
            files: Files::default(),
            sockets: Sockets::default(),
            tasks: self.tasks,
        }
    }

    /// An account, made empty at its first mention.
    pub(crate) fn account(&mut self, id: &str) -> &mut Account {
        self.accounts.entry(id.to_owned()).or_default()
    }

    /// A region of an account, made empty at its first mention.
    pub(crate) fn region(&mut self, account: &str, region: &str) -> &mut Region {
        let regions = &mut self.account(account).regions;
        regions.entry(region.to_owned()).or_default()
    }

    /// A region of an account, if anything was ever done there.
    pub(crate) fn existing_region(&self, account: &str, region: &str) -> Option<&Region> {
        self.accounts.get(account)?.regions.get(region)
    }

    /// When the first thing happens by itself, as services and targets have it themselves.
    pub(crate) fn earliest(&mut self) -> Option<SimTime> {
        let services = ecs::rewake(self);
        [services, autoscaling::next(self)]
            .into_iter()
            .flatten()
            .min()
    }

    /// Lets everything happen that is due at `now`, in the order of its time.
    pub(crate) fn catch_up(&mut self, now: SimTime) {
        if self.wake.is_none_or(|wake| wake > now) {
            return;
        }
        while let Some(due) = autoscaling::next(self).filter(|due| *due < now) {
            ecs::tick(self, due);
            autoscaling::tick(self, due);
        }
        let mut next = ecs::tick(self, now);
        if autoscaling::tick(self, now) {
            next = ecs::tick(self, now);
        }
        let images = ecr::tick(self, now);
        let nexts = [next, autoscaling::next(self), images];
        self.wake = nexts.into_iter().flatten().min();
    }

    /// The same for as long as `budget` of real time, so that callers get their turn when much is due at
    /// once; false when something is left, which is due still.
    pub(crate) fn catch_up_within(&mut self, now: SimTime, budget: Duration) -> bool {
        let until = Instant::now() + budget;
        if !self.is_scaled_by(now) && !ecs::tick_until(self, now, until) {
            return false;
        }
        self.catch_up(now);
        true
    }

    /// Whether Auto Scaling has to do something until `now`: then the order of all that is due matters.
    pub(crate) fn is_scaled_by(&self, now: SimTime) -> bool {
        autoscaling::next(self).is_some_and(|due| due <= now)
    }

    /// Whether the policies of a principal's role and of its session allow this.
    pub(crate) fn permits(&self, principal: &Principal, act: &Act<'_>) -> bool {
        self.denial(principal, act).is_none()
    }

    /// Why a principal may not do this, in the words that end the text of AccessDenied.
    pub(crate) fn denial(&self, principal: &Principal, act: &Act<'_>) -> Option<String> {
        let action = act.action;
        match self.verdicts(principal, act)? {
            (Verdict::Denied, _) => {
                Some("with an explicit deny in an identity-based policy".to_owned())
            }
            (_, Verdict::Denied) => Some("with an explicit deny in a session policy".to_owned()),
            (Verdict::Silent, _) => Some(format!(
                "because no identity-based policy allows the {action} action"
            )),
            (_, Verdict::Silent) => Some(format!(
                "because no session policy allows the {action} action"
            )),
            (Verdict::Allowed, Verdict::Allowed) => None,
        }
    }

    /// Whether a policy of a principal's role or session denies this, so that no other can allow it.
    pub(crate) fn forbids(&self, principal: &Principal, act: &Act<'_>) -> bool {
        let verdicts = self.verdicts(principal, act);
        verdicts.is_some_and(|(identity, session)| identity.max(session) == Verdict::Denied)
    }

    /// What the role's policies and the session's say; none about those that have no role.
    fn verdicts(&self, principal: &Principal, act: &Act<'_>) -> Option<(Verdict, Verdict)> {
        let name = principal.role.as_ref()?;
        let account = self.accounts.get(&principal.account);
        let role = account.and_then(|account| account.roles.get(name));
        let identity = role.map_or(Verdict::Silent, |role| role.verdict(act));
        let policies = principal.session.policies.iter();
        let session = policies.map(|policy| policy.verdict(act)).max();
        Some((identity, session.unwrap_or(Verdict::Allowed)))
    }

    /// The script for a task of a family that was started with this command, whose image is known by these names (reference, digests), if any.
    pub(crate) fn script_for<'a>(
        &self,
        family: &str,
        command: &str,
        names: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Option<&Script> {
        let mut latest_first = self.scripts.iter().rev();
        latest_first.find(|script| script.applies_to(family, command, names.clone()))
    }
}

/// Whether `text` is an account id: exactly twelve digits.
pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
