//! Contents, names and answers from property tests and from a fuzzer: whatever they are, the machine stays sane.
//!
//! `tests/fuzz/` is the fuzzer's target; the findings to keep lie in its `corpus` and are tried again here.

#[allow(missing_docs, unreachable_pub)]
mod absurd;

use std::{fs, path::Path};

use lockhost_machine::{
    call::Next,
    machine::{Machine, outcome::Cause},
    names::{Identity, LARGEST_PID, Name, Names, content_of, is_lock_name, parse_pid},
};
use proptest::{collection::vec, prelude::*};

const LOCK: &str = "tinyforge.lock";

#[test]
fn what_the_fuzzer_kept_is_still_answered_in_order() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let (mut inputs, mut owners) = (0, 0);
    for file in fs::read_dir(corpus).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        owners += usize::from(absurd::attempt(&bytes).owned);
        let _ = absurd::inspection(&bytes);
        inputs += 1;
    }
    assert!(
        inputs > 50 && owners > 0,
        "{inputs} inputs, {owners} owners"
    );
    println!("{inputs} inputs, {owners} owners");
}

#[test]
fn an_attempt_ends_though_each_listing_has_several_parts() {
    let _ = absurd::attempt(&[2, 200, 132, 140]);
}

#[test]
fn a_name_that_is_none_for_a_lock_asks_for_nothing() {
    for name in ["", "x", "../a.lock", "a.lock/b"] {
        let mut machine = Machine::new(name.to_owned(), None);
        let Next::End(Err(error)) = machine.start(0) else {
            panic!("{name} is taken for a lock's");
        };
        assert!(matches!(error.cause, Cause::BadName), "{error:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_answered_an_attempt_ends_and_owns_only_its_own(
        bytes in vec(any::<u8>(), 0..300)
    ) {
        let _ = absurd::attempt(&bytes);
        let _ = absurd::inspection(&bytes);
    }

    #[test]
    fn bytes_are_a_pid_exactly_where_the_standard_library_reads_one(
        content in prop_oneof![
            vec(any::<u8>(), 0..70),
            "[ \t\r\n\u{85}\u{a0}\u{1680}\u{2003}\u{2028}\u{3000}]{0,3}[+-]?[0-9]{0,12}[ \t\r\n\u{a0}\u{205f}]{0,3}"
                .prop_map(String::into_bytes),
            "\\PC{0,30}".prop_map(String::into_bytes),
        ]
    ) {
        // As the original, whose language trims and reads numbers in the same way.
        let read = std::str::from_utf8(&content).ok().and_then(|text| text.trim().parse::<i64>().ok());
        let pid = read.and_then(|pid| u32::try_from(pid).ok());
        prop_assert_eq!(parse_pid(&content), pid.filter(|pid| (1..=LARGEST_PID).contains(pid)));
    }

    #[test]
    fn a_pid_that_is_written_is_read_back(pid in 1..=LARGEST_PID) {
        prop_assert_eq!(parse_pid(content_of(pid).as_bytes()), Some(pid));
    }

    #[test]
    fn a_file_is_a_claim_exactly_if_its_name_is_of_an_identity(
        text in prop_oneof!["[0-9]{0,5}-?[a-z]?[a-z0-9-]{0,140}", "\\PC{0,20}", any::<String>()]
    ) {
        let names = Names::new(LOCK.to_owned());
        let file = format!("{LOCK}.{text}");
        let claimant = names.claimant(&file);
        prop_assert_eq!(claimant, Identity::new(&text));
        if let Some(identity) = claimant {
            prop_assert_eq!(identity.as_str(), text.as_str());
            prop_assert_eq!(names.file(&Name::Claim(identity)), file.as_str());
            prop_assert!(text.len() <= 128 && !file.contains(['/', '\\', '\0']));
            // Neither a lock file nor a reclaim lock of its own.
            prop_assert!(!is_lock_name(&file));
        }
    }

    #[test]
    fn a_locks_name_leads_out_of_no_directory(name in any::<String>()) {
        let names = [name.clone(), format!("{name}.lock"), format!("{name}.pid")];
        for name in names.into_iter().filter(|name| is_lock_name(name)) {
            let path = Path::new(&name);
            prop_assert_eq!(path.file_name(), Some(name.as_ref()));
            prop_assert_eq!(path.components().count(), 1);
        }
    }
}
