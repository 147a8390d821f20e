//! Arbitrary specifications.

use proptest::prelude::*;
use shipway_domain::day::Day;
use shipway_domain::gate::{Gates, TaskGate};
use shipway_domain::ids::RepositoryName;
use shipway_domain::scan::{ScanException, ScanGate, Severity};
use shipway_domain::spec::{
    Autoscaling, Breaker, BuildCache, BuildSecret, BuildSettings, Builder, CopyFiles, DockerBuild,
    ImageSettings, ImageTag, LayersBuild, Priority, ReleaseKind, ReleaseSpec, RepositorySettings,
    Revision, RolloutSettings, SecretSource, Source, TagMutability, TargetSpec,
};

use super::ids::{account, app, digest, env, region, release_id, target};
use super::{maybe_text, pairs, span, text, texts};

/// An arbitrary priority.
pub(crate) fn priority() -> impl Strategy<Value = Priority> {
    (0..=100_u8).prop_map(|level| Priority::new(level).expect("in range"))
}

/// An arbitrary kind of release.
pub(crate) fn kind() -> impl Strategy<Value = ReleaseKind> {
    prop_oneof![
        Just(ReleaseKind::Deploy),
        Just(ReleaseKind::Settle),
        (release_id(), release_id()).prop_map(|(undoes, to)| ReleaseKind::Rollback { undoes, to }),
    ]
}

prop_compose! {
    fn revision()(
        commit in "[0-9a-f]{40}",
        subject in text(),
        committed_at in any::<u64>(),
        dirty in any::<bool>(),
        repository in maybe_text(),
    ) -> Revision {
        Revision { commit, subject, committed_at, dirty, repository }
    }
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        (digest(), prop::option::of(revision()))
            .prop_map(|(blob, revision)| Source::Context { blob, revision }),
        (text(), text(), revision()).prop_map(|(repository, folder, revision)| Source::Commit {
            repository,
            folder,
            revision
        }),
        text().prop_map(|reference| Source::Image { reference }),
    ]
}

prop_compose! {
    fn docker()(
        dockerfile in text(),
        target in maybe_text(),
        args in pairs(),
        enabled in any::<bool>(),
        from in texts(),
    ) -> DockerBuild {
        DockerBuild { dockerfile, target, args, cache: BuildCache { enabled, from } }
    }
}

prop_compose! {
    fn layers()(
        base in maybe_text(),
        files in pairs(),
        (entrypoint, command) in (texts(), texts()),
        (env, labels) in (pairs(), pairs()),
        (user, workdir) in (maybe_text(), maybe_text()),
        ports in texts(),
    ) -> LayersBuild {
        let files = files.into_iter().map(|(from, to)| CopyFiles { from, to }).collect();
        LayersBuild { base, files, entrypoint, command, env, labels, user, workdir, ports }
    }
}

fn secret() -> impl Strategy<Value = BuildSecret> {
    let from = prop_oneof![
        text().prop_map(SecretSource::Env),
        text().prop_map(SecretSource::File),
        text().prop_map(SecretSource::SecretsManager),
        text().prop_map(SecretSource::Ssm),
    ];
    (text(), from).prop_map(|(id, from)| BuildSecret { id, from })
}

fn build() -> impl Strategy<Value = BuildSettings> {
    let builder = prop_oneof![
        docker().prop_map(Builder::Docker),
        layers().prop_map(Builder::Layers),
    ];
    let secrets = prop::collection::vec(secret(), 0..3);
    (builder, texts(), secrets).prop_map(|(builder, platforms, secrets)| BuildSettings {
        builder,
        platforms,
        secrets,
    })
}

prop_compose! {
    fn repository()(
        scan_on_push in any::<bool>(),
        mutability in prop_oneof![
            Just(TagMutability::Mutable),
            texts().prop_map(|except| TagMutability::Immutable { except }),
        ],
        keep_last in any::<Option<u32>>(),
    ) -> RepositorySettings {
        RepositorySettings { scan_on_push, mutability, keep_last }
    }
}

prop_compose! {
    fn image()(
        account in account(),
        region in region(),
        repository in "[a-z]{2,8}(/[a-z]{1,4})?",
        tags in prop::collection::vec((text(), any::<bool>()), 0..3),
        create in prop::option::of(repository()),
        set_policy in any::<bool>(),
    ) -> ImageSettings {
        let repository = RepositoryName::new(repository).expect("the pattern keeps the rule");
        let tags = tags.into_iter().map(|(tag, moving)| ImageTag { tag, moving }).collect();
        ImageSettings { account, region, repository, tags, create, set_policy }
    }
}

prop_compose! {
    fn rollout()(
        minimum_healthy_percent in any::<u32>(),
        maximum_percent in any::<u32>(),
        health_check_grace_period in prop::option::of(span()),
        breaker in maybe_text(),
        suspend in any::<bool>(),
        timeout in span(),
        (force, stop_early_after, keep_revisions) in any::<(bool, u32, Option<u32>)>(),
    ) -> RolloutSettings {
        RolloutSettings {
            minimum_healthy_percent,
            maximum_percent,
            health_check_grace_period,
            breaker: breaker.map_or(Breaker::On, |reason| Breaker::Off { reason }),
            autoscaling: if suspend { Autoscaling::Suspend } else { Autoscaling::Keep },
            timeout,
            force,
            stop_early_after,
            keep_revisions,
        }
    }
}

prop_compose! {
    fn exception()(id in text(), until in any::<u32>(), reason in text()) -> ScanException {
        ScanException { id, until: Day::from_number(until), reason }
    }
}

prop_compose! {
    fn gate()(
        fail_on in prop::sample::select(Severity::GATES.as_slice()),
        only_fixable in any::<bool>(),
        timeout in span(),
        exceptions in prop::collection::vec(exception(), 0..3),
    ) -> ScanGate {
        ScanGate { fail_on, only_fixable, timeout, exceptions }
    }
}

prop_compose! {
    fn task_gate()(
        container in text(),
        command in texts(),
        environment in pairs(),
        timeout in span(),
    ) -> TaskGate {
        TaskGate { container, command, environment, timeout }
    }
}

prop_compose! {
    fn gates()(
        before in prop::option::of(task_gate()),
        after in prop::option::of(task_gate()),
    ) -> Gates {
        Gates { before, after }
    }
}

prop_compose! {
    /// An arbitrary specification.
    pub(crate) fn spec()(
        (app, env, kind) in (app(), env(), kind()),
        source in source(),
        build in prop::option::of(build()),
        image in image(),
        task_definition in digest(),
        containers in texts(),
        targets in prop::collection::vec((target(), any::<u32>()), 0..3),
        rollout in rollout(),
        (priority, scan, gates) in (priority(), prop::option::of(gate()), gates()),
    ) -> ReleaseSpec {
        let targets = targets.into_iter().map(|(target, wave)| TargetSpec { target, wave }).collect();
        ReleaseSpec {
            app,
            env,
            kind,
            source,
            build,
            image,
            task_definition,
            containers,
            targets,
            rollout,
            priority,
            scan,
            gates,
        }
    }
}
