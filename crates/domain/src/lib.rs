//! The rules of Shipway: releases, jobs, rollouts, verdicts and findings, and nothing else.
