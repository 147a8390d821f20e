//! Arbitrary names, and agents, which hardly hold anything else.

use proptest::prelude::*;
use shipway_domain::agent::{AgentAccount, AgentDescription};
use shipway_domain::ids::{
    AccountId, AgentId, AppName, ClusterName, Digest, EnvName, Incarnation, JobId, Region,
    ReleaseId, ServiceName, Target,
};

use super::{pairs, text, texts};

/// Strategies of names: a pattern that keeps the rule, and the type.
macro_rules! names {
    ($($name:ident: $type:ident = $pattern:literal;)*) => {
        $(
            #[doc = concat!("An arbitrary `", stringify!($type), "`.")]
            pub(crate) fn $name() -> impl Strategy<Value = $type> {
                $pattern.prop_map(|text: String| $type::new(text).expect("the pattern keeps the rule"))
            }
        )*
    };
}

names! {
    app: AppName = "[a-z][a-z0-9-]{0,8}";
    env: EnvName = "[a-z][a-z0-9-]{0,8}";
    agent_id: AgentId = "[a-z][a-z0-9-]{0,8}";
    account: AccountId = "[0-9]{12}";
    region: Region = "(eu|us|ap)-(west|east)-[1-9]";
    cluster: ClusterName = "[A-Za-z0-9_-]{1,8}";
    service: ServiceName = "[A-Za-z0-9_-]{1,8}";
}

/// An arbitrary digest.
pub(crate) fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest::from_sha256)
}

/// An arbitrary release id.
pub(crate) fn release_id() -> impl Strategy<Value = ReleaseId> {
    any::<u64>().prop_map(ReleaseId::from_number)
}

/// An arbitrary job id.
pub(crate) fn job_id() -> impl Strategy<Value = JobId> {
    (release_id(), any::<u32>()).prop_map(|(release, index)| JobId { release, index })
}

prop_compose! {
    /// An arbitrary target.
    pub(crate) fn target()(
        account in account(),
        region in region(),
        cluster in cluster(),
        service in service(),
    ) -> Target {
        Target { account, region, cluster, service }
    }
}

prop_compose! {
    fn agent_account()(
        id in account(),
        name in text(),
        regions in prop::collection::vec(region(), 0..3),
    ) -> AgentAccount {
        AgentAccount { id, name, regions }
    }
}

prop_compose! {
    /// An arbitrary agent.
    pub(crate) fn agent()(
        id in agent_id(),
        incarnation in any::<u64>(),
        version in text(),
        accounts in prop::collection::vec(agent_account(), 0..3),
        plugins in texts(),
        capacity in any::<u32>(),
        labels in pairs(),
    ) -> AgentDescription {
        AgentDescription {
            id,
            incarnation: Incarnation(incarnation),
            version,
            accounts,
            plugins,
            capacity,
            labels,
        }
    }
}
