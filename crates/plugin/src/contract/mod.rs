//! What every platform must hold to, as claims that are tests: one suite for all that stand behind the port.
//!
//! A claim is an async function over a [`World`], which gives it a platform and does what no caller of the
//! port can do: it makes services, lets time pass, decides what becomes of an image. A claim panics where
//! the platform breaks it. [`platform_contract!`](crate::platform_contract) makes a test of every claim.
//!
//! What is claimed is what rollouts are judged by. Wordings, pauses and numbers that AWS does not promise
//! are left open.

pub mod calls;
pub mod definitions;
pub mod failures;
pub mod identity;
pub mod images;
pub mod one_offs;
pub mod polling;
pub mod repositories;
pub mod rollouts;
pub mod scaling;
pub mod scans;
mod scene;
pub mod secrets;
pub mod services;
pub mod stopping;
mod world;

pub use scene::{CLUSTER, definition};
pub use world::{Fate, World};

/// Makes a test of every claim, in a module for each theme. `$world` names an async function without
/// arguments in the scope of the call; it gives a new [`World`] for each test.
///
/// ```text
/// async fn world() -> impl World { .. }
///
/// shipway_plugin::platform_contract!(world);
/// ```
#[macro_export]
macro_rules! platform_contract {
    ($world:ident) => {
        $crate::platform_contract! { @each $world
            identity {
                the_caller_is_of_the_account_that_was_opened
                an_account_that_is_not_configured_is_not_opened
            }
            services {
                a_steady_service_is_described
                the_tasks_of_a_steady_service_run
                a_service_that_does_not_exist_is_none
                a_missing_cluster_is_an_error
                a_missing_service_has_neither_tasks_nor_deployments
            }
            one_offs {
                a_task_beside_a_service_runs_to_its_end_and_leaves_its_exit_code
                said_again_with_its_token_nothing_is_run_a_second_time
                a_token_with_another_content_is_a_conflict
                a_task_is_found_by_the_name_it_was_started_under
                a_task_that_is_stopped_says_why
                a_task_that_does_not_exist_is_none
            }
            definitions {
                members_that_nobody_knows_are_kept
                tags_come_back
                each_registration_is_a_new_revision
                a_definition_is_found_by_arn_revision_and_family
                a_definition_that_does_not_exist_is_none
                the_newest_revisions_come_first_and_no_more_than_asked_for
                what_is_no_definition_is_refused
                a_deregistered_revision_is_listed_no_more_and_still_described
            }
            rollouts {
                an_update_starts_a_deployment_with_a_new_id
                an_update_without_a_difference_starts_none
                a_forced_update_starts_one
                the_desired_count_is_left_alone
                bounds_and_breaker_are_set_and_the_rest_is_kept
                bounds_that_would_block_every_deployment_are_refused
                what_does_not_exist_is_not_updated
                deployments_are_listed_from_a_moment_on_newest_first
                a_revision_names_definition_and_images
                a_rollout_goes_on_to_its_success
                what_serves_afterwards_is_what_was_asked_for
                the_replaced_revision_is_listed_while_it_has_tasks
                a_task_tells_when_it_pulled_and_started_and_was_told_to_stop
                the_scheduler_tells_what_it_does_newest_first
            }
            failures {
                the_breaker_rolls_back_inside_the_same_deployment
                the_service_is_as_it_was_after_a_rollback
                a_container_that_exits_leaves_its_code
                a_task_that_cannot_pull_never_starts
                failures_are_counted
            }
            stopping {
                a_stopped_deployment_goes_back
                what_has_ended_cannot_be_stopped
                what_does_not_exist_cannot_be_stopped
                a_hook_that_does_not_wait_takes_no_answer
                a_newer_update_supersedes_an_older_one
                a_log_stream_that_does_not_exist_has_no_lines
            }
            scaling {
                a_service_without_a_scalable_target_has_none
                nothing_is_suspended_without_a_scalable_target
                all_three_flags_are_set_and_the_limits_stay
            }
            polling {
                a_poll_without_a_deployment_shows_the_service
                a_poll_of_a_missing_service_says_so
                a_deployment_that_ecs_does_not_know_is_none
                many_polls_are_answered_at_once
                the_pace_slows_down_while_nothing_moves
                a_change_brings_the_pace_back
                what_is_seen_to_move_brings_the_pace_back
            }
            repositories {
                the_registry_is_that_of_the_account
                a_login_is_for_the_host_of_the_repositories
                a_repository_is_made_as_wanted
                a_repository_that_is_there_stays_as_it_is
                a_lifecycle_policy_is_set_once
                a_policy_is_replaced
                a_repository_that_does_not_exist_is_none_and_gets_no_policy
            }
            images {
                an_image_is_seen_by_tag_and_digest
                an_image_that_does_not_exist_is_none
                a_tag_is_put_without_pushing
                a_tag_that_may_not_move_is_refused
                the_same_tag_on_the_same_digest_is_a_success
                what_does_not_exist_gets_no_tag
                a_task_runs_the_image_that_its_tag_stands_for
                a_tag_that_is_not_there_cannot_be_pulled
            }
            scans {
                an_image_that_nobody_scanned_has_no_scan
                a_scan_that_was_asked_for_ends_with_what_it_found
                an_image_is_not_scanned_twice_in_a_row
                a_repository_that_scans_on_push_does_so
                what_does_not_exist_is_not_scanned
            }
            secrets {
                a_secret_is_read
                a_secret_that_does_not_exist_is_not_found
                what_the_agent_keeps_itself_is_no_secret_of_a_platform
            }
        }
    };
    (@each $world:ident $($theme:ident { $($claim:ident)* })*) => {
        $(
            mod $theme {
                $(
                    #[tokio::test]
                    async fn $claim() {
                        let world = super::$world().await;
                        $crate::contract::$theme::$claim(&world).await;
                    }
                )*
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    /// A theme and its source.
    macro_rules! theme {
        ($name:literal) => {
            ($name, include_str!(concat!($name, ".rs")))
        };
    }

    #[test]
    fn every_claim_is_made_a_test() {
        let suite = include_str!("mod.rs");
        for (theme, source) in [
            theme!("definitions"),
            theme!("failures"),
            theme!("identity"),
            theme!("images"),
            theme!("polling"),
            theme!("repositories"),
            theme!("rollouts"),
            theme!("scaling"),
            theme!("scans"),
            theme!("secrets"),
            theme!("services"),
            theme!("stopping"),
        ] {
            let listed = suite
                .split_once(&format!("            {theme} {{\n"))
                .and_then(|(_, rest)| rest.split_once('}'))
                .map(|(names, _)| names.split_whitespace().collect::<Vec<_>>())
                .unwrap_or_default();
            let made: Vec<_> = source
                .lines()
                .filter_map(|line| line.strip_prefix("pub async fn ")?.split_once('('))
                .map(|(name, _)| name)
                .collect();
            assert_eq!(listed, made, "claims of {theme}");
        }
    }
}
