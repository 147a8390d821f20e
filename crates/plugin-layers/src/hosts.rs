//! What the name of a registry tells of it.

use std::net::IpAddr;

/// Whether two hosts are ECR registries of one Region: a login is good for all that its principal
/// may use there.
pub(crate) fn same_ecr(a: &str, b: &str) -> bool {
    let region = |host: &str| Some(host.split_once(".dkr.ecr.")?.1.to_owned());
    a == b || region(a).is_some_and(|a| a.ends_with(".amazonaws.com") && region(b) == Some(a))
}

pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_shared_only_within_ecr_of_a_region() {
        let ecr = "111111111111.dkr.ecr.eu-west-1.amazonaws.com";
        for (host, same) in [
            (ecr, true),
            ("222222222222.dkr.ecr.eu-west-1.amazonaws.com", true),
            ("222222222222.dkr.ecr.us-east-1.amazonaws.com", false),
            ("evil.dkr.ecr.eu-west-1.amazonaws.com.example.org", false),
            ("docker.io", false),
        ] {
            assert_eq!(same_ecr(host, ecr), same, "{host}");
        }
        assert!(!same_ecr("a.dkr.ecr.evil.org", "b.dkr.ecr.evil.org"));
    }

    #[test]
    fn loopback_is_told_from_the_world() {
        for host in [
            "localhost",
            "localhost:5000",
            "127.0.0.1:80",
            "[::1]:5000",
            "127.9.9.9",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "localhost.example.org",
            "10.0.0.1:5000",
            "docker.io",
            "registry:5000",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
