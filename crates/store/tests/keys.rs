//! The key store: sealing, erasing, and refusing what is not safe.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use basics::Id;
use proptest::prelude::*;
use store::keys::{Entropy, KEY_FILE, KEYS_FILE, KeyError, KeyStore, PersonKey, open, seal};

/// Bytes that differ from call to call and are the same in every run.
fn entropy(seed: u64) -> Entropy {
    let mut state = seed;
    Box::new(move |out: &mut [u8]| {
        for byte in out {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
    })
}

fn store(folder: &Path) -> KeyStore {
    KeyStore::open(folder, entropy(7)).unwrap()
}

fn person(number: u128) -> Id {
    Id::from_u128(number)
}

fn sealed_with(key: &PersonKey) -> Vec<u8> {
    seal(key, "name", person(500), "王小明".as_bytes()).unwrap().ciphertext
}

fn contains(folder: &Path, needle: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[test]
fn a_key_is_made_once_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let (sealed, hash, seed) = {
        let keys = store(folder.path());
        assert!(keys.person_key(person(1)).unwrap().is_none());
        let key = keys.make_person_key(person(1)).unwrap();
        let again = keys.make_person_key(person(1)).unwrap();
        assert_eq!(sealed_with(&key), sealed_with(&again));
        let many = keys.make_many(&[person(2), person(1), person(2)]).unwrap();
        assert_eq!(many.iter().map(PersonKey::person).collect::<Vec<_>>(), [person(2), person(1), person(2)]);
        assert_eq!(sealed_with(&many[1]), sealed_with(&key));
        assert_eq!(sealed_with(&many[0]), sealed_with(&many[2]));
        assert_ne!(sealed_with(&many[0]), sealed_with(&key));
        assert!(keys.make_many(&[]).unwrap().is_empty());
        (sealed_with(&key), keys.keyed_hash("phone", b"138"), keys.signing_seed())
    };
    let keys = KeyStore::open(folder.path(), entropy(99)).unwrap();
    let key = keys.person_key(person(1)).unwrap().unwrap();
    assert_eq!(open(&key, &sealed).unwrap().0.as_slice(), "王小明".as_bytes());
    assert_eq!((keys.keyed_hash("phone", b"138"), keys.signing_seed()), (hash, seed));
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(KEY_FILE), mode(KEYS_FILE)), (0o600, 0o600));
    assert_eq!(format!("{key:?}"), format!("PersonKey({})", person(1)), "a key does not print itself");
}

#[test]
fn hashes_are_apart_by_domain_and_store() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = KeyStore::open(a.path(), entropy(1)).unwrap();
    let two = KeyStore::open(b.path(), entropy(2)).unwrap();
    assert_eq!(one.keyed_hash("phone", b"138"), one.keyed_hash("phone", b"138"));
    assert_ne!(one.keyed_hash("phone", b"138"), one.keyed_hash("phone", b"139"));
    assert_ne!(one.keyed_hash("phone", b"138"), one.keyed_hash("phon", b"e138"));
    assert_ne!(one.keyed_hash("phone", b"138"), two.keyed_hash("phone", b"138"));
    assert_ne!(one.signing_seed(), two.signing_seed());
}

#[test]
fn a_keyed_hash_is_hmac_sha_256() {
    use sha2::{Digest, Sha256};
    let folder = tempfile::tempdir().unwrap();
    let keys = store(folder.path());
    let text = fs::read_to_string(folder.path().join(KEY_FILE)).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("hashing ")).unwrap();
    let mut block = [0u8; 64];
    for (place, byte) in block.iter_mut().take(32).enumerate() {
        *byte = u8::from_str_radix(&line[place * 2..place * 2 + 2], 16).unwrap();
    }
    // RFC 2104, written out.
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let message = [&5u64.to_be_bytes()[..], b"phone", b"138"].concat();
    let inner = Sha256::digest([&pad(0x36)[..], &message].concat());
    let outer = Sha256::digest([&pad(0x5c)[..], &inner].concat());
    assert_eq!(keys.keyed_hash("phone", b"138")[..], outer[..]);
}

#[test]
fn erasing_leaves_nothing_of_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let keys = store(folder.path());
    let persons: Vec<Id> = (0..500).map(person).collect();
    let made = keys.make_many(&persons).unwrap();
    let victim = person(250);
    let sealed = sealed_with(&made[250]);
    let wrapped: Vec<u8> = rusqlite::Connection::open(folder.path().join(KEYS_FILE))
        .unwrap()
        .query_row("SELECT wrapped FROM person_key WHERE person = ?1", [&victim.as_bytes()[..]], |row| row.get(0))
        .unwrap();
    assert!(contains(folder.path(), &wrapped[12..]));
    keys.destroy(victim).unwrap();
    assert!(!contains(folder.path(), &wrapped[12..]), "the wrapped key is still in a file");
    assert!(!contains(folder.path(), &wrapped[12..28]));
    assert!(keys.is_destroyed(victim).unwrap() && !keys.is_destroyed(person(1)).unwrap());
    assert!(keys.person_key(victim).unwrap().is_none());
    assert!(matches!(keys.make_person_key(victim), Err(KeyError::Destroyed(id)) if id == victim));
    keys.destroy(victim).unwrap();
    keys.destroy(person(9_999)).unwrap();
    assert!(matches!(keys.make_many(&[person(1), person(9_999)]), Err(KeyError::Destroyed(_))));
    for other in [0, 249, 251, 499] {
        let key = keys.person_key(person(other)).unwrap().unwrap();
        assert!(open(&key, &sealed_with(&made[other as usize])).is_ok());
        assert!(open(&key, &sealed).is_err());
    }
}

