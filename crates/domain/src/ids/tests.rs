//! Names and numbers: what is taken, what is refused, and how each is written.

use super::{
    AccountId, AppName, ClusterName, Digest, ReleaseId, RepositoryName, ServiceName, Target,
};

#[test]
fn slugs_begin_with_a_letter_and_have_no_others_than_theirs() {
    for good in ["a", "web", "a1-b", &"a".repeat(64)] {
        assert!(AppName::new(good).is_ok(), "{good}");
    }
    for bad in ["", "1a", "-a", "Web", "we_b", "a.b", &"a".repeat(65)] {
        assert!(AppName::new(bad).is_err(), "{bad}");
    }
}

#[test]
fn names_of_ecs_have_letters_digits_hyphens_and_underscores() {
    for good in ["Main", "a-b_c", "0", &"x".repeat(255)] {
        assert!(
            ClusterName::new(good).is_ok() && ServiceName::new(good).is_ok(),
            "{good}"
        );
    }
    for bad in ["", "a.b", "a/b", "a b", "é", &"x".repeat(256)] {
        assert!(
            ClusterName::new(bad).is_err() && ServiceName::new(bad).is_err(),
            "{bad}"
        );
    }
    for bad in ["11111111111", "1111111111111", "11111111111a"] {
        assert!(AccountId::new(bad).is_err(), "{bad}");
    }
    for bad in ["a", "/a", "a//b", "-a", "a-", "A/b"] {
        assert!(RepositoryName::new(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_digest_is_its_bytes_and_its_text() {
    let sum: [u8; 32] = std::array::from_fn(|n| u8::try_from(n * 7 % 256).expect("a byte"));
    let digest = Digest::from_sha256(sum);
    assert_eq!(digest.sha256(), sum);
    assert_eq!(digest.hex().len(), 64);
    assert_eq!(&digest.hex()[..8], "00070e15");
    assert_eq!(digest.short(), "sha256:0007…d9");
    let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Digest::of(b"").as_str(), empty);
    assert_eq!(
        Digest::new(empty).map(|digest| digest.sha256()[0]),
        Ok(0xe3)
    );
}

#[test]
fn release_ids_are_short_texts_and_come_back_from_them() {
    for (number, text) in [
        (0, "1000"),
        (1, "1001"),
        (31, "100z"),
        (32, "1010"),
        (1 << 40, "100001000"),
    ] {
        assert_eq!(ReleaseId::from_number(number).to_string(), text);
        assert_eq!(text.parse(), Ok(ReleaseId::from_number(number)));
        assert_eq!(
            text.to_uppercase().parse(),
            Ok(ReleaseId::from_number(number))
        );
    }
    for bad in ["", "100", "0zzz", "100i", "10 0", &"1".repeat(13)] {
        assert!(bad.parse::<ReleaseId>().is_err(), "{bad}");
    }
}

#[test]
fn a_target_is_read_as_it_is_shown_and_with_slashes() {
    let target: Target = "111122223333/eu-west-1/main/web".parse().expect("a target");
    assert_eq!(target.to_string(), "111122223333/eu-west-1 main/web");
    assert_eq!(target.to_string().parse(), Ok(target));
    for (bad, why) in [
        ("web", "has 1 parts"),
        ("1/eu-west-1/main/web", "account id"),
        ("111122223333/europe/main/web", "region"),
        ("111122223333/eu-west-1/a.b/web", "cluster name"),
        ("111122223333/eu-west-1/main/", "service name"),
    ] {
        let error = bad
            .parse::<Target>()
            .expect_err("it is refused")
            .to_string();
        assert!(
            error.contains(why) && error.contains("ACCOUNT/REGION/CLUSTER/SERVICE"),
            "{error}"
        );
    }
}