#[test]
fn a_destruction_cut_off_is_finished_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(KEYS_FILE);
    store(folder.path()).make_person_key(person(1)).unwrap();
    let bare = rusqlite::Connection::open(&path).unwrap();
    let wrapped: Vec<u8> = bare.query_row("SELECT wrapped FROM person_key", [], |row| row.get(0)).unwrap();
    bare.execute_batch("UPDATE person_key SET wrapped = NULL; INSERT INTO state VALUES ('destroying', x'01')").unwrap();
    drop(bare);
    let keys = store(folder.path());
    assert!(!contains(folder.path(), &wrapped[12..]));
    assert!(keys.is_destroyed(person(1)).unwrap());
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let path = folder.path().join(KEY_FILE);
    for mode in [0o644, 0o640, 0o604, 0o660] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = KeyStore::open(folder.path(), entropy(1)).err().unwrap();
        assert!(matches!(error, KeyError::Exposed { .. }));
        assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())), "{error}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    store(folder.path());
}

#[test]
fn missing_and_foreign_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    store(folder.path()).make_person_key(person(1)).unwrap();
    KeyStore::open(other.path(), entropy(8)).unwrap();
    let (key, keys) = (folder.path().join(KEY_FILE), folder.path().join(KEYS_FILE));
    let good = fs::read_to_string(&key).unwrap();
    let error = || KeyStore::open(folder.path(), entropy(1)).err().unwrap();

    fs::remove_file(&key).unwrap();
    assert!(matches!(error(), KeyError::NoKeyFile(_)));
    assert!(!key.exists(), "no new secrets are made beside old keys");

    fs::copy(other.path().join(KEY_FILE), &key).unwrap();
    assert!(matches!(error(), KeyError::Mismatch(_)));

    for wrong in [String::new(), "x".repeat(300), good.replace("hashing ", "hashing 0"), good[..100].to_owned()] {
        fs::write(&key, wrong).unwrap();
        assert!(matches!(error(), KeyError::Damaged { .. }));
    }
    fs::write(&key, &good).unwrap();
    store(folder.path());

    let kept = fs::read(&keys).unwrap();
    fs::remove_file(&keys).unwrap();
    assert!(matches!(error(), KeyError::NoKeys(_)));
    assert!(!keys.exists());
    fs::write(&keys, "no database at all, but long enough to look at twice").unwrap();
    assert!(matches!(error(), KeyError::Damaged { .. }));
    fs::write(&keys, kept).unwrap();
    rusqlite::Connection::open(&keys).unwrap().execute_batch("PRAGMA user_version = 9").unwrap();
    assert!(matches!(error(), KeyError::Newer { found: 9, known: 1 }));
    assert!(matches!(KeyStore::open(folder.path().join("missing"), entropy(1)), Err(KeyError::Io(_))));
}

#[test]
fn a_first_start_that_was_cut_off_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let zero: Entropy = Box::new(|out: &mut [u8]| out.fill(0));
    assert!(KeyStore::open(folder.path(), zero).is_err(), "zeros are no entropy");
    assert!(folder.path().join(KEYS_FILE).exists() && !folder.path().join(KEY_FILE).exists());
    fs::write(folder.path().join("institution.key.new"), "half a fi").unwrap();
    store(folder.path()).make_person_key(person(1)).unwrap();
    assert!(!folder.path().join("institution.key.new").exists());
    assert!(store(folder.path()).person_key(person(1)).unwrap().is_some());
}

#[test]
fn a_wrapped_key_put_in_anothers_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let keys = store(folder.path());
    keys.make_many(&[person(1), person(2)]).unwrap();
    let bare = rusqlite::Connection::open(folder.path().join(KEYS_FILE)).unwrap();
    bare.execute_batch("UPDATE person_key SET wrapped = (SELECT wrapped FROM person_key ORDER BY person DESC LIMIT 1)")
        .unwrap();
    assert!(matches!(keys.person_key(person(1)), Err(KeyError::Damaged { .. })));
    assert!(keys.person_key(person(2)).unwrap().is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_sealed_opens_to_the_same(text in any::<Vec<u8>>(), field in ".{0,12}", command: u128) {
        let folder = tempfile::tempdir().unwrap();
        let keys = store(folder.path());
        let made = keys.make_many(&[person(1), person(2)]).unwrap();
        let sealed = seal(&made[0], &field, person(command), &text).unwrap();
        prop_assert_eq!(&sealed, &seal(&made[0], &field, person(command), &text).unwrap());
        let (plain, commitment) = open(&made[0], &sealed.ciphertext).unwrap();
        prop_assert_eq!(plain.as_slice(), &text[..]);
        prop_assert_eq!(commitment, sealed.commitment);
        prop_assert!(open(&made[1], &sealed.ciphertext).is_err());
        let elsewhere = seal(&made[0], &field, person(command ^ 1), &text).unwrap();
        prop_assert_ne!(elsewhere.commitment, sealed.commitment);
        let other_field = seal(&made[0], &format!("{field}x"), person(command), &text).unwrap();
        prop_assert_ne!(other_field.commitment, sealed.commitment);
        for place in [0, 5, 14, sealed.ciphertext.len() - 1] {
            let mut altered = sealed.ciphertext.clone();
            altered[place] ^= 1;
            prop_assert!(open(&made[0], &altered).is_err());
        }
        prop_assert!(open(&made[0], &sealed.ciphertext[..sealed.ciphertext.len() / 2]).is_err());
        prop_assert!(open(&made[0], &text).is_err());
    }
}
